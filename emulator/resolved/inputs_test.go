package resolved

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
	"testbed/emulator/topology/ether"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload/spar"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// withFiles is a scenario that reads a topology in ether's format and a trace, by a relative path and an absolute one.
func withFiles(t *testing.T) *scenario.Scenario {
	t.Helper()
	dir := t.TempDir()
	var trace strings.Builder
	if err := spar.Write(&trace, spar.Synthesize(200, 3)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "data", "my trace.csv"), trace.String())
	var files [3]strings.Builder
	graph, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := ether.Write(graph, &files[0], &files[1], &files[2]); err != nil {
		t.Fatal(err)
	}
	for i, suffix := range ether.Suffixes {
		write(t, filepath.Join(dir, "data", "net"+suffix), files[i].String())
	}
	path := filepath.Join(dir, "scenarios", "s.yaml")
	write(t, path, fmt.Sprintf(`name: files
topology: {ether: ../data/net}
cloud: {at: hosts}
workload: {trace: %q, jobs: 20}
models: [external, in-edge, in-function, in-client]
`, filepath.Join(dir, "data", "my trace.csv")))
	return loaded(t, path)
}

func loaded(t *testing.T, path string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Load(path, builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// allPlans prints a scenario's plans of all models.
func allPlans(t *testing.T, sc *scenario.Scenario) string {
	t.Helper()
	e, err := Prepare(sc)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, m := range e.Models {
		plans, err := e.Plans(m, plan.ByWorker)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range plans {
			fmt.Fprintf(&text, "%+v\n", *p)
		}
	}
	return text.String()
}

// TestKeptInputsMeanTheSame after they were moved and the originals are gone.
func TestKeptInputsMeanTheSame(t *testing.T) {
	sc := withFiles(t)
	want := allPlans(t, sc)
	dir := filepath.Join(t.TempDir(), "run")
	kept, err := KeepInputs(sc, dir, LargestInput)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, in := range kept.Inputs {
		names = append(names, in.Key+"="+in.File)
		sum, err := record.Sum(filepath.Join(dir, in.File), LargestInput)
		if err != nil || sum != (record.FileSum{Bytes: in.Bytes, SHA256: in.SHA256}) {
			t.Errorf("%+v: the copy is %+v, %v", in, sum, err)
		}
	}
	const all = "topology.ether=inputs/net.nodes topology.ether=inputs/net.links topology.ether=inputs/net.edges " +
		"workload.trace=inputs/my-trace.csv"
	if got := strings.Join(names, " "); got != all {
		t.Error(got)
	}
	text, err := os.ReadFile(filepath.Join(dir, record.ScenarioFile))
	if err != nil || strings.Contains(string(text), os.TempDir()) {
		t.Errorf("%v: a path of the author's is in\n%s", err, text)
	}
	if sc.Workload.Trace == "inputs/my-trace.csv" {
		t.Error("the scenario that was given has changed")
	}
	moved := filepath.Join(t.TempDir(), "moved elsewhere")
	if err := errors.Join(os.Rename(dir, moved), os.RemoveAll(filepath.Dir(filepath.Dir(sc.Path())))); err != nil {
		t.Fatal(err)
	}
	if got := allPlans(t, loaded(t, filepath.Join(moved, record.ScenarioFile))); got != want {
		t.Error("the copy makes other plans")
	}
}

// TestLargeInputsAreHashedOnly, and reproducing asks for them by name, size and hash.
func TestLargeInputsAreHashedOnly(t *testing.T) {
	sc := withFiles(t)
	want := allPlans(t, sc)
	trace := sc.Workload.Trace
	dir := t.TempDir()
	kept, err := KeepInputs(sc, dir, 3000)
	if err != nil {
		t.Fatal(err)
	}
	large := kept.Inputs[len(kept.Inputs)-1]
	if large.File != "" || large.Bytes <= 3000 || len(large.SHA256) != 64 {
		t.Fatalf("%+v", large)
	}
	conclude(t, dir, kept)
	_, err = Reproduce(dir)
	if !errors.Is(err, ErrNotKept) || errors.Is(err, record.ErrAltered) || !strings.Contains(err.Error(), large.SHA256) {
		t.Fatalf("without the large file: %v", err)
	}
	for _, in := range kept.Inputs { // what it asks for
		from := filepath.Join(filepath.Dir(trace), in.Name)
		if in.Key == "workload.trace" {
			from = trace
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, record.InputsDir, in.Name), string(text))
	}
	path, err := Reproduce(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := allPlans(t, loaded(t, path)); got != want {
		t.Error("other plans are made")
	}
	write(t, filepath.Join(dir, record.InputsDir, large.Name), strings.Repeat("x", int(large.Bytes)))
	if _, err := Reproduce(dir); !errors.Is(err, record.ErrAltered) {
		t.Errorf("with another file in its place: %v", err)
	}
}

// conclude leaves a run's final manifest in a directory.
func conclude(t *testing.T, dir string, kept *Kept) {
	t.Helper()
	m := &record.Manifest{Run: "r", Exit: record.OK, Inputs: kept.Inputs}
	if err := errors.Join(m.Seal(dir), m.Write(dir)); err != nil {
		t.Fatal(err)
	}
}

func TestReproduceIsHeldAgainstTheHashes(t *testing.T) {
	editing := func(name string) func(string) error {
		return func(dir string) error { return edit(filepath.Join(dir, name)) }
	}
	removing := func(name string) func(string) error {
		return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
	}
	const trace, links = record.InputsDir + "/my-trace.csv", record.InputsDir + "/net.links"
	for name, c := range map[string]struct {
		change func(dir string) error
		want   error
	}{
		"nothing": {func(string) error { return nil }, nil},
		"a later file": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "report.html"), nil, 0o644)
		}, nil},
		"scenario edited": {editing(record.ScenarioFile), record.ErrAltered},
		"trace edited":    {editing(trace), record.ErrAltered},
		"topology edited": {editing(links), record.ErrAltered},
		"manifest edited": {editing(record.ManifestFile), record.ErrAltered},
		"trace gone":      {removing(trace), ErrNotKept},
		"scenario gone":   {removing(record.ScenarioFile), ErrNotKept},
		"no manifest":     {removing(record.ManifestFile), fs.ErrNotExist},
	} {
		dir := t.TempDir()
		kept, err := KeepInputs(withFiles(t), dir, LargestInput)
		if err != nil {
			t.Fatal(err)
		}
		conclude(t, dir, kept)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		path, err := Reproduce(dir)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || err == nil && path == "" {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// A run of a version that kept nothing, and one that was killed.
	dir := t.TempDir()
	m := &record.Manifest{Run: "r", Exit: record.OK, File: "/home/author/s.yaml"}
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Reproduce(dir); !errors.Is(err, ErrNotKept) {
		t.Errorf("of an older version: %v", err)
	}
	kept, err := KeepInputs(withFiles(t), dir, LargestInput)
	m.Exit, m.Inputs = record.Running, kept.Inputs
	if err := errors.Join(err, m.Write(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := Reproduce(dir); err != nil {
		t.Errorf("one that was killed: %v", err)
	}
}

// edit exchanges a letter or digit for another in the middle of a file.
func edit(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i := len(text) / 2; i < len(text); i++ {
		if c := text[i]; c >= '0' && c < '9' || c >= 'a' && c < 'z' {
			text[i]++
			return os.WriteFile(path, text, 0o644)
		}
	}
	return errors.New("nothing to exchange")
}

// TestKeepInputsWritesThroughNoLinks that somebody has put into the directory.
func TestKeepInputsWritesThroughNoLinks(t *testing.T) {
	sc := withFiles(t)
	outside := t.TempDir()
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, record.InputsDir)); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := KeepInputs(sc, dir, LargestInput); err == nil {
		t.Error("copies are written through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside there is now %v, %v", entries, err)
	}
}

func TestInputsWithOddNames(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b c.csv": "b-c.csv", "/a/.hidden": "hidden", "/a/...": "file", "/a/ü": "file", "/a/x$(id).csv": "x--id-.csv",
	} {
		if got := inputName(scenario.Reference{Key: "k", Path: path}, nil); got != want {
			t.Errorf("%s is kept as %q, want %q", path, got, want)
		}
	}
	if got := inputName(scenario.Reference{Key: "k", Path: "x/net"}, []record.Input{{Name: "net.nodes"}}); got != "k-net" {
		t.Errorf("a second file of the name: %q", got)
	}
}

