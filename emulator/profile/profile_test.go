package profile

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"testbed/emulator/workload"
)

func about() About {
	return About{
		Scenario: "functions", Digest: strings.Repeat("0a", 32), Model: "in-function", Host: "host", Kernel: "6.1",
		Runtime: "process", Fabric: "userspace", Program: "dev", Chains: 2,
		Made: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC),
	}
}

func sample(job string, task int, function string, argument, result int64, took time.Duration, states ...State) Sample {
	return Sample{job, task, function, argument, result, took, states}
}

func example() *Profile {
	return Make(about(), []Sample{
		sample("a", 0, "count", 100, 8, 3*time.Millisecond, State{0, 20}),
		sample("a", 1, "detect", 1000, 30, 10*time.Millisecond, State{0, 50}, State{1, 1}),
		sample("b", 0, "count", 100, 8, 1*time.Millisecond, State{20, 21}),
		sample("b", 1, "detect", 3000, 50, 30*time.Millisecond, State{50, 150}, State{1, 3}),
		sample("b", 0, "count", 100, 10, 2*time.Millisecond, State{20, 22}),
	}, map[string][]time.Duration{"count": {70 * time.Millisecond, 50 * time.Millisecond}})
}

func written(t *testing.T, p *Profile) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestWrittenIsRead(t *testing.T) {
	p := example()
	text := written(t, p)
	back, err := Parse(text, "f")
	if err != nil || !reflect.DeepEqual(back, p) {
		t.Fatalf("%v\n%s\nis not\n%s", err, written(t, back), text)
	}
	if again := written(t, example()); !bytes.Equal(again, text) {
		t.Errorf("the same gives another text:\n%s\n%s", text, again)
	}
	if n := bytes.Count(text, []byte("\n")); n != 1+2+4 {
		t.Errorf("%d lines:\n%s", n, text)
	}
}

func TestMediansOfFunctionsAndTasks(t *testing.T) {
	p := example()
	count := p.Functions[0]
	if in := count.Inputs[0]; count.Name != "count" || len(count.Inputs) != 1 ||
		in.Duration.Median != 2*time.Millisecond || in.Duration.Min != time.Millisecond ||
		in.Duration.Max != 3*time.Millisecond ||
		in.Result != 8 ||
		in.States[0] != (State{20, 21}) {
		t.Errorf("count: %+v", count)
	}
	if s := count.Starts; s == nil || s.Count != 2 || s.Min != 50*time.Millisecond || s.Max != 70*time.Millisecond {
		t.Errorf("starts: %+v", s)
	}
	want := Task{"b", 0, "count", 100, 8, time.Millisecond, []State{{20, 21}}}
	if got := p.Tasks[2]; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, not %+v", got, want)
	}
}

func TestManySizesShareInputs(t *testing.T) {
	var samples []Sample
	for i := range int64(1000) {
		samples = append(samples, sample(fmt.Sprint("j", i), 0, "f", 1000-i, i, time.Duration(i)))
	}
	f := Make(about(), samples, nil).Functions[0]
	if len(f.Inputs) > maxInputs || len(f.Inputs) < maxInputs/2 || f.Invocations != 1000 {
		t.Fatalf("%d inputs of %d invocations", len(f.Inputs), f.Invocations)
	}
	if err := newChecker().function(&f); err != nil {
		t.Error(err)
	}
}

func TestMeasure(t *testing.T) {
	jobs := []workload.Job{
		{Name: "a", States: []int64{0, 1}, Tasks: []workload.Task{
			{Function: "count", Argument: 100, States: []int{0}},
			{Function: "detect", Argument: 7, After: []int{0}, States: []int{0, 1}},
		}},
		{Name: "new", States: []int64{9, 4}, Tasks: []workload.Task{
			{Function: "detect", Argument: 2000, States: []int{0, 1}},
			{Function: "detect", Argument: 5000, States: []int{0, 1}},
			{Function: "detect", Argument: 5000, After: []int{0, 1}, States: []int{0}},
			{Function: "other"}, {Function: "plain", Argument: 3},
		}},
	}
	origins := map[string]Origin{"count": Synthetic, "detect": Synthetic, "other": Payload}
	c := example().Measure(jobs, func(f string) Origin { return origins[f] })
	if c.Tasks != 6 || c.Known != 2 || c.Beyond != 2 || !reflect.DeepEqual(c.Missing, []string{"other"}) {
		t.Errorf("%+v", c)
	}
	for _, want := range []struct {
		job, task int
		measured  *workload.Measured
	}{
		{0, 0, &workload.Measured{Argument: 100, Result: 8, Duration: 2 * time.Millisecond,
			States: []workload.Resized{{Written: 20}}}},
		{0, 1, &workload.Measured{Argument: 1000, Result: 30, Duration: 10 * time.Millisecond,
			States: []workload.Resized{{Written: 50}, {Read: 1, Written: 1}}}},
		{1, 0, &workload.Measured{Argument: 2000, Result: 40, Duration: 20 * time.Millisecond,
			States: []workload.Resized{{Read: 25, Written: 100}, {Read: 1, Written: 2}}}},
		{1, 1, &workload.Measured{Argument: 5000, Result: 50, Duration: 30 * time.Millisecond,
			States: []workload.Resized{{Read: 50, Written: 150}, {Read: 1, Written: 3}}}},
		{1, 3, nil},
		{1, 4, nil},
	} {
		if got := jobs[want.job].Tasks[want.task].Measured; !reflect.DeepEqual(got, want.measured) {
			t.Errorf("job %d, task %d: %+v, not %+v", want.job, want.task, got, want.measured)
		}
	}
	if of := jobs[1].Tasks; !of[3].Program || of[4].Program {
		t.Error("a program counts as builtin, or the other way round")
	}
	origins["detect"] = Previous
	example().Measure(jobs, func(f string) Origin { return origins[f] })
	if got := jobs[1].Tasks[2].Measured.Argument; got != 40+50 {
		t.Errorf("the results before have %d bytes", got)
	}
}

