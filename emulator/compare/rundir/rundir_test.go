package rundir

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/compare"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/record/lineprotocol"
	"testbed/emulator/record/recordtest"
)

// planted writes a run's directory of n chains for each of two models, whose network is slower than predicted
// by the share given, into a new directory.
func planted(t testing.TB, n int, share float64) string {
	t.Helper()
	dir, err := record.MakeDirectory(t.TempDir(), record.RunName("planted", time.Unix(1_800_000_000, 0)))
	if err != nil {
		t.Fatal(err)
	}
	var predictions []predict.Prediction
	for _, model := range []plan.Model{plan.External, plan.InClient} {
		for i := range n {
			c, steps, p := chain(dir.Run(), model, i, share)
			if err := dir.Write(c, steps); err != nil {
				t.Fatal(err)
			}
			predictions = append(predictions, p)
			p.Engine, p.Parts = "statesim", nil
			predictions = append(predictions, p)
		}
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir.Path(), PredictionFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(predict.WriteCSV(file, predictions), file.Close()); err != nil {
		t.Fatal(err)
	}
	m := &record.Manifest{Run: dir.Run(), Seed: 3, Exit: record.OK, Fabric: "userspace", Runtime: "process",
		Scenario: []byte(`{"name":"planted"}`), Overhead: &record.Overhead{Rest: 5e-6}}
	if err := m.Write(dir.Path()); err != nil {
		t.Fatal(err)
	}
	return dir.Path()
}

// chain has five steps; a job's are the longer the higher its index.
func chain(run string, model plan.Model, index int, share float64) (record.Chain, []record.Step, predict.Prediction) {
	tags := record.Tags{
		Run: run, Testbed: "a, b=c", Scenario: "planted", Model: string(model), Policy: "load+net",
		ClientClass: "rpi 3b+", Length: 1 + index%3,
	}
	job := fmt.Sprintf("j\"%d\", \\ x", index)
	p := predict.Prediction{Engine: "transport", Job: job, Index: index, Model: model}
	at := time.Unix(1_800_000_000, int64(index)*1000)
	c := record.Chain{Tags: tags, Time: at, Index: index, Job: job, Client: "c", States: 2,
		Weight: float64(1 + index%3)}
	var steps []record.Step
	for i, role := range []plan.Role{plan.Request, plan.Read, plan.Execute, plan.Write, plan.Response} {
		parts := predict.Parts{Propagation: 1e9, Serialisation: 2e9 + int64(index)*1e5, SlowStart: 5e8}
		if role == plan.Execute {
			parts = predict.Parts{Processing: 3e9}
		}
		took := predict.Seconds(parts.Sum())
		p.Parts = append(p.Parts, parts)
		p.Steps = append(p.Steps, predict.StepPrediction{Index: i, Start: p.Total, End: p.Total + took})
		p.Total += took
		if role == plan.Execute {
			p.Processing += took
		} else {
			took *= 1 + share
			p.Network += predict.Seconds(parts.Sum())
			c.Measured.Network += took
		}
		c.Measured.Latency += took
		steps = append(steps, record.Step{
			Tags: tags, Time: c.Time.Add(time.Duration(i)), Chain: index, Job: job, Index: i, Role: role.String(),
			From: "a b", To: "c,d", Duration: took, Bytes: 7, Predicted: &took,
		})
	}
	c.Measured.Processing = p.Processing
	return c, steps, p
}

func TestOpen(t *testing.T) {
	run, err := Open(planted(t, 40, 0.1), compare.Options{Catalogue: builtin.Catalogue()})
	if err != nil {
		t.Fatal(err)
	}
	if run.Scenario != "planted" || run.Seed != 3 || run.StraySteps != 0 || run.Truncated || len(run.Reports) != 2 {
		t.Fatalf("%+v", run)
	}
	r := run.Reports[0]
	if r.Engine != "transport" || r.Policy != "load+net" || r.Seed != 3 || r.Empty == nil || r.Empty.Rest != 5e-6 ||
		len(r.Models) != 2 || len(r.Lengths) != 6 {
		t.Fatalf("%+v", r)
	}
	for _, g := range r.Models {
		if g.Chains != 40 || g.Attributed != 40 || g.States.Passed != 80 || math.Abs(g.Network.Error.Median-0.1/1.1) > 1e-9 {
			t.Errorf("%+v", g)
		}
		c, planted := g.Causes[5], 0.1*g.Network.Predicted.Mean
		if c.Cause != compare.Queueing || math.Abs(c.Difference.Mean-planted) > 1e-9 || math.Abs(c.Share-1) > 1e-6 {
			t.Errorf("%+v", c)
		}
	}
}

// What is read as a stream is what package record reads, and gives the same comparison.
func TestStreamIsWhatRecordReads(t *testing.T) {
	dir := planted(t, 10, 0.2)
	chains, err := recordtest.Points(dir, "chain")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := recordtest.Points(dir, "step")
	if err != nil {
		t.Fatal(err)
	}
	atoi := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var want []compare.Chain
	for _, c := range chains {
		one := compare.Chain{Job: c.Text("job"), Index: int(c.Int("index")), Model: plan.Model(c.Tags["model"]),
			Policy: c.Tags["policy"], Length: atoi(c.Tags["length"]), Total: c.Number("latency_s"),
			Network: c.Number("network_s"), Processing: c.Number("processing_s"), States: int(c.Int("states")),
			Lost: int(c.Int("lost")), Err: c.Text("error"), Weight: c.Number("weight")}
		for _, s := range steps {
			if s.Tags["model"] == c.Tags["model"] && s.Int("chain") == c.Int("index") {
				one.Steps = append(one.Steps, compare.Step{Index: atoi(s.Tags["step"]), Role: roleOf(s.Tags["role"]),
					Duration: s.Number("duration_s"), Task: int(s.Int("task")), Begin: s.Number("offset_s")})
			}
		}
		want = append(want, one)
	}
	if d := cmp.Diff(want, streamed(t, filepath.Join(dir, record.SamplesFile))); d != "" {
		t.Error(d)
	}
}

func roleOf(s string) plan.Role {
	for r := plan.Request; r <= plan.Response; r++ {
		if r.String() == s {
			return r
		}
	}
	return 99
}

func streamed(t *testing.T, path string) []compare.Chain {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var got []compare.Chain
	if _, err := newReader(func(c *compare.Chain) error {
		one := *c
		one.Steps = append([]compare.Step(nil), c.Steps...)
		got = append(got, one)
		return nil
	}).read(file); err != nil {
		t.Fatal(err)
	}
	return got
}

// A crash cuts off the last line, or leaves half of it; the rest is compared.
func TestTruncated(t *testing.T) {
	dir := planted(t, 4, 0)
	path := filepath.Join(dir, record.SamplesFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 20, 200} {
		if err := os.WriteFile(path, text[:len(text)-cut], 0o644); err != nil {
			t.Fatal(err)
		}
		run, err := Open(dir, compare.Options{})
		if err != nil || !run.Truncated || run.Reports[0].Models[1].Chains != 4 || run.Reports[0].Models[1].Attributed != 3 {
			t.Errorf("%d bytes less: %+v, %v", cut, run, err)
		}
	}
	broken := strings.Replace(string(text), "duration_s=", "duration_s=x", 1)
	if err := os.WriteFile(path, []byte(broken), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, compare.Options{}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("%v", err)
	}
}

func TestRunsFromDirectories(t *testing.T) {
	c, err := Compare([]string{planted(t, 20, 0), planted(t, 20, 0.5)}, compare.Options{})
	if err != nil || len(c.Runs) != 2 || len(c.Differences) != 6 {
		t.Fatalf("%+v, %v", c, err)
	}
	d := c.Differences[2]
	if d.Quantity != "network" || !d.Paired || d.Chains != 20 || math.Abs(d.Ratio.Ratio-1.5) > 1e-9 {
		t.Errorf("%+v", d)
	}
	if _, err := Compare([]string{t.TempDir()}, compare.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty directory passes for a run: %v", err)
	}
}

// What says how far a chain can be trusted is read. The host's part is known only where the fabric tells of its own.
func TestTrust(t *testing.T) {
	host := &record.HostLate{All: 0.004, Nodes: 0.001, Fabric: 0.003, FabricKnown: true}
	part := &record.HostLate{All: 0.001, Nodes: 0.001}
	for _, c := range []struct {
		host      *record.HostLate
		disturbed bool
		want      compare.Chain
	}{
		{host, true, compare.Chain{Start: 77, HostLate: 0.004, HostKnown: true, Disturbed: true}},
		{part, false, compare.Chain{Start: 77, HostLate: 0.001}},
		{nil, false, compare.Chain{Start: 77}},
	} {
		written := record.Chain{Tags: record.Tags{Model: "external", Length: 1}, Time: time.Unix(1, 0), Start: 77,
			Host: c.host, Disturbed: c.disturbed}
		line, err := lineprotocol.Append(nil, written.Point())
		if err != nil {
			t.Fatal(err)
		}
		var got compare.Chain
		r := newReader(func(c *compare.Chain) error { got = *c; return nil })
		if _, err := r.read(strings.NewReader(string(line))); err != nil || got.Start != c.want.Start ||
			got.HostLate != c.want.HostLate || got.HostKnown != c.want.HostKnown || got.Disturbed != c.want.Disturbed {
			t.Errorf("%+v, %v; want %+v", got, err, c.want)
		}
	}
}

// Steps that are not behind their chain are counted, not given to another.
func TestStraySteps(t *testing.T) {
	c, steps, _ := chain("r", plan.External, 1, 0)
	var text []byte
	for i := range steps {
		steps[i].Chain = i / 3
		text, _ = lineprotocol.Append(text, steps[i].Point())
		if i == 1 {
			text, _ = lineprotocol.Append(text, c.Point())
		}
	}
	n := 0
	r := newReader(func(c *compare.Chain) error { n += len(c.Steps); return nil })
	if _, err := r.read(strings.NewReader(string(text))); err != nil || n != 2 || r.stray != 3 {
		t.Errorf("%d steps, %d stray, %v", n, r.stray, err)
	}
}

// Whatever a line holds that package record writes, it is read as it was; anything else is an error at most.
func FuzzLines(f *testing.F) {
	f.Add("job \"1\"", "load+net", "timed out", 0.5, 3)
	f.Add(`a\`, "b ,=c", `\"`, 1e-9, 0)
	f.Add("x", `\ `, "", -8.0, 0)
	f.Add("\t\\t", "b", "\r\n", 0.0, 1)
	f.Fuzz(func(t *testing.T, job, policy, failure string, latency float64, index int) {
		c := record.Chain{
			Tags: record.Tags{Model: "external", Policy: policy, Length: 2}, Time: time.Unix(1, 0), Index: index,
			Job: job, Measured: record.Times{Latency: latency}, Error: failure,
		}
		line, err := lineprotocol.Append(nil, c.Point())
		if err != nil {
			return
		}
		var got compare.Chain
		r := newReader(func(c *compare.Chain) error { got = *c; return nil })
		if _, err := r.read(strings.NewReader(string(line))); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		var want record.Chain
		if err := lineprotocol.Read(strings.NewReader(string(line)), func(p lineprotocol.Point) error {
			want.Policy, want.Job, want.Error = p.Tags["policy"], p.Text("job"), p.Text("error")
			return nil
		}); err != nil {
			t.Skip(err)
		}
		if latency > 0 {
			want.Error = ""
		}
		wrong := got.Policy != want.Policy || got.Job != want.Job || got.Err != want.Error || got.Index != index
		if wrong || got.Total != latency && latency == latency {
			t.Fatalf("%+v of %s, want %q %q %q", got, line, want.Policy, want.Job, want.Error)
		}
		lines := "chain," + job + "\nstep," + policy + " " + failure + " 1\n"
		_, _ = newReader(func(*compare.Chain) error { return nil }).read(strings.NewReader(lines))
	})
}
