package ether

import (
	"strings"
	"testing"
)

// Names that no node can have are refused with their lines, in whichever file they stand first.
func TestNamesThatCannotBeUsed(t *testing.T) {
	rename := func(from, to string) [3]string {
		r := strings.NewReplacer(from, to)
		return [3]string{r.Replace(nodes), r.Replace(links), r.Replace(edges)}
	}
	long := strings.Repeat("n", 70)
	for _, c := range []struct {
		files [3]string
		want  string
	}{
		{rename("srv_0", "PI_0"), `small.nodes:2: "PI_0": the name differs from pi_0 (dir/small.nodes:1) in case only`},
		{rename("srv_0", "2"), `small.nodes:2: "2": the name is read as an address`},
		{rename("srv_0", "LocalHost"), `small.nodes:2: "LocalHost": the name "LocalHost" is taken`},
		{rename("srv_0", "-x"), `small.nodes:2: "-x": the name begins with '-'`},
		{rename("srv_0", "*"), `small.nodes:2: "*": the name contains '*'`},
		{rename("srv_0", long), `small.nodes:2: "nnnnnnnnnnnnnnnn...": the name has 70 letters`},
		{rename("internet_x", "internet_x!"), `small.edges:`},
		{rename("internet_x", "Pi_0"), `differs from pi_0 (dir/small.nodes:1) in case only`},
		{rename("air", "a*r"), `small.links:2: "a*r": the name contains '*'`},
	} {
		_, err := parse(c.files[0], c.files[1], c.files[2])
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "; ") {
			t.Errorf("want %q, got %v", c.want, err)
		} else if strings.Contains(err.Error(), "small.edges: ") {
			t.Errorf("it is said at no line as well: %v", err)
		}
	}
}
