package scenario_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/units"
)

// shipped are the scenarios of the project. Those that need reference data which is kept beside the
// project are left out, and said to be, where it is absent.
func shipped(t *testing.T, each func(t *testing.T, path string)) {
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scenarios: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if _, err := os.Stat("../../../shared/reference"); err != nil && filepath.Base(path) == "published.yaml" {
				t.Skipf("the reference data beside the project is absent: %v", err)
			}
			each(t, path)
		})
	}
}

func TestShipped(t *testing.T) {
	schema := compileSchema(t)
	hosts := map[string]int{
		"iiot.yaml": 80, "scale-500.yaml": 500, "smoke.yaml": 6, "events.yaml": 6, "published.yaml": 80,
	}
	shipped(t, func(t *testing.T, path string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := bySchema(schema, string(data)); err != nil {
			t.Error(err)
		}
		s, err := scenario.Load(path, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, s)
		e, err := resolved.Prepare(s)
		if err != nil {
			t.Fatal(err)
		}
		network := e.Topology
		if want := hosts[filepath.Base(path)]; want > 0 && len(network.Hosts()) != want {
			t.Errorf("%d hosts, want %d", len(network.Hosts()), want)
		}
		if len(s.Clients(network)) == 0 {
			t.Error("no clients")
		}
		tasks := 0
		for _, j := range e.Jobs {
			tasks += j.Length()
		}
		for _, m := range e.Models {
			plans, err := e.Plans(m, plan.ByWorker)
			if err != nil || len(plans) != len(e.Jobs) {
				t.Errorf("%s: %d plans of %d jobs: %v", m, len(plans), len(e.Jobs), err)
			}
		}
		t.Logf("%d hosts, %d clients, %d jobs, %d tasks", len(network.Hosts()), len(s.Clients(network)), len(e.Jobs), tasks)
	})
}

// TestDemonstration holds the scenario of the README to what is said of it.
func TestDemonstration(t *testing.T) {
	s, err := scenario.Load("../../scenarios/iiot.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	set, err := s.Jobs()
	if err != nil {
		t.Fatal(err)
	}
	tasks := 0
	for _, j := range set.Jobs {
		tasks += j.Length()
	}
	if n := len(set.Jobs); n != 25 || tasks < 2*n || tasks > 4*n {
		t.Errorf("%d chains with %d invocations; the file says 25, and they are to be 2 to 4 long on average", n, tasks)
	}
	network, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	cloud, ok := network.Cloud()
	if !ok {
		t.Fatal("no cloud")
	}
	tree := network.TreeTo(cloud)
	for _, h := range network.Hosts() {
		hops, delay := tree.Hops(nil, h)
		if len(hops) != 1 || delay != 60*time.Millisecond || network.Bottleneck(hops) != 50*units.Mbps {
			t.Fatalf("%s is %v in %d hops at %v from the cloud, want 60ms, 1, 50Mbps",
				network.Vertices[h].Name, delay, len(hops), network.Bottleneck(hops))
		}
	}
}

// TestModels holds the words of the file against the models that plans can be built for.
func TestModels(t *testing.T) {
	with := func(keys string) error {
		_, err := scenario.Parse([]byte("name: x\ntopology: {synth: iiot}\n"+keys+"\n"), "f", builtin.Catalogue())
		return err
	}
	for _, m := range plan.Models {
		if err := with("cloud: {}\nmodels: [" + string(m) + "]"); err != nil {
			t.Error(err)
		}
	}
	err := with("models: [x]")
	if want := len(plan.Models); err == nil || strings.Count(err.Error(), ",") != want-1 {
		t.Errorf("%v lists other words than the %d models", err, want)
	}
	for _, p := range placement.Policies {
		if err := with("placement: {policy: " + string(p) + "}"); err != nil {
			t.Error(err)
		}
	}
	for _, m := range placement.SpeedModels {
		if err := with("placement: {speed: " + string(m) + "}"); err != nil {
			t.Error(err)
		}
	}
}

// TestEventsScenario holds the scenario to what it says of itself.
func TestEventsScenario(t *testing.T) {
	s, err := scenario.Load("../../scenarios/events.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	last := e.Moments[len(e.Moments)-1]
	// The windows end at the latest at 12 s; the last change within them comes before.
	if last.At > 12*time.Second || len(last.Shapes) > 0 || len(last.Down) > 0 || len(last.Partition) > 0 {
		t.Errorf("after all events, at %v, the network is not as before: %+v", last.At, last)
	}
	var gone time.Duration // the longest time for which packets may be lost altogether
	for i, m := range e.Moments {
		if (len(m.Down) > 0 || len(m.Partition) > 0) && i+1 < len(e.Moments) {
			gone = max(gone, e.Moments[i+1].At-m.At)
		}
	}
	if gone == 0 || gone > s.Replay.Timeout/10 {
		t.Errorf("something is cut off for %v, with a timeout of %v", gone, s.Replay.Timeout)
	}
	if chains := float64(len(e.Jobs)); chains/s.Replay.Arrival.Options.Of("rate") < 12 {
		t.Errorf("%v chains at %v/s are over before the events", chains, s.Replay.Arrival.Options.Of("rate"))
	}
}

// TestFigure3 holds the scenario to the messages of the study's figure: who sends how many bytes to whom.
func TestFigure3(t *testing.T) {
	s, err := scenario.Load("../../scenarios/figure3.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	const in1, out12, out13, out23, out3, state = 10_000, 40_000, 20_000, 30_000, 5_000, 500_000
	requests := []int64{in1 + state, out12 + state, out13 + out23}
	responses := []int64{out12 + out13 + state, out23 + state, out3}
	plans, err := e.Chains(plan.InClient)
	if err != nil || len(plans) != 5 {
		t.Fatalf("%d chains, %v", len(plans), err)
	}
	for _, p := range plans {
		var got [2][]int64
		workers := map[string]bool{}
		for _, step := range p.Steps {
			if step.Kind == plan.Compute {
				workers[e.Topology.Vertices[step.From].Name] = true
				continue
			}
			way := map[plan.Role]int{plan.Request: 0, plan.Response: 1}[step.Role]
			got[way] = append(got[way], step.Bytes)
			if client := []int{int(step.From), int(step.To)}[way]; e.Topology.Vertices[client].Name != "client" {
				t.Errorf("%s: the client has no part in %+v", p.Job, step)
			}
		}
		if !slices.Equal(got[0], requests) || !slices.Equal(got[1], responses) || len(workers) < 2 || workers["client"] {
			t.Errorf("%s: requests %v and responses %v, by %v", p.Job, got[0], got[1], workers)
		}
	}
}
