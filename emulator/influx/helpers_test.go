package influx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/record"
)

var models = []string{"external", "in-edge", "in-function", "in-client"}

// chain is chain number i of a run, with its steps.
func chain(run string, i int) (record.Chain, []record.Step) {
	tags := record.Tags{
		Run: run, Testbed: "tb", Scenario: "a scenario, with \"odd\" = name",
		Model: models[i%len(models)], Policy: "load+net", Fabric: "userspace", Runtime: "process",
		ClientClass: "rpi3b+", Length: 1 + i%3,
	}
	at := time.Unix(1_700_000_000, 123_456_789).Add(time.Duration(i) * 7 * time.Millisecond)
	c := record.Chain{
		Tags: tags, Time: at, Index: i, Job: fmt.Sprintf("j_%d", i), Client: "rpi3_0", Start: int64(i) << 40,
		Measured: record.Times{Latency: 0.3 + float64(i)/997, Network: 0.2, Processing: 1e-9},
		Bytes:    1 << 40, States: 3, Late: 0.25,
		Host: &record.HostLate{All: 0.002, Fabric: 0.001, Nodes: 0.001, FabricKnown: true},
	}
	if i%5 == 0 {
		c.Error, c.Lost = "state lost: want 4, \"have\" 3\\", 1
	}
	var steps []record.Step
	for n := range 3 * tags.Length {
		s := record.Step{
			Tags: tags, Time: at.Add(time.Duration(n) * time.Microsecond),
			Chain: i, Job: c.Job, Index: n, Task: n / 3, Role: []string{"request", "execute", "response"}[n%3],
			From: "rpi3_0", To: "server 1", Bytes: int64(n * i), Ops: int64(n),
			Offset: float64(n) / 7, Duration: 0.1 + float64(i)/1013,
		}
		if i%4 == 1 {
			s.Retries = i
		}
		if i%2 == 0 {
			predicted := 0.1
			s.Predicted = &predicted
		}
		steps = append(steps, s)
	}
	if i%2 == 0 {
		c.Predicted = &record.Times{Latency: 0.31, Network: 0.2, Processing: 2e-9}
	}
	return c, steps
}

// newRun makes a run's directory with a manifest.
func newRun(t testing.TB) *record.Directory {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("mirrored", time.Now()))
	if err == nil {
		err = (&record.Manifest{Run: d.Run(), Exit: record.OK}).Write(d.Path())
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fill writes chains from..to-1, and a sample of a link and of the host with each hundredth.
func fill(t testing.TB, d *record.Directory, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		c, steps := chain(d.Run(), i)
		err := d.Write(c, steps)
		if i%100 == 0 {
			link := record.Link{
				Run: d.Run(), Testbed: "tb", Scenario: "s", Fabric: "userspace", Runtime: "process",
				Link: "wlan", Class: "wlan", Time: c.Time, Interval: 1,
				Bytes: 1000, BitRate: 8000, Rate: 1e6, Utilisation: 0.008,
			}
			host := &record.Host{
				Run: d.Run(), Testbed: "tb", Scenario: "s", Fabric: "userspace", Runtime: "process", Time: c.Time,
				Busy: 0.5, Load1: 1.5, MemoryUsed: 1,
			}
			err = errors.Join(err, d.Observe([]record.Link{link}, host))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func readFile(t testing.TB, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// keepsSecrets fails where a run's directory or a text holds a secret.
func keepsSecrets(t testing.TB, dir string, texts ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		texts = append(texts, string(readFile(t, dir, f.Name())))
	}
	for _, text := range texts {
		if strings.Contains(text, secret) || strings.Contains(text, "passw0rd") {
			t.Errorf("a secret shows: %.200s", text)
		}
	}
}

func complete(t testing.TB, c record.Counts, lines int) {
	t.Helper()
	if !c.Complete() || c.Written != int64(lines) {
		t.Fatalf("%+v, of %d lines", c, lines)
	}
}

func missing(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, ErrIncomplete) {
		t.Fatalf("what is missing looks like success: %v", err)
	}
}
