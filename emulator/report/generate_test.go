package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/report/run"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// nasty is a name that a scenario may give: what ends a script, an attribute, a style and a comment.
const nasty = `</script><script>document.title="owned"</script>"'<!-- ]]> {{.}} \u2028`

var generated = []plan.Model{plan.External, plan.InEdge, plan.InFunction, plan.InClient}

// star is a topology of so many hosts around a switch, with one link whose name is nasty.
func star(t testing.TB, hosts int) *topology.Topology {
	t.Helper()
	top := topology.New(nasty)
	add := func(v topology.Vertex) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	centre := add(topology.Vertex{Name: "switch", Kind: topology.Switch})
	for i := range hosts {
		host := add(topology.Vertex{Name: fmt.Sprintf("host_%d", i), Class: []string{"rpi", "server", nasty}[i%3]})
		name := fmt.Sprintf("link_%d", i)
		if i == 0 {
			name = nasty
		}
		shape := topology.Shape{Rate: 50 * units.Mbps, Delay: 2 * time.Millisecond}
		link := add(topology.Vertex{Name: name, Kind: topology.Link, Class: "access", Shape: [2]topology.Shape{shape, shape}})
		top.Join(host, link, 0)
		top.Join(link, centre, 0)
	}
	return top
}

// generate makes a run's directory of so many chains, as a run would have left it.
func generate(t testing.TB, chains int) string {
	t.Helper()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("generated", start))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, uint64(chains)))
	tags := record.Tags{
		Run: d.Run(), Testbed: "generated", Scenario: nasty, Policy: "load+net", Fabric: "userspace", Runtime: "process",
		ClientClass: "rpi",
	}
	m := &record.Manifest{
		Run: d.Run(), Testbed: "generated", File: nasty,
		Scenario: []byte(fmt.Sprintf(`{"name":%q,"description":"it's </pre>"}`, "x</script>y")),
		Seed:     7, Version: "test-dirty", Kernel: "linux/amd64 6.1", Runtime: "process", Fabric: "userspace",
		Arrival: "sequential", Compute: "allotted", TCP: map[string]string{"net/ipv4/tcp_congestion_control": "cubic"},
		Start: start, Exit: record.OK, Overhead: &record.Overhead{Calls: 40, Self: 1e-6, Pair: 0.015},
		Events: []record.Event{
			{Model: "external", What: []string{"down " + nasty}, Scheduled: 1.5, Actual: 1.5021, Took: 0.001},
			{Model: "in-edge", What: []string{"up l"}, Scheduled: 900, Missed: true},
		},
		Fidelity: []record.Fidelity{
			{From: "a", To: nasty, Class: "access", Quantity: "rtt_s", Target: 0.008, Measured: 0.0081, OK: true},
			{From: "a", To: "b", Class: "access", Quantity: "goodput_bps", Target: 5e7, Measured: 4.5e7},
		},
	}
	var predictions []predict.Prediction
	var rows []compare.Chain
	now := start
	each := chains / len(generated)
	for k, model := range generated {
		tags.Model = string(model)
		for i := range each {
			c, steps, p := chain(random, tags, k, i)
			now = now.Add(time.Duration(c.Measured.Latency * 1e9))
			c.Time = now
			if err := d.Write(c, steps); err != nil {
				t.Fatal(err)
			}
			predictions = append(predictions, p...)
			rows = append(rows, compare.Chain{
				Index: i, Model: model, Policy: tags.Policy, Length: c.Length,
				Total: c.Measured.Latency, Network: c.Measured.Network, Processing: c.Measured.Processing,
			})
		}
		m.Models = append(m.Models, record.ModelCounts{Model: string(model), Planned: each, Done: each})
	}
	top := star(t, 40)
	observe(t, d, top, start, now)
	for _, id := range top.Links() {
		for dir := range 2 {
			m.Queues = append(m.Queues, fabric.QueueStatus{
				Link: top.Vertices[id].Name, Dir: dir, From: nasty, Rate: 50 * units.Mbps, Delay: 2 * time.Millisecond,
				Bytes: uint64(id), Note: nasty,
			})
		}
	}
	m.End, m.Samples = now, d.Counts()
	finish(t, d, m, top, predictions, rows)
	return d.Path()
}

