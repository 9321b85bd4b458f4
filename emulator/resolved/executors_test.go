package resolved

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/scenario"
)

// studied is the study's network with some jobs, and one more line.
func studied(t *testing.T, line string) (*Scenario, error) {
	t.Helper()
	text := fmt.Sprintf("name: executors\ntopology: {synth: iiot}\ncloud: {at: hosts}\nworkload: {jobs: 40}\n%s\n", line)
	s, err := scenario.Parse([]byte(text), "executors.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	return Prepare(s)
}

// TestOnlyListedHostsExecute in the plans that are replayed and predicted, and in the published simulator's.
func TestOnlyListedHostsExecute(t *testing.T) {
	for _, hosts := range [][]string{{"server"}, {"nuc_0", "server_3"}, {"rpi3b+"}} {
		e, err := studied(t, "placement: {hosts: ["+strings.Join(hosts, ", ")+"]}")
		if err != nil {
			t.Fatal(err)
		}
		listed := func(p *placement.Placement) {
			t.Helper()
			for _, nodes := range p.Node {
				for _, id := range nodes {
					v := &e.Topology.Vertices[id]
					if !slices.Contains(hosts, v.Class) && !slices.Contains(hosts, v.Model) && !slices.Contains(hosts, v.Name) {
						t.Fatalf("of %v: %s executes a function", hosts, v.Name)
					}
				}
			}
		}
		listed(e.Placement)
		tasks := 0
		for _, s := range e.Shares() {
			tasks += s.Tasks
			if s.May < s.Executed || s.Hosts < s.May {
				t.Errorf("of %v: %+v", hosts, s)
			}
		}
		for i := range e.Jobs {
			tasks -= e.Jobs[i].Length()
		}
		if tasks != 0 {
			t.Errorf("of %v: the shares have %d tasks more than the jobs", hosts, tasks)
		}
		config, _, err := campaign.Simulation(e.Source)
		if err != nil {
			t.Fatal(err)
		}
		sim, err := statesim.New(config)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sim.Replicate(40, 1, placement.LoadNet)
		if err != nil {
			t.Fatal(err)
		}
		listed(r.Placement)
		if _, err := r.Rows(plan.InEdge); err != nil {
			t.Error(err)
		}
	}
}

// TestSampleIsOfWhatIsPlaced: all jobs count in the nodes' load, and the sample's plans have it.
func TestSampleIsOfWhatIsPlaced(t *testing.T) {
	whole, err := studied(t, "")
	if err != nil {
		t.Fatal(err)
	}
	sampled, err := studied(t, "replay: {chains: 12}")
	if err != nil {
		t.Fatal(err)
	}
	all, err := whole.Chains(plan.External)
	if err != nil {
		t.Fatal(err)
	}
	some, err := sampled.Chains(plan.External)
	if err != nil || len(some) != 12 || len(all) != len(whole.Jobs) {
		t.Fatalf("%d chains of %d, %v", len(some), len(all), err)
	}
	weights := 0.0
	for _, p := range some {
		weights += p.Weight
		of := all[p.Index]
		if of.Job != p.Job || of.Weight != 1 {
			t.Fatalf("%+v, of %+v", p, of)
		}
		for i := range p.Steps {
			if p.Steps[i].Load != of.Steps[i].Load || p.Steps[i].From != of.Steps[i].From {
				t.Errorf("%s: step %+v, of all jobs %+v", p.Job, p.Steps[i], of.Steps[i])
			}
		}
	}
	if int(weights+0.5) != len(all) {
		t.Errorf("the weights' sum is %v of %d jobs", weights, len(all))
	}
}

func TestStateAccessIsTheScenarios(t *testing.T) {
	for access, first := range map[string]plan.Role{"worker": plan.Request, "client": plan.Read} {
		e, err := studied(t, "state-access: "+access)
		if err != nil {
			t.Fatal(err)
		}
		chains, err := e.Chains(plan.InEdge)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range chains {
			for _, inv := range p.Invocations {
				if got := p.Steps[inv.Steps[0]].Role; len(inv.States) > 0 && got != first {
					t.Fatalf("%s: %s begins with a %s", access, p.Job, got)
				}
			}
		}
	}
}

// TestOrchestrationIsTheScenarios: workers call each other in those models that have a way, and the others are left out
// where none are named.
func TestOrchestrationIsTheScenarios(t *testing.T) {
	for orchestration, models := range map[string][]plan.Model{
		"client": plan.Study, "chained": {plan.External, plan.InEdge, plan.InFunction},
	} {
		e, err := studied(t, "orchestration: "+orchestration)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(e.Models, models) {
			t.Errorf("%s: models %v", orchestration, e.Models)
		}
		for _, m := range append(models, plan.StateLocal) {
			chains, err := e.Chains(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range chains {
				if chained := p.Messages != nil; chained != (orchestration == "chained" || m == plan.StateLocal) {
					t.Fatalf("%s, %s: %s has the messages %v", orchestration, m, p.Job, p.Messages)
				}
			}
		}
	}
}

func TestNobodyExecutes(t *testing.T) {
	text := "name: none\ntopology: {synth: iiot}\nworkload: {jobs: 5}\nplacement: {hosts: [nvidia_jetson_tx2]}\n"
	s, err := scenario.Parse([]byte(text), "none.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := Prepare(s) // all functions want a GPU then, for nothing else is there
	if err != nil && !errors.Is(err, placement.ErrNoNodes) || err == nil && len(e.Shares()) == 0 {
		t.Errorf("%v", err)
	}
}
