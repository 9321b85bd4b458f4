package emulator_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/faas/keyspace"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
)

// functionsHere copies the examples of functions to where everybody may execute them, builds those in Go, and returns
// the directory.
func functionsHere(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		testenv.Missing(t, err.Error())
	}
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "functions"), os.DirFS("../scenarios/functions")); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "functions")+"/go/", "./...")
	build.Dir = "../scenarios/functions"
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return dir
}

// variant is how the shipped scenario's functions are executed.
type variant struct{ runtime, language string }

func (v variant) String() string { return v.language + " on runtime " + v.runtime }

// functions is the shipped scenario with fewer jobs, as a variant has it, and with more keys.
func functions(t *testing.T, dir string, v variant, keys string) *scenario.Scenario {
	t.Helper()
	text, err := os.ReadFile("../scenarios/functions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	edits := []string{"name: functions\n", fmt.Sprintf("name: fn-%d\n", os.Getpid()),
		"count: 12", fmt.Sprintf("count: %d", jobsEach())}
	switch {
	case v.runtime == "docker":
		edits = append(edits, "runtime: process", "runtime: docker")
		for _, name := range []string{"detect", "counter"} {
			command := fmt.Sprintf("command: [/usr/bin/python3, %s.py], dir: functions", name)
			edits = append(edits, command, fmt.Sprintf("image: %q", v.image(name)))
		}
	case v.language == "go":
		edits = append(edits, "/usr/bin/python3, detect.py", "go/detect", "/usr/bin/python3, counter.py", "go/counter")
	}
	path := filepath.Join(dir, "functions.yaml")
	edited := strings.NewReplacer(edits...).Replace(string(text)) + keys
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := emulator.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return s.Source
}

// jobsEach is how many jobs each of the two clients has: few where nothing can be said of their times.
func jobsEach() int { return int(testenv.OnQuietMachine(6, 1)) }

// executed runs a scenario, and returns its chains, but for attempts that were made again, and its manifest.
func executed(t *testing.T, s *scenario.Scenario, profiler *run.Profiler) ([]record.Chain, *record.Manifest) {
	t.Helper()
	w, dir, sink := newReal(t), t.TempDir(), &kept{}
	e, err := resolved.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	sinks := []record.Sink{sink}
	if profiler != nil {
		sinks = append(sinks, profiler)
	}
	outcome := w.carriedOut(t, e, dir, sinks...)
	m, err := record.ReadManifest(outcome.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(sink.chains, func(c record.Chain) bool { return c.Superseded }), m
}

// TestFunctionsInAllModels: the same programs, in Python and in Go, give the same results and leave the same states
// under the four models; the states' contents are those that the functions must have written; and what a profile tells
// of them predicts all models.
func TestFunctionsInAllModels(t *testing.T) {
	testenv.Privileged(t)
	dir := functionsHere(t)
	python := variant{"process", "python"}
	first := inAllModels(t, dir, python, profiled(t, dir, python))
	sameAs(t, first, inAllModels(t, dir, variant{"process", "go"}, ""))
}

// inAllModels runs the functions under the four models, holds their states' contents against what must have been
// written, and returns what each job gave, by index. keys are more of the scenario's; those of a profile predict.
func inAllModels(t *testing.T, dir string, v variant, keys string) map[int]string {
	t.Helper()
	chains, m := executed(t, functions(t, dir, v, keys), nil)
	if a := m.Agreement; a == nil || a.Compared != 2*jobsEach() || a.Differing+a.LeftOut > 0 {
		t.Errorf("%s: %+v", v, a)
	}
	given := map[int]string{}
	for i := range chains {
		c := &chains[i]
		given[c.Index] = gave(c)
		holdStates(t, dir, c)
		if known := c.Predicted != nil; known != (keys != "") {
			t.Errorf("%s, %s, %s: predicted: %v", v, c.Model, c.Job, known)
		}
	}
	if len(chains) != 8*jobsEach() || len(given) != 2*jobsEach() {
		t.Errorf("%s: %d chains of %d jobs", v, len(chains), len(given))
	}
	predictedWell(t, v, chains)
	return given
}

// sameAs fails where jobs gave something else than those of the first variant.
func sameAs(t *testing.T, first, given map[int]string) {
	t.Helper()
	for index, text := range given {
		if text != first[index] {
			t.Errorf("job %d differs between variants:\n%s\n%s", index, text, first[index])
		}
	}
}

// profiled writes the scenario's profile, and returns the key that has it read.
func profiled(t *testing.T, dir string, v variant) string {
	t.Helper()
	s := functions(t, dir, v, "")
	name := s.Name
	digest, err := run.Profiled(s, "")
	if err != nil {
		t.Fatal(err)
	}
	profiler := &run.Profiler{}
	_, m := executed(t, s, profiler)
	p, err := profiler.Profile(m, name, digest, "")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "f.profile"), text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return "profile: f.profile\n"
}

// gave are a chain's results and states.
func gave(c *record.Chain) string {
	text := ""
	for _, p := range c.Programs {
		text += fmt.Sprintf("%s(%d bytes) = %s (%d bytes), states %v\n", p.Function, p.Argument, p.Digest, p.Result, p.States)
	}
	return text + strings.Join(c.StateDigests, " ")
}

// holdStates holds the content of a chain's states against what its functions must have written: the last 64 readings,
// and the number and bytes of detections.
func holdStates(t *testing.T, dir string, c *record.Chain) {
	t.Helper()
	calls, bytes, window := 0, int64(0), []string{}
	for _, p := range c.Programs {
		if p.Function == "counter" {
			calls, bytes = calls+1, bytes+p.Argument
			continue
		}
		window = append(window, strings.Fields(string(readings(t, dir, p.Argument)))...)
		window = window[max(0, len(window)-64):]
	}
	for i, want := range []struct{ key, value string }{
		{"window", "[" + strings.Join(window, ",") + "]"}, {"total", fmt.Sprintf(`{"calls":%d,"bytes":%d}`, calls, bytes)},
	} {
		space := keyspace.New(0)
		if err := space.Set(want.key, []byte(want.value)); err != nil {
			t.Fatal(err)
		}
		if calls != 2 || len(c.StateDigests) != 2 || c.StateDigests[i] != space.Digest() {
			t.Errorf("%s, %s: states %v after %d calls; want %s = %s, which is %s", c.Model, c.Job, c.StateDigests, calls,
				want.key, want.value, space.Digest())
		}
	}
}

// readings are the file of so many bytes, of which there is one.
func readings(t *testing.T, dir string, size int64) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "functions", "readings", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if text, err := os.ReadFile(path); err == nil && int64(len(text)) == size {
			return text
		}
	}
	t.Fatalf("no readings have %d bytes", size)
	return nil
}

// predictedWell logs the median error of each model's undisturbed chains; on a quiet machine it is at most 10 %.
func predictedWell(t *testing.T, v variant, chains []record.Chain) {
	t.Helper()
	errors := map[string][]float64{}
	for _, c := range chains {
		if c.Predicted != nil && !c.Disturbed {
			errors[c.Model] = append(errors[c.Model], math.Abs(c.Predicted.Latency/c.Measured.Latency-1))
		}
	}
	for model, all := range errors {
		slices.Sort(all)
		median := all[len(all)/2]
		t.Logf("%s, %s: %d chains, error of the prediction %.1f %% at the median", v, model, len(all), 100*median)
		if limit := testenv.OnQuietMachine(0.1, math.Inf(1)); median > limit {
			t.Errorf("%s, %s: want at most %.0f %%", v, model, 100*limit)
		}
	}
}