func TestPayloadIsOfTheMiddleSize(t *testing.T) {
	jobs := []workload.Job{{Name: "x", Tasks: []workload.Task{{Function: "f", Argument: 1}}}}
	p := Make(about(), []Sample{
		sample("a", 0, "f", 10, 1, 1), sample("b", 0, "f", 20, 2, 2), sample("c", 0, "f", 90, 3, 3),
	}, nil)
	p.Measure(jobs, func(string) Origin { return Payload })
	if got := jobs[0].Tasks[0].Measured; got.Argument != 20 || got.Result != 2 {
		t.Errorf("%+v", got)
	}
}

func TestRepetitionsOfAJobAreToldApart(t *testing.T) {
	tasks := []workload.Task{{Function: "f"}}
	jobs := []workload.Job{{Name: "j.1", Tasks: tasks}, {Name: "j.2", Tasks: tasks}}
	p := Make(about(), []Sample{sample("j.1", 0, "f", 0, 1, 1), sample("j.2", 0, "f", 0, 2, 1)}, nil)
	p.Measure(jobs, func(string) Origin { return Synthetic })
	if a, b := jobs[0].Tasks[0].Measured.Result, jobs[1].Tasks[0].Measured.Result; a != 1 || b != 2 {
		t.Errorf("results of %d and %d bytes", a, b)
	}
}

func TestMalformed(t *testing.T) {
	text := string(written(t, example()))
	lines := strings.SplitAfter(text, "\n")
	with := func(old, by string) string { return strings.Replace(text, old, by, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "f: it is empty"},
		"blank":          {"\n\n", "f: it is empty"},
		"no object":      {"[]\n", "f:1: it is no line of a profile"},
		"no profile":     {lines[1], "f:1: a profile begins with"},
		"two headers":    {lines[0] + lines[0], "f:2: want one of"},
		"nothing":        {lines[0], "f: nothing was measured"},
		"other format":   {with(`"format":1`, `"format":2`), "f:1: it is a profile of format 2"},
		"unknown key":    {with(`"result_bytes":8`, `"results":8`), `f:2: it is no line of a profile: json: unknown field`},
		"digest":         {with("0a0a", "0a0x"), "f:1: scenario_sha256"},
		"negative":       {with(`"result_bytes":8`, `"result_bytes":-8`), "f:2: function count, input of 100 bytes"},
		"descending":     {with(`"argument_bytes":1000`, `"argument_bytes":4000`), "f:3: function detect: the input of 3000"},
		"quantiles":      {with(`"min_ns":1000000`, `"min_ns":9000000`), "f:2: function count, input of 100 bytes: duration"},
		"sum":            {with(`"invocations":3`, `"invocations":4`), "f:2: function count: 4 invocations"},
		"twice":          {lines[0] + lines[1] + lines[1], "f:3: the function \"count\" comes after"},
		"unknown":        {lines[0] + lines[1] + lines[4], "f:3: job a, task 1: there is no function \"detect\""},
		"task twice":     {text + lines[4], "f:8: job a: task 1"},
		"two in a line":  {strings.TrimSuffix(lines[0], "\n") + lines[1], "f:1: there is more than one"},
		"both":           {lines[0] + `{"function":{},"task":{}}`, "f:2: want one of"},
		"long duration":  {with(`"duration_ns":3000000`, `"duration_ns":99000000000000`), "f:4: job a, task 0: duration"},
		"control":        {with(`"job":"a"`, `"job":"a\u001b"`), "f:4: job"},
		"too many bytes": {lines[0] + `{"x":"` + strings.Repeat("x", maxLine) + `"}`, "f:2: the line has"},
	} {
		if _, err := Parse([]byte(c.text), "f"); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, not %s", name, err, c.want)
		}
	}
}

func TestWriteRefusesWhatIsNotRead(t *testing.T) {
	p := example()
	p.About.Digest = "x"
	if err := p.Write(&bytes.Buffer{}); err == nil {
		t.Error("a profile without a digest is written")
	}
}

// FuzzParse: what is read is written and read again as the same, and fits every job.
func FuzzParse(f *testing.F) {
	var text bytes.Buffer
	if err := example().Write(&text); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes(), int64(1500))
	f.Add([]byte("{}"), int64(0))
	f.Fuzz(func(t *testing.T, text []byte, argument int64) {
		p, err := Parse(text, "f")
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatalf("%q cannot be written: %v", text, err)
		}
		back, err := Parse(out.Bytes(), "f")
		if err != nil {
			t.Fatalf("%q: %v", out.Bytes(), err)
		}
		if again := written(t, back); !bytes.Equal(again, out.Bytes()) {
			t.Fatalf("%q\n%q", out.Bytes(), again)
		}
		jobs := []workload.Job{{Name: "a", States: []int64{1}, Tasks: []workload.Task{
			{Function: p.Functions[0].Name, Argument: max(0, argument), States: []int{0}},
		}}}
		p.Measure(jobs, func(string) Origin { return Synthetic })
		m := jobs[0].Tasks[0].Measured
		if m == nil || m.Argument < 0 || m.Result < 0 || m.Duration < 0 || len(m.States) != 1 || m.States[0].Written < 0 {
			t.Fatalf("%+v", m)
		}
	})
}
