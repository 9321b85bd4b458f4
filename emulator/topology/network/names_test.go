package network

import (
	"strings"
	"testing"

	"testbed/emulator/topology"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 80)
	n := namer{} // one for all of the table
	for _, c := range []struct{ text, want string }{
		{"New York", "New-York"}, {"New York", "New-York-2"}, {"NEW-YORK", "NEW-YORK-3"}, {"Zürich", "Zurich"},
		{"Łódź (PL)", "Lodz-PL"}, {"東京", "node"}, {"", "node-2"}, {"42", "n42"}, {"localhost", "localhost-2"},
		{"-x-", "x"}, {"St. John's", "St-John-s"}, {long, long[:63]}, {long, long[:61] + "-2"},
	} {
		got := n.fit(c.text, "node", topology.Host)
		if got != c.want || topology.NameProblem(got, topology.Host) != "" {
			t.Errorf("%q is called %q, not %q", c.text, got, c.want)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("Zürich", "ZURICH")
	f.Add("0x7f", strings.Repeat("ß-", 70))
	f.Fuzz(func(t *testing.T, a, b string) {
		n := namer{}
		one, two := n.fit(a, "node", topology.Host), n.fit(b, "node", topology.Host)
		if strings.EqualFold(one, two) || topology.NameProblem(one, topology.Host) != "" ||
			topology.NameProblem(two, topology.Host) != "" {
			t.Errorf("%q and %q are called %q and %q", a, b, one, two)
		}
	})
}
