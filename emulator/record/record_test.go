package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// sample is chain number i with two steps. Every third has failed, and every second has a prediction.
func sample(i int) (Chain, []Step) {
	tags := Tags{
		Run: "run-1", Testbed: "tb", Scenario: "iiot, with \"odd\" = name", Model: "in-edge", Policy: "load+net",
		Fabric: "userspace", Runtime: "process", ClientClass: "rpi3b+", Length: 4,
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC).Add(time.Duration(i) * time.Second)
	c := Chain{
		Tags: tags, Time: at, Index: i, Job: fmt.Sprintf("j_%d", i), Client: "rpi3_0", Start: 1 << 60,
		Measured: Times{Latency: 1.25, Network: 0.1 + 0.2, Processing: 1e-9}, Bytes: 1 << 40, States: 3, Lost: i % 2,
		Conflicts: 1, Retries: 4, Cold: 2, Late: 0.5,
	}
	if i%3 == 0 {
		c.Error = "state lost: want 4,\n \"have\" 3\\"
	}
	seconds := 0.125
	steps := []Step{
		{
			Tags: tags, Time: at, Chain: i, Job: c.Job, Index: 0, Role: "request", From: "a b", To: "c,d", Bytes: 7,
			Offset: 1e-6, Duration: 0.3,
		},
		{Tags: tags, Time: at, Chain: i, Job: c.Job, Index: 1, Task: 1, Role: "read", Ops: 9, Duration: 0.4, Remote: 0.2,
			Retries: 3},
	}
	c.Attempt = 1 + i%3
	switch i % 3 {
	case 1:
		c.Host, c.Disturbed = &HostLate{All: 0.5, Nodes: 0.25}, true
	case 2:
		c.Host = &HostLate{All: 0.5, Fabric: 0.125, Nodes: 0.25, FabricKnown: true}
	}
	if i%2 == 0 {
		c.Predicted = &Times{Latency: 1, Network: 0.5, Processing: 0.25}
		steps[1].Predicted = &seconds
	}
	return c, steps
}

func written(t *testing.T, n int) (*Directory, []Chain, []Step) {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	d, err := MakeDirectory(t.TempDir(), RunName("iiot/../x y", at))
	if err != nil {
		t.Fatal(err)
	}
	var chains []Chain
	var steps []Step
	for i := range n {
		c, s := sample(i)
		if err := d.Write(c, s); err != nil {
			t.Fatal(err)
		}
		c.Error = oneLine(c.Error)
		chains, steps = append(chains, c), append(steps, s...)
	}
	return d, chains, steps
}

func TestRoundTrip(t *testing.T) {
	d, chains, steps := written(t, 7)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if want := (Counts{Written: 21}); d.Counts() != want {
		t.Errorf("counts %+v, want %+v", d.Counts(), want)
	}
	pattern := regexp.MustCompile(`^iiot----x-y-20260102T020405Z-[a-z2-7]{6}$`)
	if name := filepath.Base(d.Path()); !pattern.MatchString(name) || d.Run() != name {
		t.Errorf("the run is called %s", name)
	}
	table, err := readChains(filepath.Join(d.Path(), ChainsFile))
	if err != nil || !reflect.DeepEqual(table, chains) {
		t.Errorf("chains.csv: %v\n%+v\n%+v", err, table, chains)
	}
	gotChains, gotSteps, err := readSamples(filepath.Join(d.Path(), SamplesFile))
	if err != nil || !reflect.DeepEqual(gotChains, chains) || !reflect.DeepEqual(gotSteps, steps) {
		t.Errorf("samples.lp: %v\n%+v\n%+v", err, gotSteps, steps)
	}
}

// Wherever a crash cuts the files, what is read is a prefix of what was written, and the cut is reported.
func TestTruncated(t *testing.T) {
	d, chains, steps := written(t, 3)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{ChainsFile, SamplesFile} {
		whole, err := os.ReadFile(filepath.Join(d.Path(), file))
		if err != nil {
			t.Fatal(err)
		}
		cut := filepath.Join(t.TempDir(), file)
		for n := range whole {
			if err := os.WriteFile(cut, whole[:n], 0o644); err != nil {
				t.Fatal(err)
			}
			var gotChains []Chain
			var gotSteps []Step
			if file == ChainsFile {
				gotChains, err = readChains(cut)
			} else {
				gotChains, gotSteps, err = readSamples(cut)
			}
			atLine := n == 0 && file == SamplesFile || n > 0 && whole[n-1] == '\n'
			if atLine != (err == nil) || err != nil && !errors.Is(err, ErrTruncated) {
				t.Fatalf("%s cut at %d: error %v", file, n, err)
			}
			if len(gotChains) > len(chains) || len(gotChains) > 0 && !reflect.DeepEqual(gotChains, chains[:len(gotChains)]) ||
				len(gotSteps) > 0 && !reflect.DeepEqual(gotSteps, steps[:len(gotSteps)]) {
				t.Fatalf("%s cut at %d: read %+v", file, n, gotChains)
			}
		}
	}
}

