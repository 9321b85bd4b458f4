package plan_test

import (
	"slices"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// placed is a workload on IIoT with the cloud, shared by the tests.
func placed(t *testing.T) ([]workload.Job, *placement.Placement, plan.Sites) {
	t.Helper()
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := topo.AttachCloud(topology.CloudLink{}); err != nil {
		t.Fatal(err)
	}
	jobs := workload.Select(spar.Chains(spar.Synthesize(3000, 8), workload.DefaultOptions()), 150, 1)
	place, err := placement.Place(jobs, simnet.New(topo), placement.Options{
		Topology: topo, Seed: 1, Rule: placement.Rule{Network: true}, Speed: placement.SpeedCPU, Functions: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	cloud, _ := topo.Cloud()
	central, err := topo.Central()
	if err != nil {
		t.Fatal(err)
	}
	return jobs, place, plan.Sites{Cloud: cloud, Central: central}
}

func forEach(t *testing.T, check func(t *testing.T, m plan.Model, job *workload.Job, p *plan.Plan, sites plan.Sites)) {
	jobs, place, sites := placed(t)
	if len(jobs) < 20 {
		t.Fatalf("only %d jobs", len(jobs))
	}
	for _, m := range plan.Models {
		t.Run(string(m), func(t *testing.T) {
			for i := range jobs {
				for _, access := range []plan.StateAccess{plan.ByWorker, plan.ByClient} {
					check(t, m, &jobs[i], rule(m).Build(jobs, i, place, sites, access), sites)
				}
			}
		})
	}
}

func TestEveryTaskIsExecutedOnceInOrder(t *testing.T) {
	forEach(t, func(t *testing.T, _ plan.Model, job *workload.Job, p *plan.Plan, _ plan.Sites) {
		var executed []int
		for i, s := range p.Steps {
			for _, a := range s.After {
				if a < 0 || a >= i {
					t.Fatalf("%s: step %d waits for step %d", job.Name, i, a)
				}
			}
			if s.Kind == plan.Compute {
				executed = append(executed, s.Task)
				if s.Ops != job.Tasks[s.Task].Ops || s.From != s.To || s.Load < 1 {
					t.Fatalf("%s: %+v", job.Name, s)
				}
			} else if s.Bytes < 0 {
				t.Fatalf("%s: a transfer of %d bytes", job.Name, s.Bytes)
			}
		}
		if len(executed) != job.Length() || !slices.IsSorted(executed) {
			t.Fatalf("%s: executed %v of %d", job.Name, executed, job.Length())
		}
	})
}

// Each state is accessed by exactly the invocations that depend on it, where the model has it.
func TestAccesses(t *testing.T) {
	forEach(t, func(t *testing.T, m plan.Model, job *workload.Job, p *plan.Plan, sites plan.Sites) {
		counts, caller := make([]int, len(job.States)), p.Client
		at := slices.Repeat([]topology.ID{p.Client}, len(job.States))
		for i, inv := range p.Invocations {
			if p.Messages != nil && i > 0 {
				caller = p.Invocations[i-1].Worker
			}
			if inv.Task != i || inv.Caller != caller || inv.Load < 1 || !slices.Equal(inv.After, job.Tasks[i].After) {
				t.Fatalf("%s: invocation %d is %+v", job.Name, i, inv)
			}
			for _, a := range inv.States {
				counts[a.State]++
				want := map[plan.Model]topology.ID{plan.External: sites.Cloud, plan.InEdge: sites.Central,
					plan.InFunction: inv.Worker, plan.InClient: p.Client, plan.PureFaaS: p.Client,
					plan.StatePropagate: p.Client, plan.StateLocal: at[a.State]}[m]
				at[a.State] = inv.Worker
				if a.Node != want || a.Bytes != job.States[a.State] {
					t.Fatalf("%s: access %+v, want it at %d with %d bytes", job.Name, a, want, job.States[a.State])
				}
			}
		}
		if want := job.Accesses(); !slices.Equal(counts, want) {
			t.Fatalf("%s: accesses %v, want %v", job.Name, counts, want)
		}
	})
}

// The bytes that a model transfers, by its definition.
func TestBytesAreConserved(t *testing.T) {
	forEach(t, func(t *testing.T, m plan.Model, job *workload.Job, p *plan.Plan, _ plan.Sites) {
		var got, in, out, needed int64
		for _, s := range p.Steps {
			if s.Kind == plan.Transfer {
				got += s.Bytes
			}
		}
		for i, task := range job.Tasks {
			in += task.Argument
			out += job.Output(i)
			needed += job.StateBytes(task.States)
		}
		n, all := int64(job.Length()), job.AllStateBytes()
		want := map[plan.Model]int64{
			plan.External: in + out + 2*needed, plan.InEdge: in + out + 2*needed, plan.InFunction: in + out,
			plan.InClient: in + out + 2*needed, plan.PureFaaS: in + out + 2*n*all,
			plan.StatePropagate: in + n*all + job.Result + all, plan.StateLocal: in + needed + job.Result,
		}[m]
		if got != want {
			t.Fatalf("%s: %d bytes, want %d", job.Name, got, want)
		}
	})
}

// A transfer begins where its data are: consecutive steps of a chain hand over.
func TestRepositoryTransfersGoBothWays(t *testing.T) {
	forEach(t, func(t *testing.T, m plan.Model, job *workload.Job, p *plan.Plan, _ plan.Sites) {
		type way struct{ from, to topology.ID }
		reads, writes := map[int]way{}, map[int]way{}
		for _, s := range p.Steps {
			switch s.Role {
			case plan.Read:
				reads[s.Pair] = way{s.From, s.To}
			case plan.Write:
				writes[s.Pair] = way{s.To, s.From}
			}
		}
		if m == plan.StateLocal {
			return // its states stay where they were used
		}
		if len(reads) != len(writes) {
			t.Fatalf("%s: %d reads, %d writes", job.Name, len(reads), len(writes))
		}
		for pair, r := range reads {
			if writes[pair] != r {
				t.Fatalf("%s: read %v, written %v", job.Name, r, writes[pair])
			}
		}
	})
}

func TestStateLocalMovesStates(t *testing.T) {
	job := workload.Job{Name: "j", States: []int64{10, 20}, Result: 5, Tasks: []workload.Task{
		{Function: "f0", Argument: 1, States: []int{0}}, {Function: "f0", Argument: 2, After: []int{0}, States: []int{0, 1}},
		{Function: "f0", Argument: 3, After: []int{1}, States: []int{0}},
	}}
	place := &placement.Placement{Client: []topology.ID{9}, Node: [][]topology.ID{{1, 2, 2}}}
	p := rule(plan.StateLocal).Build([]workload.Job{job}, 0, place, plan.Sites{}, plan.ByWorker)
	var got [][3]int64
	for _, s := range p.Steps {
		if s.Kind == plan.Transfer {
			got = append(got, [3]int64{int64(s.From), int64(s.To), s.Bytes})
		}
	}
	want := [][3]int64{{9, 1, 1}, {9, 1, 10}, {1, 2, 2}, {1, 2, 10}, {9, 2, 20}, {2, 2, 3}, {2, 2, 10}, {2, 9, 5}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTrafficCountsHops(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{
		{Kind: plan.Transfer, From: 0, To: 1, Bytes: 10}, {Kind: plan.Transfer, From: 1, To: 1, Bytes: 1000},
		{Kind: plan.Compute, Ops: 5}, {Kind: plan.Transfer, From: 1, To: 0, Bytes: 7},
	}}
	got := p.Traffic(func(from, to topology.ID) int { return 3*int(from) + 2*int(to) })
	if got != 10*2+7*3 {
		t.Errorf("traffic %d, want 41", got)
	}
}

func TestModelsAreParsed(t *testing.T) {
	for _, m := range plan.Models {
		if got, err := plan.ParseModel(string(m)); got != m || err != nil {
			t.Errorf("%s: %s, %v", m, got, err)
		}
	}
	if _, err := plan.ParseModel("in-cloud"); err == nil {
		t.Error("in-cloud: no error")
	}
}

// rule is an execution model of the study's.
func rule(m plan.Model) plan.Rule {
	r, _ := plan.Rules.Find(catalogue.New(plan.Section()), string(m))
	return r
}
