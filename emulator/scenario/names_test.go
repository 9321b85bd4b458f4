package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

// Every host's name is one that other nodes' resolvers find, and find one node for.
func TestNamesThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct{ nodes, cloud, want string }{
		"number": {"'2': {}", "", `f:4:5: topology.nodes.2: the name is read as an address, and so never looked up; ` +
			`put a letter before it, as in n2`},
		"plain number": {"2: {}", "", `f:4:5: topology.nodes.2: the name is read as an address`},
		"octal":        {"'010': {}", "", `f:4:5: topology.nodes.010: the name is read as an address`},
		"hexadecimal":  {"'0x10': {}", "", `f:4:5: topology.nodes.0x10: the name is read as an address`},
		"loopback":     {"LOCALHOST: {}", "", `f:4:5: topology.nodes.LOCALHOST: the name "LOCALHOST" is taken`},
		"its IPv6": {"ip6-localhost: {}", "",
			`f:4:5: topology.nodes.ip6-localhost: the name "ip6-localhost" is taken`},
		"switch": {"Localhost: {kind: switch}", "", `topology.nodes.Localhost: the name "Localhost" is taken`},
		"hosts":  {"hosts: {kind: switch}", "", `the name "hosts" is taken`},
		"cloud":  {"cloud: {}", "cloud: {}\n", `f:4:5: topology.nodes.cloud: the name "cloud" is taken`},
		"capital cloud": {"Cloud: {}", "cloud: {}\n",
			`f:4:5: topology.nodes.Cloud: the name differs from cloud in case only`},
		"two cases": {"sw: {kind: switch}\n    SW: {kind: exchange}", "",
			`f:5:5: topology.nodes.SW: the name differs from sw in case only`},
		"without a cloud": {"Cloud: {}", "", ""},
		"number's switch": {"2: {kind: switch}", "", ""},
	} {
		text := "name: x\ntopology:\n  nodes:\n    " + c.nodes + "\n    a: {}\n" + c.cloud
		_, err := Parse([]byte(text), "f", builtin.Catalogue())
		switch {
		case c.want == "" && err != nil && strings.Contains(err.Error(), "the name"):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		case c.want != "" && strings.Count(err.Error(), "the name") != 1:
			t.Errorf("%s: it is said twice: %v", name, err)
		}
	}
}

// Names that files bring are held against the rest of the scenario.
func TestNamesOfFiles(t *testing.T) {
	dir := t.TempDir()
	for suffix, text := range map[string]string{
		"nodes": "0;Cloud;1000000;1000;x;y;rpi3b+\n1;b;1000000;1000;x;y;server\n", "links": "0;100;l;node\n",
		"edges": "Cloud l\nl Cloud b\nb l\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "net."+suffix), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "s.yaml")
	load := func(text string) error {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file, builtin.Catalogue())
		return err
	}
	if err := load("name: x\ntopology: {ether: net}\n"); err != nil {
		t.Errorf("without a cloud: %v", err)
	}
	err := load("name: x\ntopology: {ether: net}\ncloud: {}\n")
	var one *Error
	cloud := "differs from Cloud (" + filepath.Join(dir, "net.nodes") + ":1)"
	if !errors.As(err, &one) || one.Line != 3 || !strings.Contains(one.Message, cloud) {
		t.Errorf("beside a cloud: %v", err)
	}
	if s, err := Parse([]byte("name: x\ntopology: {ether: net}\ncloud: {}\n"), file, builtin.Catalogue()); err != nil {
		t.Error(err)
	} else if _, err := s.Topology(); err == nil || !strings.Contains(err.Error(), "differs from Cloud") {
		t.Errorf("as it is built: %v", err)
	}
}
