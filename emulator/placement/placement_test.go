package placement_test

import (
	"errors"
	"reflect"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

func iiot(t *testing.T) *topology.Topology {
	t.Helper()
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	return topo
}

func TestAffinities(t *testing.T) {
	names := workload.FunctionNames(12) // in string order f0 f1 f10 f11 f2 ...
	got := placement.AssignAffinities(names, [2]float64{75, 25})
	for name, want := range map[string]placement.Affinity{
		"f0": 0, "f10": 0, "f11": 0, "f6": 0, "f7": 1, "f8": 1, "f9": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	// Both halves of one function round up; the first takes it.
	if got := placement.AssignAffinities([]string{"x"}, [2]float64{1, 1}); got["x"] != placement.CPU || len(got) != 1 {
		t.Errorf("got %v", got)
	}
	got = placement.AssignAffinities([]string{"x", "y"}, [2]float64{0, 1})
	if got["x"] != placement.GPU || got["y"] != placement.GPU {
		t.Errorf("no CPU: got %v", got)
	}
}

func TestClientsAreOrderedByName(t *testing.T) {
	topo := iiot(t)
	var names []string
	for _, id := range placement.Clients(topo) {
		names = append(names, topo.Vertices[id].Name)
	}
	want := []string{"rpi3_0", "rpi3_1", "rpi3_10", "rpi3_11", "rpi3_2", "rpi3_3", "rpi3_4", "rpi3_5", "rpi3_6",
		"rpi3_7", "rpi3_8", "rpi3_9", "tx2_0", "tx2_1", "tx2_2", "tx2_3"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if got := placement.Clients(topo, "nuci5"); len(got) != 4 {
		t.Errorf("%d NUCs, want 4", len(got))
	}
}

func TestSpeeds(t *testing.T) {
	topo := iiot(t)
	id, _ := topo.Lookup("server_3")
	for model, want := range map[placement.SpeedModel]float32{
		placement.SpeedAsPublished: 188e9, placement.SpeedCPU: 88e9,
	} {
		speeds, err := placement.Speeds(topo, model)
		if err != nil || speeds[id] != want {
			t.Errorf("%s: %v, %v; want %v", model, speeds[id], err, want)
		}
	}
	topo.Vertices[id].CPU = 0
	if _, err := placement.Speeds(topo, placement.SpeedCPU); err == nil {
		t.Error("a host without cpu: no error")
	}
}

// Whatever the seed: every task is on a node of its function's affinity, loads add up, and both
// policies draw the same clients.
func TestPlacementsAreSound(t *testing.T) {
	topo := iiot(t)
	net := simnet.New(topo)
	pool := spar.Chains(spar.Synthesize(2000, 4), workload.DefaultOptions())
	for seed := uint64(1); seed <= 5; seed++ {
		jobs := workload.Select(pool, 60, seed)
		var clients [][]topology.ID
		for _, policy := range placement.Policies {
			place, err := placement.Place(jobs, net, placement.Options{
				Topology: topo, Seed: seed, Rule: rule(policy), Speed: placement.SpeedCPU, Functions: 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, place.Client)
			tasks, affinity := 0, map[string]placement.Affinity{}
			for i, nodes := range place.Node {
				tasks += len(nodes)
				for k, id := range nodes {
					a := placement.AffinityOf(&topo.Vertices[id], "")
					if was, known := affinity[jobs[i].Tasks[k].Function]; known && was != a {
						t.Fatalf("%s is on a %v and on a %v", jobs[i].Tasks[k].Function, was, a)
					}
					affinity[jobs[i].Tasks[k].Function] = a
				}
			}
			for _, load := range place.Load {
				tasks -= load
			}
			if tasks != 0 {
				t.Errorf("the loads are %d tasks off", tasks)
			}
		}
		if !reflect.DeepEqual(clients[0], clients[1]) {
			t.Error("the policies draw different clients")
		}
	}
}

// By hand: two equal servers a, b and no network time: tasks alternate, the first name first.
func TestLoadAlternates(t *testing.T) {
	topo := topology.New("two")
	for _, name := range []string{"b", "a"} {
		if _, err := topo.Add(topology.Vertex{Name: name, Memory: 1000, Model: "m"}); err != nil {
			t.Fatal(err)
		}
	}
	job := workload.Job{States: []int64{1}, Tasks: make([]workload.Task, 4)}
	for i := range job.Tasks {
		job.Tasks[i] = workload.Task{Function: "f0", Ops: 10}
	}
	place, err := placement.Place([]workload.Job{job}, none{}, placement.Options{
		Topology: topo, Rule: rule(placement.LoadNet), Speed: placement.SpeedAsPublished,
		Clients: placement.Clients(topo, "m"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []topology.ID{1, 0, 1, 0}; !reflect.DeepEqual(place.Node[0], want) {
		t.Errorf("nodes %v, want %v", place.Node[0], want)
	}
}

// none is a network that takes no time.
type none struct{}

func (none) Class(_, _ topology.ID) simnet.Class { return 0 }
func (none) Rates(simnet.Class) []float32        { return nil }

func TestPlacementNeedsClientsAndNodes(t *testing.T) {
	topo := iiot(t)
	jobs := []workload.Job{{Name: "j", Tasks: []workload.Task{{Function: "f0", Ops: 1}}}}
	base := placement.Options{Topology: topo, Rule: rule(placement.Load), Speed: placement.SpeedCPU}
	for name, change := range map[string]func(*placement.Options){
		"no clients": func(o *placement.Options) { o.Clients = []topology.ID{} },
		"no nodes":   func(o *placement.Options) { o.Nodes = []topology.ID{} },
	} {
		opts := base
		change(&opts)
		if _, err := placement.Place(jobs, simnet.New(topo), opts); !errors.Is(err, placement.ErrNoNodes) {
			t.Errorf("%s: %v", name, err)
		}
	}
	base.Topology = nil
	if _, err := placement.Place(jobs, none{}, base); err == nil {
		t.Error("no topology: no error")
	}
}

func TestWordsAreParsed(t *testing.T) {
	for _, p := range placement.Policies {
		if got, err := placement.ParsePolicy(string(p)); got != p || err != nil {
			t.Errorf("%s: %s, %v", p, got, err)
		}
	}
	if _, err := placement.ParsePolicy("nearest"); err == nil {
		t.Error("nearest: no error")
	}
}

// TestExclude: excluded hosts execute nothing and are not central, and without any all is as before.
func TestExclude(t *testing.T) {
	topo := iiot(t)
	net := simnet.New(topo)
	jobs := workload.Select(spar.Chains(spar.Synthesize(2000, 4), workload.DefaultOptions()), 200, 1)
	opts := placement.Options{
		Topology: topo, Seed: 1, Rule: rule(placement.LoadNet), Speed: placement.SpeedAsPublished, Functions: 10,
	}
	place := func(o placement.Options) *placement.Placement {
		p, err := placement.Place(jobs, net, o)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	all := place(opts)
	central, err := net.Central()
	if err != nil {
		t.Fatal(err)
	}
	opts.Exclude = append(opts.Exclude, central, all.Node[0][0])
	some := place(opts)
	for _, id := range opts.Exclude {
		if some.Load[id] > 0 {
			t.Errorf("%s is excluded and has %d tasks", topo.Vertices[id].Name, some.Load[id])
		}
	}
	if all.Load[all.Node[0][0]] == 0 || !reflect.DeepEqual(all.Client, some.Client) {
		t.Error("the draw of clients follows from who executes")
	}
	if other, err := net.Central(opts.Exclude...); err != nil || other == central {
		t.Errorf("the central host is %v of %v, %v", other, opts.Exclude, err)
	}
	if _, err := net.Central(topo.Hosts()...); !errors.Is(err, topology.ErrNoHosts) {
		t.Errorf("without hosts: %v", err)
	}
	opts.Exclude = topo.Hosts()
	if _, err := placement.Place(jobs, net, opts); !errors.Is(err, placement.ErrNoNodes) {
		t.Errorf("all hosts excluded: %v", err)
	}
}

// rule is a policy of the study's.
func rule(p placement.Policy) placement.Rule {
	r, _ := placement.Rules.Find(catalogue.New(placement.Section()), string(p))
	return r
}
