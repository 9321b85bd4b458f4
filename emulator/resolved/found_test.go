package resolved

import (
	"strings"
	"testing"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/replay"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// detour is a scenario of two ways from a to b, of which the one by s is the shorter one.
func detour(t *testing.T, delays string) *Scenario {
	t.Helper()
	text := `name: detour
topology:
  nodes: {a: {}, b: {}, c: {}, d: {}, s: {kind: switch}, r: {kind: switch}, x: {kind: switch}, y: {kind: switch}}
  links:
    - {name: as, endpoints: [a, x]}
    - {name: bs, endpoints: [b, y]}
    - {name: cs, endpoints: [c, x]}
    - {name: ds, endpoints: [d, y]}
    - {name: north, endpoints: [x, s], rate: 10Mbps, delay: ` + delays + `}
    - {name: north2, endpoints: [s, y], rate: 10Mbps}
    - {name: south, endpoints: [x, r], rate: 10Mbps, delay: 5ms}
    - {name: south2, endpoints: [r, y], rate: 10Mbps}
models: [in-client]
placement: {hosts: [b]}
workload:
  jobs: [{name: one, client: a, tasks: {f: {ops: 1}}}]
replay: {arrival: {kind: isolated}}
events:
  - {at: 1s, link: south, set: {rate: 7Mbps}}
`
	s, err := scenario.Parse([]byte(text), "detour.yaml", builtin.Catalogue())
	return ready(t, s, err)
}

// TestAScenarioOnTheNetworkThatIsThere: ways, limits and what is alone are those of the network that was found, as of a
// scenario that says so; events change what they say, and nothing that was changed before.
func TestAScenarioOnTheNetworkThatIsThere(t *testing.T) {
	e, far := detour(t, "1ms"), detour(t, "20ms")
	found := fabric.Network{Topology: far.Topology, Queues: far.Topology.QueueLimits()}
	south2, _ := e.Topology.Lookup("south2")
	odd := topology.Channel{Link: south2}
	found.Queues[odd] = 12345 * units.Byte // it was derived when ways were others
	on, err := e.On(found)
	if err != nil {
		t.Fatal(err)
	}
	limits := on.Topology.QueueLimits()
	for c, want := range found.Queues {
		if limits[c] != want {
			t.Errorf("%s holds %v, want %v", e.Topology.Vertices[c.Link].Name, limits[c], want)
		}
	}
	if changed := fabric.Changes(fabric.Network{Topology: on.Topology, Queues: limits}, found); len(changed) > 0 {
		t.Errorf("%v", changed)
	}
	passes := func(of *Scenario) string {
		plans, err := of.Chains(of.Models[0])
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range replay.Occupation(of.Topology)(plans[0]) {
			if r.Node < 0 {
				names = append(names, of.Topology.Vertices[r.Queue.Link].Name)
			}
		}
		return strings.Join(names, " ")
	}
	if passes(e) == passes(on) || passes(on) != passes(far) || !strings.Contains(passes(on), "south") {
		t.Errorf("a chain passes %s, and %s where the scenario says so", passes(on), passes(far))
	}
	if e.Topology == on.Topology || on.Base() != e.Topology || e.Base() != e.Topology {
		t.Error("the scenario's own network has become another one")
	}
	if again, err := on.On(found); err != nil || again.Base() != e.Topology {
		t.Errorf("%v", err)
	}
	var m *events.Moment
	for i := range on.Moments {
		m = &on.Moments[i]
	}
	now := m.Overlay(on.Base()).Over(found).Topology
	south, _ := e.Topology.Lookup("south")
	north, _ := e.Topology.Lookup("north")
	if r := now.Vertices[south].Shape[0].Rate; r != 7*units.Mbps {
		t.Errorf("the event makes the rate %v", r)
	}
	if d := now.Vertices[north].Shape[0].Delay; d != 20*time.Millisecond {
		t.Errorf("beside the event the delay is %v", d)
	}
	if _, err := e.On(fabric.Network{Topology: topology.New("other")}); err == nil ||
		!strings.Contains(err.Error(), "detour.yaml: ") || !strings.Contains(err.Error(), "testbed apply") {
		t.Errorf("another network: %v", err)
	}
}
