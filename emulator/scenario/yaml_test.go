package scenario_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

const network = `topology:
  nodes: {a: {class: pi}, b: {}, sw: {kind: switch}}
  links: [{endpoints: [a, sw]}, {endpoints: [b, sw]}]
`

// edited is the network with one thing in it replaced.
func edited(from, to string) string { return strings.Replace(network, from, to, 1) }

// What YAML 1.2 allows beside the keys is read: directives, keys of the author's own, anchors, merge keys.
func TestYAMLIsRead(t *testing.T) {
	schema := compileSchema(t)
	rename := func(to string) string { return strings.NewReplacer("switch", "switch", "sw", to).Replace(network) }
	for name, text := range map[string]string{
		"version 1.2":    "%YAML 1.2\n---\nname: x\n" + network,
		"version 1.1":    "%YAML 1.1\n---\nname: x\n" + network,
		"with a comment": "# mine\n\n%YAML 1.2 # so\n---\nname: x\n" + network,
		"two directives": "%YAML 1.2\n%FORMAT 7 a\n---\nname: x\n" + network + "...\n",
		"a tag":          "%YAML 1.2\r\n%TAG !e! tag:example.org,2026:\r\n---\nname: x\n" + network,
		"a mark":         "\ufeff%YAML 1.2\n---\nname: x\n" + network,
		"extension":      "x-note: {any: [thing]}\nname: x\n" + network,
		"everywhere": "name: x\nx-a: 1\n" + edited("{class: pi}", "{class: pi, x-rack: 7}") +
			"replay: {x-b: [], arrival: {kind: sequential, x-c: null}}\n",
		"in a link":   "name: x\n" + edited("[a, sw]}", "[a, sw], x-cable: red, rate: {up: 1Mbps, x-why: 1}}"),
		"in an event": "name: x\n" + network + "events: [{at: 1s, link: a-sw, down, x-note: why}]\n",
		"anchors in one": "x-access: &access {rate: 10Mbps, delay: 2ms}\nname: x\n" +
			edited("{endpoints: [a, sw]}", "{<<: *access, endpoints: [a, sw]}"),
		"list of merges": "x-a: &a {rate: 10Mbps}\nx-b: &b {loss: 1%, x-c: 1}\nname: x\n" +
			edited("{endpoints: [a, sw]}", "{<<: [*a, *b], rate: 1Mbps, endpoints: [a, sw]}"),
		"merge of a merge": "x-a: &a {rate: 10Mbps}\nx-b: &b {<<: *a, loss: 1%}\nname: x\n" +
			edited("{endpoints: [a, sw]}", "{<<: *b, endpoints: [a, sw]}"),
		"merged nodes":      "x-n: &n {c: {kind: switch}}\nname: x\n" + edited("{a: {class", "{<<: *n, a: {class"),
		"a node called x-1": "name: x\n" + rename("x-1"),
		"numbers as names": "name: x\n" + rename("7") +
			"cloud: {at: 7}\nevents: [{at: 1s, node: 7, down}, {at: 2s, node: [7, a], up}]\n",
		"octal names": "name: x\n" + rename("010"),
	} {
		s, err := scenario.Parse([]byte(text), "f", builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(s.File.Topology.Nodes) < 3 || len(s.File.Topology.Links) != 2 {
			t.Errorf("%s: %+v", name, s.File.Topology)
		}
		roundTrip(t, s)
		begins := strings.HasPrefix(text, "%") || strings.Contains(text, "\n%") || strings.HasPrefix(text, "\ufeff")
		if begins || strings.Contains(name, "names") {
			continue // not for the library that the schema's test reads with
		}
		if err := bySchema(schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a mapping gives itself comes before what it merges.
func TestMergedKeysAreOverridden(t *testing.T) {
	over := edited("{endpoints: [a, sw]}", "{<<: *a, rate: 1Mbps, endpoints: [a, sw]}")
	text := "x-a: &a {rate: 10Mbps, loss: 2%}\nname: x\n" + over
	merged, err := scenario.Parse([]byte(text), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if l := merged.File.Topology.Links[0]; *l.Rate.Up != 1e6 || *l.Loss.Up != 0.02 {
		t.Errorf("merged: %+v", l.Properties)
	}
}

// Other versions of YAML and keys that only look like the author's own are errors.
func TestYAMLThatIsRefused(t *testing.T) {
	for text, line := range map[string]int{
		"%YAML 2.0\n---\nname: x\n" + network: 1, "name: x\nx_note: 1\n" + network: 2,
		"name: x\nX-note: 1\n" + network: 2,
	} {
		var one *scenario.Error
		if _, err := scenario.Parse([]byte(text), "f", builtin.Catalogue()); !errors.As(err, &one) || one.Line != line {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A slip gives its own error and none that follows from it.
func TestOnlyTheTrueError(t *testing.T) {
	base := "name: x\n" + network + "cloud: {at: sw}\nmodels: [external, in-client]\nworkload: {clients: [pi]}\n" +
		"classes: {cloud: {loss: 1%}}\n" +
		"events: [{at: 1s, link: a-sw, set: {rate: {up: 1Mbps, down: 2Mbps}}}, {at: 1s, node: a, down}]\n"
	if _, err := scenario.Parse([]byte(base), "f", builtin.Catalogue()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"link type": {"{endpoints: [a, sw]}", "{name: a-sw, type: wifi, endpoints: [a, b, sw], rate: {up: 1Mbps}}",
			`"wifi" is unknown`},
		"link type's queue":   {"{endpoints: [a, sw]}", "{type: shard, endpoints: [a, sw]}", `"shard" is unknown`},
		"node kind":           {"sw: {kind: switch}", "sw: {kind: router}", `"router" is unknown`},
		"class of a node":     {"class: pi", "clss: pi", `unknown key "clss"`},
		"class's value":       {"class: pi", "class: [pi]", "a list where a text belongs"},
		"cloud":               {"cloud: {at", "clowd: {at", `unknown key "clowd"`},
		"cloud.at":            {"{at: sw}", "{at: [sw]}", "a list where a text belongs"},
		"in the cloud":        {"{at: sw}", "{at: sw, rate: fast}", `"fast" is not a rate`},
		"endpoint":            {"[a, sw]", "[[a], sw]", "a list where a text belongs"},
		"endpoints":           {"{endpoints: [a, sw]}", "{endpoint: [a, sw]}", `unknown key "endpoint"`},
		"no such node":        {"[a, sw]", "[1, sw]", `there is no node "1"`},
		"a link's rate":       {"[a, sw]", "[a, sw], rate: fast", `"fast" is not a rate`},
		"links":               {"links:", "link:", `unknown key "link"`},
		"nodes":               {"nodes:", "node:", `unknown key "node"`},
		"topology":            {"topology:", "topologie:", `unknown key "topologie"`},
		"event's link":        {"link: a-sw", "link: {a: b}", "a mapping"},
		"a host of a number":  {"a: {class: pi}", "1: {class: pi}", ""},
		"workload":            {"clients: [pi]", "clients: [pie]", `"pie"`},
		"links and then more": {"{endpoints: [b, sw]}", "{endpoints: [b, sw], nam: x}", `unknown key "nam"`},
	} {
		text := strings.Replace(base, c.from, c.to, 1)
		if text == base {
			t.Fatalf("%s changes nothing", name)
		}
		if c.want == "" {
			c.want = "read as an address"
			text = strings.ReplaceAll(text, "[a, sw]", "[1, sw]")
			text = strings.ReplaceAll(strings.ReplaceAll(text, "a-sw", "1-sw"), "node: a,", "node: 1,")
		}
		_, err := scenario.Parse([]byte(text), "f", builtin.Catalogue())
		var all scenario.Errors
		if !errors.As(err, &all) || len(all) != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %s alone:\n%v", name, c.want, err)
		}
	}
}

// The limit of a file's size is told with the limit.
func TestTooLarge(t *testing.T) {
	file := t.TempDir() + "/f.yaml"
	if err := os.WriteFile(file, []byte("name: x\n#"+strings.Repeat(" ", scenario.MaxSize)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := scenario.Load(file, builtin.Catalogue())
	if err == nil || !strings.Contains(err.Error(), "larger than 16777216 bytes") {
		t.Errorf("%v", err)
	}
}