// TestKeptNetworkMeansTheSame: a network of another tool is kept as any file is, and the copy gives the same plans when
// the original is gone.
func TestKeptNetworkMeansTheSame(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "nets", "campus.graphml"), `<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="k" for="node" attr.name="kind" attr.type="string"/>
<key id="d0" for="edge" attr.name="delay" attr.type="string"/>
<key id="d1" for="edge" attr.name="rate" attr.type="string"/>
<graph edgedefault="undirected">
<node id="cam"><data key="k">host</data></node><node id="hub"/><node id="box"><data key="k">host</data></node>
<edge source="cam" target="hub"><data key="d0">3ms</data><data key="d1">20Mbps</data></edge>
<edge source="hub" target="box"><data key="d0">2ms</data><data key="d1">100Mbps</data></edge>
</graph></graphml>
`)
	path := filepath.Join(dir, "s", "s.yaml")
	write(t, path, `name: imported
topology: {import: ../nets/campus.graphml}
workload:
  jobs: [{name: j, client: cam, tasks: {f: {ops: 5, argument: 1kB}}}]
models: [in-function]
`)
	sc := loaded(t, path)
	want := allPlans(t, sc)
	out := filepath.Join(t.TempDir(), "run")
	kept, err := KeepInputs(sc, out, LargestInput)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept.Inputs) != 1 || kept.Inputs[0].File != "inputs/campus.graphml" {
		t.Errorf("%+v", kept.Inputs)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := allPlans(t, loaded(t, filepath.Join(out, record.ScenarioFile))); got != want || want == "" {
		t.Errorf("the copy makes other plans:\n%s\n%s", got, want)
	}
	conclude(t, out, kept)
	if err := edit(filepath.Join(out, "inputs", "campus.graphml")); err != nil {
		t.Fatal(err)
	}
	if _, err := Reproduce(out); !errors.Is(err, record.ErrAltered) {
		t.Errorf("an edited network: %v", err)
	}
}
