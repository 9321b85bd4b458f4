package statesim

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/units"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

func synthesized(t testing.TB, jobs int) (*topology.Topology, []workload.Job) {
	t.Helper()
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	return topo, spar.Chains(spar.Synthesize(jobs, 2), workload.DefaultOptions())
}

// The rows of all seven models agree with what their plans add up to, through the engine: two
// independent ways from a placement to times and traffic.
func TestRowsAgreeWithPlans(t *testing.T) {
	topo, pool := synthesized(t, 4000)
	config := DefaultConfig(topo, pool)
	sim, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	clouded, _ := synthesized(t, 0)
	err = clouded.AttachCloud(topology.CloudLink{Delay: config.CloudLatency, Up: config.CloudRate, Down: config.CloudRate})
	if err != nil {
		t.Fatal(err)
	}
	speeds, err := placement.Speeds(clouded, config.Speed)
	if err != nil {
		t.Fatal(err)
	}
	engine := NewEngine(clouded, func(id topology.ID) float64 { return float64(speeds[id]) })
	cloud, _ := clouded.Cloud()
	for _, policy := range placement.Policies {
		r, err := sim.Replicate(60, 3, policy)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range plan.Models {
			rows, err := r.Rows(m)
			if err != nil {
				t.Fatal(err)
			}
			sites := plan.Sites{Cloud: cloud, Central: sim.central}
			for _, access := range []plan.StateAccess{plan.ByWorker, plan.ByClient} {
				var plans []*plan.Plan
				for i := range r.Jobs {
					plans = append(plans, rule(m).Build(r.Jobs, i, r.Placement, sites, access))
				}
				got, err := engine.Predict(plans)
				if err != nil {
					t.Fatal(err)
				}
				for i, row := range rows {
					p := got[i]
					if p.Traffic != row.Traffic || !near(p.Network, row.Network) ||
						!near(p.Processing, row.Processing) || !near(p.Total, row.Network+row.Processing) {
						t.Fatalf("%s, %s, %s, by %s: %+v\nrow %+v", policy, m, r.Jobs[i].Name, access,
							[]any{p.Processing, p.Network, p.Total, p.Traffic}, row)
					}
				}
			}
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9+1e-9*math.Abs(b) }

// byHand is a client and a server behind one link each of 8 Mb/s and 4 Mb/s, so that 1000 bytes take 1 ms
// and 2 ms; the cloud at 10 ms and 1 Mb/s. One chain of two tasks on the server, of which the second
// needs a state of 500 bytes.
func byHand(t *testing.T) (config Config, client topology.ID) {
	topo := topology.New("hand")
	add := func(v topology.Vertex) topology.ID {
		id, err := topo.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	client = add(topology.Vertex{Name: "pi", Memory: 1, Model: "rpi3b+"})
	server := add(topology.Vertex{Name: "server", Memory: 1e9})
	for i, host := range []topology.ID{client, server} {
		rate := topology.Shape{Rate: units.BitRate(8-4*i) * units.Mbps}
		link := add(topology.Vertex{Name: fmt.Sprint("l", i), Kind: topology.Link, Shape: [2]topology.Shape{rate, rate}})
		topo.Join(host, link, 0)
		if i == 0 {
			add(topology.Vertex{Name: "s", Kind: topology.Switch})
		}
		s, _ := topo.Lookup("s")
		topo.Join(link, s, 0)
	}
	pool := []workload.Job{{Name: "j", States: []int64{500}, Result: 3000, Tasks: []workload.Task{
		{Function: "f0", Ops: 1e6, Argument: 1000},
		{Function: "f0", Ops: 2e6, Argument: 2000, After: []int{0}, States: []int{0}},
	}}}
	return Config{
		Topology: topo, Pool: pool, Functions: 1, CloudLatency: 10 * time.Millisecond, CloudRate: units.Mbps,
		Speed: placement.SpeedAsPublished,
	}, client
}

func TestRowsByHand(t *testing.T) {
	config, client := byHand(t)
	sim, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if sim.central != client { // both are 3 ms from each other: the first name wins
		t.Errorf("central is %d", sim.central)
	}
	r, err := sim.Replicate(1, 1, placement.LoadNet)
	if err != nil {
		t.Fatal(err)
	}
	if loads, err := r.Loads(plan.External); err != nil || !slices.Equal(loads, []int{0, 2}) {
		t.Fatalf("loads %v, %v, want both tasks on the server", loads, err)
	}
	// Processing: 3e6 operations at 1e9/2 per second: 6 ms. Arguments and results between client and
	// server: 1000 + 2000 there, 2000 + 3000 back: 8000 bytes at 3 ms per 1000.
	want := map[plan.Model]Row{
		plan.InFunction:     {0.006, 0.024, 16000, 2},
		plan.External:       {0.006, 0.024 + 2*0.014, 17000, 2},
		plan.InEdge:         {0.006, 0.024, 16000, 2}, // the central node is the client
		plan.InClient:       {0.006, 0.027, 18000, 2},
		plan.PureFaaS:       {0.006, 0.030, 20000, 2},
		plan.StatePropagate: {0.006, 0.003*1.5 + 0.003*3.5, 3000 + 7000, 2},
		plan.StateLocal:     {0.006, 0.003 + 0.0015 + 0.009, 2000 + 1000 + 6000, 2},
	}
	for m, w := range want {
		rows, err := r.Rows(m)
		if err != nil {
			t.Fatal(err)
		}
		got := rows[0]
		if math.Abs(got.Processing-w.Processing) > 1e-8 || math.Abs(got.Network-w.Network) > 1e-8 ||
			got.Traffic != w.Traffic || got.Length != 2 {
			t.Errorf("%s: %+v, want %+v", m, got, w)
		}
	}
	if _, err := r.Rows("in-cloud"); err == nil {
		t.Error("in-cloud: no error")
	}
}

// A replication depends on nothing but its seed, whoever runs beside it.
func TestReplicationsAreIndependent(t *testing.T) {
	topo, pool := synthesized(t, 2000)
	run := func(sim *Simulator, seed uint64) string {
		r, err := sim.Replicate(80, seed, placement.LoadNet)
		if err != nil {
			t.Error(err)
			return ""
		}
		rows, err := r.Rows(plan.InEdge)
		if err != nil {
			t.Error(err)
		}
		var out bytes.Buffer
		if err := WriteRows(&out, rows); err != nil {
			t.Error(err)
		}
		return out.String()
	}
	newSim := func() *Simulator {
		sim, err := New(DefaultConfig(topo, pool))
		if err != nil {
			t.Fatal(err)
		}
		return sim
	}
	shared, results := newSim(), make([]string, 8)
	var wait sync.WaitGroup
	for i := range results {
		wait.Go(func() { results[i] = run(shared, uint64(i+1)) })
	}
	wait.Wait()
	for i, got := range results {
		if want := run(newSim(), uint64(i+1)); got != want || len(got) == 0 {
			t.Errorf("seed %d: concurrent and lone runs differ", i+1)
		}
	}
	if results[0] == results[1] {
		t.Error("two seeds give the same rows")
	}
}

func TestTheCentralNodeIsTheNetworks(t *testing.T) {
	topo, pool := synthesized(t, 200)
	sim, err := New(DefaultConfig(topo, pool))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := simnet.New(topo).Central(); err != nil || sim.central != want {
		t.Errorf("central %d, want %d (%v)", sim.central, want, err)
	}
}

func TestBadConfigurations(t *testing.T) {
	topo, pool := synthesized(t, 200)
	cases := map[string]struct {
		change func(*Config)
		want   string
	}{
		"topology":  {func(c *Config) { c.Topology = nil }, "no topology"},
		"functions": {func(c *Config) { c.Functions = 0 }, "0 functions"},
		"rate":      {func(c *Config) { c.CloudRate = 0 }, "positive rate"},
		"latency":   {func(c *Config) { c.CloudLatency = -1 }, "positive rate"},
		"clients":   {func(c *Config) { c.Clients = []topology.ID{} }, "no clients"},
		"DAG": {func(c *Config) {
			c.Pool = []workload.Job{{Name: "d", Tasks: []workload.Task{{}, {}}}}
		}, "job d is not a chain"},
	}
	for name, c := range cases {
		config := DefaultConfig(topo, pool)
		c.change(&config)
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Six significant digits, as a C++ stream prints by default.
func TestNumbersAreWrittenAsByCpp(t *testing.T) {
	var out bytes.Buffer
	rows := []Row{
		{0, 0.5, 0, 1}, {1234567.8, 999999.5, 7, 2}, {100000, 0.0001, 123456789012, 3}, {8.19149e-05, 1e6, 1, 4},
		{1.0 / 3, 20, 1, 15},
	}
	if err := WriteRows(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := "0 0.5 0 1\n1.23457e+06 1e+06 7 2\n100000 0.0001 123456789012 3\n8.19149e-05 1e+06 1 4\n0.333333 20 1 15\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestFileNames(t *testing.T) {
	jobs, nodes := FileNames(placement.LoadNet, plan.InEdge, 7)
	if jobs != "job-alloc=ProcNet.exec=UnchainedInEdge.seed=7" ||
		nodes != "node-alloc=ProcNet.exec=UnchainedInEdge.seed=7" {
		t.Errorf("%s, %s", jobs, nodes)
	}
	seen := map[string]bool{}
	for _, p := range placement.Policies {
		for _, m := range plan.Models {
			jobs, _ := FileNames(p, m, 1)
			seen[jobs] = true
		}
	}
	if len(seen) != 14 {
		t.Errorf("%d names of 14", len(seen))
	}
}

// rule is an execution model of the study's.
func rule(m plan.Model) plan.Rule {
	r, _ := plan.Rules.Find(catalogue.New(plan.Section()), string(m))
	return r
}