func TestBrokenLineInTheMiddleIsAnError(t *testing.T) {
	d, _, _ := written(t, 2)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{ChainsFile, SamplesFile} {
		path := filepath.Join(d.Path(), file)
		whole, _ := os.ReadFile(path)
		lines := strings.SplitAfter(string(whole), "\n")
		lines[1] = "this is not a sample\n"
		if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		var err error
		if file == ChainsFile {
			_, err = readChains(path)
		} else {
			_, err = readSteps(path)
		}
		if err == nil || errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: error %v", file, err)
		}
	}
}

func TestFlushedWithinASecond(t *testing.T) {
	d, _, _ := written(t, 1)
	defer d.Close()
	testenv.Eventually(t, "a chain with its steps is flushed", func() bool {
		chains, err := readChains(filepath.Join(d.Path(), ChainsFile))
		steps, _ := readSteps(filepath.Join(d.Path(), SamplesFile))
		return err == nil && len(chains) == 1 && len(steps) == 2
	})
}

func TestDirectoryIsNeverOverwritten(t *testing.T) {
	root, now := t.TempDir(), time.Now()
	paths := map[string]bool{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 5 {
		wait.Go(func() {
			d, err := MakeDirectory(root, RunName("s", now))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			paths[d.Path()] = true
			if err := errors.Join(d.Close(), d.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(paths) != 5 {
		t.Errorf("directories %v", paths)
	}
}

func TestLossIsCounted(t *testing.T) {
	d, _, _ := written(t, 1)
	c, steps := sample(1)
	c.Measured.Latency /= 0 * c.Measured.Latency // infinite: cannot be written
	if err := d.Write(c, steps); err == nil {
		t.Error("an infinite number is written")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	c, steps = sample(2)
	if err := d.Write(c, steps); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("writing after the end: %v", err)
	}
	if want := (Counts{Written: 3, Dropped: 6}); d.Counts() != want {
		t.Errorf("counts %+v, want %+v", d.Counts(), want)
	}
	d, _, _ = written(t, 1)
	d.samples.Close() // as a full disk does, writing fails from now on
	if err := d.Flush(); err == nil {
		t.Error("a failure to write goes unnoticed")
	}
	c, steps = sample(1)
	if err := d.Write(c, steps); err == nil || d.Close() == nil {
		t.Error("a failure to write is forgotten")
	}
}

// lossy is a mirror that fails.
type lossy struct{ Counts_ Counts }

func (l *lossy) Write(_ Chain, s []Step) error {
	l.Counts_.Dropped += int64(1 + len(s))
	return errors.New("refused")
}
func (l *lossy) Flush() error   { return errors.New("refused") }
func (l *lossy) Counts() Counts { return l.Counts_ }
func (l *lossy) Close() error   { return nil }

func TestMirrorMayFail(t *testing.T) {
	d, _, _ := written(t, 0)
	other := &lossy{}
	var sink Sink = NewMirror(d, other)
	c, steps := sample(0)
	if err := errors.Join(sink.Write(c, steps), sink.Flush(), sink.Close()); err != nil {
		t.Error(err)
	}
	if sink.Counts() != (Counts{Written: 3}) || other.Counts() != (Counts{Dropped: 3}) {
		t.Errorf("counts %+v and %+v", sink.Counts(), other.Counts())
	}
}

func TestManifest(t *testing.T) {
	dir := t.TempDir()
	want := &Manifest{
		Run: "r", Scenario: []byte(`{"a":1}`), Seed: 1 << 63, TCP: map[string]string{"a": "b"}, Exit: Running,
		Overhead: &Overhead{Calls: 3, Self: 1e-5}, Samples: Counts{Written: 1}, Start: time.Now().UTC().Round(0),
	}
	for range 2 {
		if err := want.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	got.Scenario = []byte(strings.Join(strings.Fields(string(got.Scenario)), ""))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\n%+v", got, want)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
}
