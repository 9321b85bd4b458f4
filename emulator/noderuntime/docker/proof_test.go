package docker

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/noderuntime"
)

func TestOnlyWhatWasSignedIsProved(t *testing.T) {
	own := noderuntime.NewSecret()
	asked := map[[2]string]bool{}
	secrets := secretsOf(func(testbed, run string) []noderuntime.Secret {
		asked[[2]string{testbed, run}] = true
		return []noderuntime.Secret{{}, noderuntime.NewSecret(), own}
	})
	launch := newLaunch()
	good := func() container.Summary {
		s := noderuntime.Spec{Testbed: "bed", Node: "n.0", Run: "r", Secret: own}
		return container.Summary{Names: []string{"/another/alias", "/" + containerName("bed", "n.0")},
			Labels: labels(s, launch.String()), Created: time.Now().Unix()}
	}
	if !secrets.prove(good()) {
		t.Fatal("what was signed is not proved")
	}
	if secretsOf(noSecrets).prove(good()) {
		t.Error("proved without a secret")
	}
	set := func(label, value string) func(*container.Summary) {
		return func(c *container.Summary) { c.Labels[label] = value }
	}
	late := launch
	late.begun = late.begun.Add(-2 * longestLaunch)
	for name, change := range map[string]func(*container.Summary){
		"another name":             func(c *container.Summary) { c.Names = []string{"/tb-bed.n.2e1"} },
		"the name as an alias":     func(c *container.Summary) { c.Names = []string{"/x/" + containerName("bed", "n.0")} },
		"no name":                  func(c *container.Summary) { c.Names = nil },
		"another testbed":          set(LabelTestbed, "bed2"),
		"another node":             set(LabelNode, "n1"),
		"another run":              set(LabelRun, "r2"),
		"another launch":           set(labelLaunch, newLaunch().String()),
		"no launch":                set(labelLaunch, "x"),
		"no signature":             set(labelProof, ""),
		"no hexadecimal signature": set(labelProof, strings.Repeat("x", 64)),
		"made much later":          func(c *container.Summary) { c.Created += int64(2 * longestLaunch / time.Second) },
		"no labels":                func(c *container.Summary) { c.Labels = nil },
	} {
		c := good()
		c.Labels = maps.Clone(c.Labels)
		change(&c)
		if secrets.prove(c) {
			t.Errorf("%s: proved", name)
		}
	}
	// Nothing is asked for about names that testbed would not give, even where all else is right.
	clear(asked)
	for _, bad := range []noderuntime.Spec{
		{Testbed: "../x", Node: "n"}, {Testbed: "", Node: "n"}, {Testbed: "a.b", Node: "n"}, {Testbed: "a", Node: ".."},
		{Testbed: "a", Node: ""}, {Testbed: "a", Node: "x/y"}, {Testbed: "a", Node: strings.Repeat("n", 64)},
		{Testbed: "a", Node: "n", Run: strings.Repeat("r", longestRun+1)},
	} {
		bad.Secret = own
		name := "/" + containerName(bad.Testbed, bad.Node)
		if secrets.prove(container.Summary{Names: []string{name}, Labels: labels(bad, launch.String())}) {
			t.Errorf("%q of %q is proved", bad.Node, bad.Testbed)
		}
	}
	if len(asked) > 0 {
		t.Errorf("secrets were asked for of %v", asked)
	}
}

func TestVolumesOfImages(t *testing.T) {
	good := map[string]struct{}{"/data/": {}, "/data": {}, "/tmp": {}, "/etc": {}, "/device": {}}
	got, err := checkVolumes("i", good, []string{"/dir"})
	if err != nil || strings.Join(got, " ") != "/data /device /etc /tmp" {
		t.Errorf("%q, %v", got, err)
	}
	many := map[string]struct{}{}
	for i := range maxVolumes + 1 {
		many["/v"+strings.Repeat("v", i)] = struct{}{}
	}
	for name, declared := range map[string]map[string]struct{}{
		"root": {"/": {}}, "dots": {"/x/..": {}}, "relative": {"data": {}}, "empty": {"": {}},
		"proc": {"/proc/x": {}}, "sys": {"/sys": {}}, "dev": {"/dev/shm": {}},
		"the binary's": {"/testbed": {}}, "hosts": {"/etc/hosts": {}}, "the node's directory": {"/dir": {}}, "many": many,
	} {
		got, err := checkVolumes("i", declared, []string{"/dir"})
		if err == nil || !strings.Contains(err.Error(), "the image i") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
