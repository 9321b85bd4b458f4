package placement

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/minstd"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
)

// plain places as the simulator's description reads, node by node.
func plain(t *testing.T, jobs []workload.Job, net *simnet.Network, opts Options) *Placement {
	t.Helper()
	topo := opts.Topology
	nodes, clients := topo.ByName(topo.Hosts()), Clients(topo)
	speeds, err := Speeds(topo, opts.Speed)
	if err != nil {
		t.Fatal(err)
	}
	var sums [2]float64
	for _, n := range nodes {
		sums[AffinityOf(&topo.Vertices[n], "")] += float64(speeds[n])
	}
	affinity := AssignAffinities(functionNames(jobs, opts.Functions), sums)
	engine := minstd.New(opts.Seed)
	p := &Placement{Load: map[topology.ID]int{}, Node: make([][]topology.ID, len(jobs))}
	remaining := []int{}
	for i := range jobs {
		p.Client = append(p.Client, clients[engine.Intn(len(clients))])
		remaining = append(remaining, i)
	}
	for len(remaining) > 0 {
		k := int(engine.Real(0, 1) * float64(len(remaining)))
		i := remaining[k]
		remaining = append(remaining[:k], remaining[k+1:]...)
		for k, task := range jobs[i].Tasks {
			best, least := topology.ID(-1), math.Inf(1)
			for _, n := range nodes {
				if AffinityOf(&topo.Vertices[n], "") != affinity[task.Function] {
					continue
				}
				seconds := float64(ProcessingTime(task.Ops, speeds[n], p.Load[n]+1))
				if opts.Rule.Network {
					all := jobs[i].AllStateBytes()
					seconds += net.Transfer(p.Client[i], n, task.Argument+all) + net.Transfer(n, p.Client[i], jobs[i].Output(k)+all)
				}
				if seconds < least {
					best, least = n, seconds
				}
			}
			p.Load[best]++
			p.Node[i] = append(p.Node[i], best)
		}
	}
	return p
}

// The allocator and the plain way agree, with chains drawn so that ties, tasks without operations and
// large loads occur.
func TestAllocatorEqualsThePlainWay(t *testing.T) {
	seed := testenv.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	small := synth.DefaultIIoT()
	small.Premises, small.Racks = 2, 1
	for round := range 24 {
		build := []func() (*topology.Topology, error){
			synth.DefaultIIoT().Build, small.Build, synth.DefaultUrbanSensing().Build,
		}[round%3]
		topo, err := build()
		if err != nil {
			t.Fatal(err)
		}
		if round%2 == 1 { // speeds that differ within a rack, and so slow that loads matter
			for _, h := range topo.Hosts() {
				topo.Vertices[h].CPU = 1 + random.Int64N(3)
			}
		}
		net := simnet.New(topo)
		jobs := randomJobs(random, 80)
		for _, policy := range Policies {
			opts := Options{Topology: topo, Seed: random.Uint64(), Rule: rule(policy), Speed: SpeedCPU, Functions: 10}
			got, err := Place(jobs, net, opts)
			if err != nil {
				t.Fatal(err)
			}
			if want := plain(t, jobs, net, opts); !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, round %d, %s: the placements differ", seed, round, policy)
			}
		}
	}
}

func randomJobs(random *rand.Rand, n int) []workload.Job {
	jobs := make([]workload.Job, n)
	for i := range jobs {
		jobs[i] = workload.Job{States: []int64{random.Int64N(3) * 100000}, Result: random.Int64N(2) * 5000}
		for k := range 1 + random.IntN(12) {
			task := workload.Task{
				Function: workload.FunctionName(random.IntN(10)), Ops: random.Int64N(3) * random.Int64N(1000000),
				Argument: random.Int64N(3) * 200000,
			}
			if k > 0 {
				task.After = []int{k - 1}
			}
			jobs[i].Tasks = append(jobs[i].Tasks, task)
		}
	}
	return jobs
}

// Where one task more vanishes in rounding, the first name wins although its load is larger.
func TestTiesOfLargeLoads(t *testing.T) {
	topo := topology.New("two")
	for _, name := range []string{"a", "b"} {
		if _, err := topo.Add(topology.Vertex{Name: name, CPU: 1}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := NewAllocator(simnet.New(topo), Options{Topology: topo, Speed: SpeedCPU, Clients: []topology.ID{0}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(a, rule(Load))
	r.load, r.least, r.at = []int32{1<<25 + 1, 1 << 25}, []int32{1<<25 + 1, 1 << 25}, []int32{0, 0}
	if len(a.atoms) != 2 { // a is the client, b is not reachable from it
		t.Fatalf("%d atoms", len(a.atoms))
	}
	if ProcessingTime(7, 1e6, 1<<25+1) != ProcessingTime(7, 1e6, 1<<25+2) {
		t.Fatal("the loads can be told apart: the test is broken")
	}
	if got := r.choose(Task{Ops: 7}, CPU, 0, 0, 0); got != 0 {
		t.Errorf("node %d, want 0", got)
	}
}

func TestRanks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for n := range 70 {
		r, list := newRanks(n), []int{}
		for i := range n {
			list = append(list, i)
		}
		for len(list) > 0 {
			k := random.IntN(len(list))
			if got := r.take(k); got != list[k] {
				t.Fatalf("n = %d: element %d is %d, want %d", n, k, got, list[k])
			}
			list = append(list[:k], list[k+1:]...)
		}
	}
}

func BenchmarkAllocate(b *testing.B) {
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		b.Fatal(err)
	}
	jobs := randomJobs(rand.New(rand.NewPCG(1, 1)), 500)
	a, err := NewAllocator(simnet.New(topo), Options{Topology: topo, Speed: SpeedAsPublished})
	if err != nil {
		b.Fatal(err)
	}
	functions := a.Functions(workload.FunctionNames(10))
	for _, policy := range Policies {
		b.Run(string(policy), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.allocate(jobs, functions, 1, rule(policy)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// rule is a policy of the study's.
func rule(p Policy) Rule {
	r, _ := Rules.Find(catalogue.New(Section()), string(p))
	return r
}
