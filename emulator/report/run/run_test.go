package run

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/units"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// two makes the directory of a run of two models, one after the other for 20 s each, with a link that sends
// 1000 bytes/s under the first and 3000 under the second, and a flood before and after.
func two(t *testing.T) string {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("two", begin))
	if err != nil {
		t.Fatal(err)
	}
	for i, model := range []string{"in-client", "external"} {
		for k := range 10 {
			end := begin.Add(10*time.Second + time.Duration(20*i+2*(k+1))*time.Second)
			c := record.Chain{
				Tags: record.Tags{Run: d.Run(), Model: model, Length: 1}, Time: end, Index: k,
				Measured: record.Times{Latency: 2},
			}
			if err := d.Write(c, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent := int64(0)
	for s := 1; s <= 60; s++ {
		rate := map[bool]int64{true: 1000, false: 3000}[s <= 30]
		if s <= 10 || s > 50 {
			rate = 1e6
		}
		sent += rate
		link := record.Link{
			Run: d.Run(), Link: "l", Time: begin.Add(time.Duration(s) * time.Second), Interval: 1, Bytes: sent,
			BitRate: float64(8 * rate), Rate: 80 * units.Kbps, Utilisation: math.Min(1, float64(8*rate)/80e3),
		}
		host := &record.Host{Run: d.Run(), Time: link.Time, Interval: 1, Busy: link.Utilisation, Steal: 0.25, Processors: 2}
		if err := d.Observe([]record.Link{link}, host); err != nil {
			t.Fatal(err)
		}
	}
	return closed(t, d)
}

// closed ends a run's directory, and is its path.
func closed(t *testing.T, d *record.Directory) string {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (&record.Manifest{Run: d.Run(), Start: begin, Exit: record.OK}).Write(d.Path()); err != nil {
		t.Fatal(err)
	}
	return d.Path()
}

// ended is a run as it is read once its directory has ended.
func ended(t *testing.T, d *record.Directory) *Run {
	t.Helper()
	r, err := Read(closed(t, d), builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoadIsThatOfTheChains(t *testing.T) {
	r, err := Read(two(t), builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.Models, []string{"external", "in-client"}) {
		t.Errorf("models %v are not in the study's order", r.Models)
	}
	for model, want := range map[string]float64{"in-client": 20_000, "external": 60_000} {
		wire := r.Load.Wire[model]
		if len(wire) != 20 || wire[19].Bytes != want {
			t.Errorf("%s: %+v, want 20 rounds and %v bytes", model, wire, want)
		}
	}
	if len(r.Unattributed()) != 0 {
		t.Errorf("unattributed %v", r.Unattributed())
	}
	if len(r.Load.Queues) != 1 || math.Abs(r.Load.Peaks["l"]-0.3) > 1e-9 {
		t.Errorf("peaks %v, want 0.3: the floods are not the chains'", r.Load.Peaks)
	}
	if r.Host.Samples != 40 || math.Abs(r.Host.MeanBusy-0.2) > 1e-9 || r.Host.MaxSteal != 0.25 {
		t.Errorf("host %+v", r.Host)
	}
	if r.Load.Width != 250*time.Millisecond || r.Load.Interval != time.Second {
		t.Errorf("buckets of %v, samples each %v", r.Load.Width, r.Load.Interval)
	}
}

func TestGridHalves(t *testing.T) {
	c, g := clock{start: begin}, &grid{}
	const n = 10_000
	for i := range n {
		g.add(c.bucket(begin.Add(time.Duration(i)*100*time.Millisecond), g.halve), float64(i))
	}
	s := g.series()
	if len(s) > buckets || len(s) < buckets/2 {
		t.Fatalf("%d buckets", len(s))
	}
	sum, count := 0.0, float32(0)
	for i := range s {
		sum += s[i] * float64(g.counts[i])
		count += g.counts[i]
		if i > 0 && s[i] <= s[i-1] {
			t.Fatalf("bucket %d has %v after %v", i, s[i], s[i-1])
		}
	}
	if count != n || math.Abs(sum/n-(n-1)/2.0) > 0.5 {
		t.Errorf("%v values with mean %v", count, sum/n)
	}
}

// What the manifest of another version says is not lost.
func TestExtraFields(t *testing.T) {
	dir := t.TempDir()
	host := map[string]any{"cpu": "x", "offloads": map[string]any{"tso": true}}
	text, _ := json.Marshal(map[string]any{"run": "r", "host": host, "list": []any{1}})
	if err := os.WriteFile(filepath.Join(dir, record.ManifestFile), text, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Read(dir, builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if want := []Fact{{"host cpu", "x"}, {"host offloads tso", "true"}}; !reflect.DeepEqual(r.Extra, want) {
		t.Errorf("facts %+v", r.Extra)
	}
}