// chain is a chain with two steps and two predictions.
func chain(random *rand.Rand, tags record.Tags, model, i int) (record.Chain, []record.Step, []predict.Prediction) {
	tags.Length = 1 + i%6
	latency := math.Exp(random.NormFloat64()) * 0.05 * float64(1+model) * float64(tags.Length)
	c := record.Chain{Tags: tags, Index: i, Job: fmt.Sprintf("j_%d", i), Client: "host_0", Start: 1, Bytes: 1e6, States: 1,
		Measured: record.Times{Latency: latency, Network: 0.8 * latency, Processing: 0.2 * latency}}
	late := 1e-4 * float64(i%7)
	c.Host = &record.HostLate{All: 1.5 * late, Fabric: late, Nodes: late / 2, FabricKnown: true}
	var steps []record.Step
	for s := range 2 * tags.Length {
		steps = append(steps, record.Step{
			Tags: tags, Time: time.Unix(int64(i), int64(s)), Chain: i, Job: c.Job, Index: s, Role: "request",
			From: "host_0", To: "host_1", Bytes: 1e5, Duration: 0.01,
		})
	}
	var predictions []predict.Prediction
	for e, engine := range []string{"transport", "statesim"} {
		predicted := latency * math.Exp((0.03+0.3*float64(e))*random.NormFloat64())
		halves := []predict.StepPrediction{{End: predicted / 2}, {Index: 1, Start: predicted / 2, End: predicted}}
		predictions = append(predictions, predict.Prediction{
			Engine: engine, Job: c.Job, Index: i, Model: plan.Model(tags.Model), Total: predicted,
			Network: 0.8 * predicted, Processing: 0.2 * predicted, Traffic: 2e6, Steps: halves,
		})
	}
	return c, steps, predictions
}

// observe adds samples of links and of the host: at most 300 rounds.
func observe(t testing.TB, d *record.Directory, top *topology.Topology, from, to time.Time) {
	t.Helper()
	interval := max(to.Sub(from)/300, 100*time.Millisecond)
	sent := int64(0)
	for at := from.Add(interval); at.Before(to); at = at.Add(interval) {
		var links []record.Link
		sent += 100_000
		for i, id := range top.Links() {
			links = append(links, record.Link{
				Run: d.Run(), Link: top.Vertices[id].Name, Class: "access", Time: at, Interval: interval.Seconds(),
				Bytes: sent, Rate: 50 * units.Mbps,
				Utilisation: 0.01 * float64(40-i%40) * (1 + math.Sin(at.Sub(from).Seconds())),
			})
		}
		host := &record.Host{
			Run: d.Run(), Time: at, Interval: interval.Seconds(), Busy: 0.4, Steal: 0.01, Load1: 1,
			MemoryUsed: 2e9, MemoryTotal: 8e9, Processors: 2,
			Late: &record.PacketsLate{Packets: 1000, P50: 1e-5, P99: 1e-4 * (1 + at.Sub(from).Seconds()/100), Max: 3e-4},
		}
		if err := d.Observe(links, host); err != nil {
			t.Fatal(err)
		}
	}
}

// finish writes the files that come with the samples.
func finish(
	t testing.TB, d *record.Directory, m *record.Manifest, top *topology.Topology,
	predictions []predict.Prediction, rows []compare.Chain,
) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(d.Path()); err != nil {
		t.Fatal(err)
	}
	if err := record.WriteTopology(d.Path(), top); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(d.Path(), run.PredictionFile), func(f *os.File) error {
		return predict.WriteCSV(f, predictions)
	})
	options := compare.Options{Catalogue: builtin.Catalogue(), Seed: 1, Resamples: 20}
	reports, err := compare.All(rows, predictions, options)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(d.Path(), run.ComparisonFile), func(f *os.File) error { return compare.WriteJSON(f, reports) })
}

func write(t testing.TB, path string, fill func(*os.File) error) {
	t.Helper()
	f, err := os.Create(path)
	if err == nil {
		err = fill(f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
