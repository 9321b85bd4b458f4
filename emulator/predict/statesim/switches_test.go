package statesim

import (
	"slices"
	"strings"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
	"testbed/emulator/workload/hour"
)

// theHour is the study's configuration: its topology, and the pool of its hour.
func theHour(t testing.TB) Config {
	t.Helper()
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := hour.Load()
	if err != nil {
		t.Fatal(err)
	}
	return DefaultConfig(topo, trace.Derive(workload.DefaultOptions()))
}

// assumed is a simulator with the switches set.
func assumed(t testing.TB, c Config, words ...string) *Simulator {
	t.Helper()
	for _, w := range words {
		if err := c.Assume(w); err != nil {
			t.Fatal(err)
		}
	}
	sim, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// means are those of a model's rows at 500 jobs over seeds 1 to 20.
func means(t testing.TB, sim *Simulator, policy placement.Policy, m plan.Model) (processing, network, traffic float64) {
	t.Helper()
	const seeds = 20
	for seed := uint64(1); seed <= seeds; seed++ {
		r, err := sim.Replicate(500, seed, policy)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := r.Rows(m)
		if err != nil {
			t.Fatal(err)
		}
		n := float64(len(rows)) * seeds
		for _, row := range rows {
			processing, network, traffic = processing+row.Processing/n, network+row.Network/n, traffic+float64(row.Traffic)/n
		}
	}
	return processing, network, traffic
}

// What is known of the published simulator's assumptions on the hour, at 500 jobs under load+net.
func TestWhatAssumptionsDo(t *testing.T) {
	c := theHour(t)
	within := func(what string, got, low, high float64) {
		t.Helper()
		if t.Logf("%s: %.4g", what, got); got < low || got > high {
			t.Errorf("%s: %.4g, want %.4g to %.4g", what, got, low, high)
		}
	}
	published := assumed(t, c)
	processing, edge, _ := means(t, published, placement.LoadNet, plan.InEdge)
	within("in-edge, ms", edge*1e3, 290.5, 291.5)
	alone, same, _ := means(t, assumed(t, c, "arrivals"), placement.LoadNet, plan.InEdge)
	within("share of the processing time that is owed to other jobs", 1-alone/processing, 0.985, 0.995)
	if same != edge {
		t.Errorf("arrivals change the network's time from %v to %v", edge, same)
	}
	_, premises, _ := means(t, assumed(t, c, "store-per-premises"), placement.LoadNet, plan.InEdge)
	within("in-edge with a store in each premises, ms", premises*1e3, 96.5, 97.5)

	central, err := simnet.New(c.Topology).Centrals()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, id := range central {
		names = append(names, c.Topology.Vertices[id].Name)
	}
	if got := strings.Join(names, " "); got != "nuc_0 nuc_1 nuc_2 nuc_3 tx2_0 tx2_1 tx2_2 tx2_3" {
		t.Errorf("central are %s", got)
	}
	var sums [2]float64
	for n, id := range published.allocator.Nodes() {
		sums[placement.AffinityOf(&c.Topology.Vertices[id], "")] += float64(published.allocator.Speed(n))
	}
	within("functions of ten that need a GPU by its share of the speed", 10*sums[1]/(sums[0]+sums[1]), 0.025, 0.035)

	_, _, before := means(t, published, placement.LoadNet, plan.External)
	_, _, path := means(t, assumed(t, c, "cloud-path"), placement.LoadNet, plan.External)
	within("external with the cloud's whole path, times the traffic", path/before, 1.5, 1.9)
}

// Each switch alone changes what it says, and only that.
func TestSwitches(t *testing.T) {
	c := theHour(t)
	type changed struct{ processing, network, traffic bool }
	for word, want := range map[string]map[plan.Model]changed{
		"arrivals":           {plan.External: {true, false, false}, plan.InEdge: {true, false, false}},
		"idle-allocator":     {plan.External: {true, true, true}, plan.InClient: {true, true, true}},
		"own-states":         {plan.External: {true, true, true}, plan.InClient: {true, true, true}, plan.PureFaaS: {}},
		"cloud-path":         {plan.External: {false, false, true}, plan.InEdge: {}, plan.InFunction: {}},
		"central=nuc_2":      {plan.External: {}, plan.InEdge: {false, true, true}, plan.InClient: {}},
		"store-per-premises": {plan.External: {}, plan.InEdge: {false, true, true}, plan.StateLocal: {}},
		"cpu-speed":          {plan.External: {true, true, true}},
		"worker-access":      {plan.External: {}, plan.InEdge: {false, true, true}, plan.InClient: {}},
		"gpu-function":       {plan.InFunction: {true, true, true}},
	} {
		sim := assumed(t, c, word)
		for m, differs := range want {
			p, n, b := means(t, assumed(t, c), placement.LoadNet, m)
			q, o, d := means(t, sim, placement.LoadNet, m)
			if got := (changed{p != q, n != o, b != d}); got != differs {
				t.Errorf("%s, %s: it changes %+v, want %+v", word, m, got, differs)
			}
		}
	}
	for _, s := range Switches {
		if s.Published == "" || s.Instead == "" {
			t.Errorf("%s says nothing of itself", s.Name)
		}
	}
}

func TestAssume(t *testing.T) {
	c := theHour(t)
	for word, want := range map[string]string{
		"nothing": "write one of arrivals,", "central": "central=HOST", "central=": "central=HOST",
		"arrivals=1": "write arrivals", "own_states": "own-states", "central=switch_lan_0": "no host switch_lan_0",
	} {
		if err := c.Assume(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", word, err, want)
		}
	}
	c.Assumptions.Central = "switch_lan_0"
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "switch_lan_0") {
		t.Errorf("a switch keeps states: %v", err)
	}
	c = theHour(t)
	c.Assumptions.GPUFunctions = 11
	if _, err := New(c); err == nil {
		t.Error("11 of 10 functions need a GPU")
	}
}

// The last functions by name need the GPU, no more than are wanted; and a rpi3 is 4 links from the cloud behind the
// exchange: its own, the premises' wireless medium, the uplink, and the cloud's.
func TestAssumptionsByHand(t *testing.T) {
	c := theHour(t)
	c.Functions = 20
	sim := assumed(t, c, "gpu-function", "cloud-path", "store-per-premises")
	var gpu []string
	for i, job := range c.Pool {
		for k, task := range job.Tasks {
			if sim.affinities[i][k] == placement.GPU && !slices.Contains(gpu, task.Function) {
				gpu = append(gpu, task.Function)
			}
		}
	}
	if slices.Sort(gpu); !slices.Equal(gpu, []string{"f8", "f9"}) {
		t.Errorf("functions that need a GPU: %v", gpu) // f10 and f11 come before f2
	}
	at := func(name string) topology.ID {
		id, ok := c.Topology.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		return id
	}
	if got := sim.toCloud(at("rpi3_4")); got != 4 {
		t.Errorf("rpi3_4 is %d links from the cloud", got)
	}
	if got := sim.toCloud(at("tx2_1")); got != 3 {
		t.Errorf("tx2_1 is %d links from the cloud", got)
	}
	if got := sim.store(at("tx2_1")); got != at("nuc_1") {
		t.Errorf("tx2_1's states are on %s", c.Topology.Vertices[got].Name)
	}
}
