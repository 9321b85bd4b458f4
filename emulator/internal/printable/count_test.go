package printable

import "testing"

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n    int
		noun string
		want string
	}{
		{1, "node", "1 node"}, {0, "node", "0 nodes"}, {2, "shared medium or link", "2 shared medium or links"},
		{1, "repository", "1 repository"}, {3, "repository", "3 repositories"}, {2, "day", "2 days"},
		{2, "switch", "2 switches"}, {1, "switch", "1 switch"}, {2, "pass", "2 passes"},
		{1 << 40, "packet", "1099511627776 packets"},
		{-1, "link", "-1 links"}, {2, "echo", "2 echoes"},
	} {
		if got := Count(c.n, c.noun); got != c.want {
			t.Errorf("%d of %q: %q, want %q", c.n, c.noun, got, c.want)
		}
	}
}

func TestCountsWithVerbs(t *testing.T) {
	for n, want := range map[int][2]string{0: {"there are 0 jobs", "0 jobs do"}, 1: {"there is 1 job", "1 job does"},
		2: {"there are 2 jobs", "2 jobs do"}} {
		if got := [2]string{There(n, "job"), Counted(n, "job", "does", "do")}; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
