package scenario_test

import (
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

func TestImageOf(t *testing.T) {
	s, network := build(t, `name: x
topology:
  nodes:
    a: {class: pi, model: rpi4}
    b: {class: pi, image: own:1}
    c: {class: nuc, model: rpi4, image: own:2, agent: false}
    d: {model: rpi4}
    e: {}
    s: {kind: switch}
  links:
    - {name: net, type: shared, endpoints: [a, b, c, d, e, s]}
cloud: {at: s}
images: {rpi4: {image: model:1, agent: false}, pi: {image: class:1}, e: {image: name:1}, cloud: {image: store:1}}
`)
	for name, want := range map[string]string{
		"a": "class:1 true", "b": "own:1 true", "c": "own:2 false", "d": "model:1 false", "e": "name:1 true",
		"cloud": "store:1 true", "s": " false",
	} {
		v := vertex(t, network, name)
		image, agent := s.ImageOf(&v)
		if got := image + map[bool]string{true: " true", false: " false"}[agent]; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := names(network, s.Agentless(network)); got != "c d" {
		t.Errorf("without agent: %s", got)
	}
	if got := names(network, s.Clients(network)); got != "a b e" {
		t.Errorf("clients: %s", got)
	}
	roundTrip(t, s)
}

func names(t *topology.Topology, ids []topology.ID) string {
	var all []string
	for _, id := range ids {
		all = append(all, t.Vertices[id].Name)
	}
	return strings.Join(all, " ")
}

// TestHostsWithoutAgent: no task, state or job is placed on them, and it matters here that they are left out.
func TestHostsWithoutAgent(t *testing.T) {
	prepare := func(images string) *resolved.Scenario {
		text := "name: x\ntopology: {synth: iiot}\ncloud: {}\n" +
			"workload: {synth: {kind: spar, jobs: 100}, clients: [rpi3b+, tx2_0]}\n" + images
		s, err := scenario.Parse([]byte(text), "f", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		e, err := resolved.Prepare(s)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	all := prepare("")
	central := all.Topology.Vertices[all.Sites.Central].Name
	busy := ""
	for id, load := range all.Placement.Load {
		if name := all.Topology.Vertices[id].Name; load > 0 && strings.HasPrefix(name, "server") && id != all.Sites.Central {
			busy = name
		}
	}
	if busy == "" {
		t.Fatal("no server executes anything: the test shows nothing")
	}
	e := prepare("images:\n  " + busy + ": {image: x, agent: false}\n  rpi3_0: {image: x, agent: false}\n" +
		"  tx2_3: {image: x, agent: true}\n  " + central + ": {image: x, agent: false}\n")
	if len(all.Agentless) != 0 || !all.HasAgent(all.Sites.Central) || e.HasAgent(all.Sites.Central) {
		t.Errorf("agentless: %v and %v", names(all.Topology, all.Agentless), names(e.Topology, e.Agentless))
	}
	if !e.HasAgent(e.Sites.Central) || !e.HasAgent(e.Sites.Cloud) {
		t.Error("a site of state has no agent")
	}
	for i := range e.Jobs {
		for _, id := range append([]topology.ID{e.Placement.Client[i]}, e.Placement.Node[i]...) {
			if !e.HasAgent(id) {
				t.Fatalf("job %d uses %s", i, e.Topology.Vertices[id].Name)
			}
		}
	}
	if slices.Contains(e.Placement.Client, all.Sites.Central) {
		t.Error("the host without an agent issues jobs")
	}
}
