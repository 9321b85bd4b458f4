package noderuntime

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckSpecs(t *testing.T) {
	fine := func(Spec) error { return nil }
	good := Spec{Testbed: "a", Node: "n", Dir: "rel", Args: []string{"x"}}
	specs, err := CheckSpecs([]Spec{good, {Testbed: "a-b", Node: "n", Dir: "/d", HostsAt: "hosts"}}, fine)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(specs[0].Dir, "/") || specs[0].HostsAt != "" || !strings.HasPrefix(specs[1].HostsAt, "/") {
		t.Errorf("paths are not absolute: %+v", specs)
	}
	for name, change := range map[string]func(*Spec){
		"no testbed":        func(s *Spec) { s.Testbed = "" },
		"dot in testbed":    func(s *Spec) { s.Testbed = "a.b" },
		"no node":           func(s *Spec) { s.Node = "" },
		"slash in node":     func(s *Spec) { s.Node = "../x" },
		"long host name":    func(s *Spec) { s.Node = strings.Repeat("n", 65) },
		"newline in node":   func(s *Spec) { s.Node = "a\nb" },
		"long directory":    func(s *Spec) { s.Dir = "/" + strings.Repeat("d", 103) },
		"no directory":      func(s *Spec) { s.Dir = "" },
		"zero in arguments": func(s *Spec) { s.Args = []string{"a\x00b"} },
	} {
		bad := good
		change(&bad)
		if _, err := CheckSpecs([]Spec{bad}, fine); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: got %v, want ErrSpec", name, err)
		}
	}
	if _, err := CheckSpecs([]Spec{good, good}, fine); !errors.Is(err, ErrSpec) {
		t.Errorf("the same node twice: %v", err)
	}
	without := Spec{Testbed: "a", Node: "n", Dir: "/" + strings.Repeat("d", 200)} // no agent, no socket
	if _, err := CheckSpecs([]Spec{without}, fine); err != nil {
		t.Error(err)
	}
	longest := good
	longest.Dir = "/" + strings.Repeat("d", 102)
	if _, err := CheckSpecs([]Spec{longest}, fine); err != nil {
		t.Error(err)
	}
	refused := errors.New("refused")
	if _, err := CheckSpecs([]Spec{good}, func(Spec) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("the runtime's own objection is lost: %v", err)
	}
}
