package resolved_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// TestTraffic: each byte of a plan counts once on each queue, and each edge without a link, of its way.
func TestTraffic(t *testing.T) {
	text := `name: t
topology:
  nodes:
    a: {memory: 1GiB}
    b: {memory: 1GiB}
    s1: {kind: switch}
    s2: {kind: switch}
  links:
    - {name: la, endpoints: [a, s1], rate: 10Mbps, delay: 1ms}
    - {name: mid, endpoints: [s1, s2], rate: 10Mbps, delay: 5ms}
    - {name: lb, endpoints: [s2, b], rate: 10Mbps, delay: 1ms}
workload:
  jobs: [{name: j, client: a, tasks: {f: {argument: 1000B, result: 500B, ops: 1000}}}]
placement: {hosts: [b]}
models: [in-function]
events: [{from: 1s, to: 2s, link: mid, set: {delay: 300us}}]
`
	path := filepath.Join(t.TempDir(), "t.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Load(path, builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	traffic, err := e.Traffic()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"la", "mid", "lb"} {
		link, _ := e.Topology.Lookup(name)
		there := traffic.Queues[topology.Channel{Link: link}]
		back := traffic.Queues[topology.Channel{Link: link, Dir: 1}]
		if there != 1000 || back != 500 {
			t.Errorf("%s: %v bytes there and %v back", name, there, back)
		}
	}
	if len(traffic.Edges) != 0 {
		t.Errorf("edges %v", traffic.Edges)
	}
	link, _ := e.Topology.Lookup("mid")
	if low := e.Lowest()[topology.Channel{Link: link}]; len(low) != 1 || low[0].Delay != 300*time.Microsecond {
		t.Errorf("events give mid %+v", low)
	}
}
