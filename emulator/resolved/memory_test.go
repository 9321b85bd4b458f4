package resolved

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
	"testbed/emulator/units"
)

// world is a scenario of three nodes and a cloud.
type world struct {
	rows      string // of the trace
	models    string
	memory    string // of server and pi
	resources string
	workload  string // more keys
	replay    string
}

func (w world) prepare(t *testing.T) *Scenario {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.csv"), []byte(w.rows), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`name: memory
topology:
  nodes:
    pi:     {kind: host, memory: %[1]s, cpu: 4}
    server: {kind: host, memory: %[1]s, cpu: 8}
    nuc:    {kind: host, memory: %[1]s, cpu: 8}
    sw:     {kind: switch}
  links:
    - {endpoints: [pi, sw], rate: 1Gbps, delay: 1ms}
    - {endpoints: [server, sw], rate: 1Gbps, delay: 1ms}
    - {endpoints: [nuc, sw], rate: 1Gbps, delay: 1ms}
cloud: {delay: 1ms, rate: 1Gbps}
models: [%[2]s]
workload: {trace: t.csv, clients: [pi]%[3]s}
resources: %[4]s
replay: {%[5]s}
`, or(w.memory, "1GiB"), or(w.models, "external, in-edge, in-function, in-client"), w.workload,
		or(w.resources, "none"), w.replay)
	path := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Load(path, builtin.Catalogue())
	return ready(t, s, err)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// job is the rows of a job at a time, of two tasks in a chain, the second with a number of states of a size.
func job(number int, at float64, states int, mem string) string {
	rows, name := fmt.Sprintf("%g,j_%d,M1,1,100,0.1,1\n", at, number), fmt.Sprintf("R%d_1", states+2)
	for i := range states {
		rows += fmt.Sprintf("%g,j_%d,M%d,1,100,%s,1\n", at, number, i+2, mem)
		name += fmt.Sprintf("_%d", i+2)
	}
	return rows + fmt.Sprintf("%g,j_%d,%s,1,100,0.1,1\n", at, number, name)
}

var fine = job(1, 0, 2, "3")

// workloads are those that fit, and that do not.
var workloads = map[string]struct {
	world
	available units.ByteSize
	want      []string // in the error; none: it fits
}{
	"small": {world{rows: fine}, 1 << 30, nil},
	"six states of 950 MB": {
		world{rows: fine + job(2, 0, 6, "950")},
		0, []string{"t.csv:6: job j_2, largest task M2 with mem 950", "GB", "lower workload.state-factor"},
	},
	"external": {
		world{rows: job(2, 0, 6, "950"), models: "external"},
		0, []string{"t.csv:2", "node ", "5.7 GB"},
	},
	"in-edge": {world{rows: job(2, 0, 6, "950"), models: "in-edge"}, 0, []string{"t.csv:2", "node "}},
	"in-function": {
		world{rows: job(2, 0, 6, "950"), models: "in-function"},
		0, []string{"t.csv:2", "node ", "GB"},
	},
	"in-client": {
		world{rows: job(2, 0, 6, "950"), models: "in-client"},
		0, []string{"t.csv:2", "carries 5.7 GB", "1.07 GB at most"},
	},
	"one state beyond": {
		world{rows: job(2, 0, 1, "1080"), memory: "64GiB"},
		0, []string{"t.csv:2", "carries 1.08 GB"},
	},
	"beyond, where none moves": {world{rows: job(2, 0, 1, "1080"), memory: "64GiB", models: "in-function"}, 0, nil},
	"argument": {
		world{rows: fine + "0,j_2,M1,1,100,1100,1\n0,j_2,M2,1,100,1,1\n0,j_2,R3_2_1,1,100,1,1\n", memory: "64GiB"},
		0, []string{"t.csv:5: job j_2, largest task M1", "request"},
	},
	"overflow of the sum": {world{rows: job(2, 0, 12, "1e12")}, 0, []string{"t.csv:2", "carries"}},
	"overflow, where it stays": {
		world{rows: job(2, 0, 12, "1e12"), models: "in-function"},
		0, []string{"t.csv:2", "9.22e+09 GB"},
	},
	"overflow of each": {
		world{rows: job(2, 0, 2, "1e12"), workload: ", state-factor: 1e9, arg-factor: 1e9"},
		0, []string{"t.csv:2", "9.22e+09 GB"},
	},
	"9e18 in one row": {
		world{rows: job(2, 0, 1, "9e9"), workload: ", state-factor: 1e9", models: "in-function"},
		0, []string{"t.csv:2", "9.22e+09 GB"},
	},
	"too many states": {
		world{rows: job(2, 0, plan.MaxStates+1, "0.1"), memory: "64GiB"},
		0, []string{"job j_2", "1001 states"},
	},
	"emulated, fits": {world{rows: job(1, 0, 1, "200"), resources: "emulate"}, 0, nil},
	"emulated, share": {
		world{rows: job(1, 0, 1, "450"), resources: "emulate", models: "in-function"},
		0, []string{"t.csv:2", "resources: emulate", "one chain"},
	},
	"not emulated, fits":  {world{rows: job(1, 0, 1, "450"), models: "in-function"}, 0, nil},
	"host, one at a time": {world{rows: job(1, 0, 1, "200") + job(2, 0, 1, "200")}, 2 << 30, nil},
	"host, both at a time": {
		world{rows: job(1, 0, 1, "200") + job(2, 0, 1, "201"), replay: "arrival: {kind: concurrency, clients: 2}"},
		1 << 30, []string{"t.csv:5", "2 chains", "1.07 GB of memory available"},
	},
	"host, both by their times": {
		world{rows: job(1, 0, 1, "200") + job(2, 0, 1, "200"), replay: "arrival: {kind: trace}"},
		1 << 30, []string{"2 chains"},
	},
	"host, an hour apart": {
		world{rows: job(1, 0, 1, "200") + job(2, 3600, 1, "200"), replay: "arrival: {kind: trace}"},
		2 << 30, nil,
	},
	"an hour, in a second": {
		world{rows: job(1, 0, 1, "200") + job(2, 3600, 1, "200"), replay: "arrival: {kind: trace, speedup: 36000}"},
		1 << 30, []string{"2 chains"},
	},
	"host, poisson": {
		world{rows: job(1, 0, 1, "200") + job(2, 0, 1, "200"), replay: "arrival: {kind: poisson, rate: 100/s}"},
		1 << 30, []string{"2 chains"},
	},
	"host, not known": {
		world{rows: job(1, 0, 1, "200"), replay: "arrival: {kind: concurrency, clients: 2}"},
		0, nil,
	},
	"from worker to worker": {
		world{rows: job(2, 0, 6, "950"), models: "state-propagate"}, 0, []string{"job j_2", "carries"},
	},
	"where it was used last": {
		world{rows: job(2, 0, 6, "20"), models: "state-local"}, 1 << 20, []string{"this host has"},
	},
}

func TestWorkloadsThatDoNotFit(t *testing.T) {
	for name, c := range workloads {
		t.Run(name, func(t *testing.T) {
			err := c.prepare(t).CheckMemory(c.available)
			if (err == nil) != (c.want == nil) || err != nil && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("error %v", err)
			}
			if placed := (scenario.Errors{}); err != nil && (!errors.As(err, &placed) || placed[0].Line <= 1) {
				t.Errorf("it does not say where in the scenario: %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("want %q in: %v", want, err)
				}
			}
		})
	}
}

// Every agent is allowed what the workload takes of its node.
func TestAgentMemory(t *testing.T) {
	for _, c := range []struct {
		world
		want int64 // of the server; 0: whatever the agent takes
	}{
		{world{rows: job(1, 0, 1, "3")}, 0},
		{world{rows: job(1, 0, 1, "3"), resources: "emulate"}, 3 << 28},
		{world{rows: job(1, 0, 1, "3"), resources: "emulate", memory: "1MiB"}, 1 << 20},
		{world{rows: job(1, 0, 3, "900"), memory: "64GiB"}, 2_700_000_000},
	} {
		e := c.prepare(t)
		most := int64(0)
		for _, id := range e.Topology.Hosts() {
			most = max(most, e.AgentMemory(id))
		}
		if most < c.want || c.want == 0 && most != 0 || most > 5*c.want {
			t.Errorf("%+v: %d bytes, want at least %d", c.world.workload, most, c.want)
		}
	}
}

// TestPayloadsAreHeld: a client's node has as many of the files that its functions get as it has invocations of them,
// the largest, and that is part of what all nodes hold.
func TestPayloadsAreHeld(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"a": 10_000, "b": 30_000, "c": 20_000} {
		write(t, filepath.Join(dir, "files", name), strings.Repeat("x", size))
	}
	write(t, filepath.Join(dir, "f.sh"), "")
	text := func(payload string) string {
		return fmt.Sprintf(`name: payloads
topology:
  nodes: {pi: {memory: 1GiB}, box: {memory: 1GiB}, sw: {kind: switch}}
  links: [{endpoints: [pi, sw], rate: 1Gbps, delay: 1ms}, {endpoints: [box, sw], rate: 1Gbps, delay: 1ms}]
functions: {f: {command: [/bin/sh, f.sh]%s}}
workload: {jobs: [{name: j, client: pi, count: 2, tasks: {f: {ops: 1, argument: 1kB}}}]}
placement: {hosts: [box]}
models: [in-function]
`, payload)
	}
	all := map[string]demand{}
	for _, payload := range []string{"", ", payload: files/*"} {
		path := filepath.Join(dir, "s.yaml")
		write(t, path, text(payload))
		e, err := Prepare(loaded(t, path))
		if err != nil {
			t.Fatal(err)
		}
		demands, err := e.demands()
		if err != nil {
			t.Fatal(err)
		}
		all[payload] = demands[0]
		pi, _ := e.Topology.Lookup("pi")
		if has := demands[0].nodes[pi].all; (has >= 50_000) != (payload != "") {
			t.Errorf("with %q the client's node holds %d bytes", payload, has)
		}
	}
	if more := all[", payload: files/*"].total.all - all[""].total.all; more != 50_000 {
		t.Errorf("all hold %d bytes more with two payloads", more)
	}
}
