package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/record/lineprotocol"
)

// key is what a database knows a point by.
func key(p lineprotocol.Point) string {
	return fmt.Sprint(p.Measurement, p.Tags, p.Time.UnixNano()) // maps are printed in order
}

// writeAtOnce writes chains of each model that all end at one instant, with steps that all begin then.
func writeAtOnce(t *testing.T, d *Directory, at time.Time, chains int, models []string) {
	t.Helper()
	var wait sync.WaitGroup
	for i := range chains {
		for _, model := range models {
			wait.Go(func() {
				c, _ := sample(i)
				c.Time, c.Model = at, model
				var steps []Step
				for n := range 4 { // two of them with the same role
					step := Step{Tags: c.Tags, Time: at, Chain: i, Index: n, Role: []string{"request", "read"}[n/2]}
					steps = append(steps, step)
				}
				if err := d.Write(c, steps); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wait.Wait()
}

// However chains coincide, no two points of a run are the same to a database, none is lost, and times are
// moved by no more nanoseconds than there are chains that coincide.
func TestPointsAreDistinct(t *testing.T) {
	d, err := MakeDirectory(t.TempDir(), RunName("s", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	const coincide = 40
	models := []string{"external", "in-edge", "in-function"}
	writeAtOnce(t, d, at, coincide, models)
	links := []Link{
		{Run: "run-1", Link: "a", Time: at},
		{Run: "run-1", Link: "a", Dir: 1, Time: at},
		{Run: "run-1", Link: "b", Time: at},
	}
	if err := errors.Join(d.Observe(links, &Host{Run: "run-1", Time: at}), d.Close()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	f, err := os.Open(filepath.Join(d.Path(), SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = lineprotocol.Read(f, func(p lineprotocol.Point) error {
		if seen[key(p)] {
			t.Errorf("twice: %s", key(p))
		}
		seen[key(p)] = true
		if moved := p.Time.Sub(d.instants.steady(at)); moved < 0 || moved >= coincide {
			t.Errorf("moved by %v", moved)
		}
		return nil
	})
	if want := coincide*len(models)*5 + 4; err != nil || len(seen) != want {
		t.Fatalf("%v: %d different points, want %d", err, len(seen), want)
	}
	// The table agrees with the samples.
	table, err := readChains(filepath.Join(d.Path(), ChainsFile))
	chains, _, err2 := readSamples(filepath.Join(d.Path(), SamplesFile))
	if err := errors.Join(err, err2); err != nil || len(table) != len(chains) {
		t.Fatalf("%v, %d, %d", err, len(table), len(chains))
	}
	for _, c := range table {
		if !seen[key(c.Point())] {
			t.Errorf("chains.csv has %v of %s %d, samples.lp has not", c.Time, c.Model, c.Index)
		}
	}
}

func TestAnOldGenerationIsForgotten(t *testing.T) {
	start := time.Unix(0, 0).UTC()
	in := newInstants(start)
	for i := range 100 {
		in.distinct("s", start.Add(time.Duration(i)*generation))
	}
	if len(in.used) > generations+1 {
		t.Errorf("%d generations are kept", len(in.used))
	}
	// What is as old as the longest chain is not.
	late := start.Add(99*generation - 80*time.Minute)
	if got := in.distinct("s", late); !got.Equal(late.Add(1)) {
		t.Errorf("a time is given out twice: %v", got)
	}
	if got := in.distinct("s", start); !got.Equal(start) {
		t.Errorf("%v", got)
	}
}

func TestTimesFollowTheMonotonicClock(t *testing.T) {
	anchor := time.Now()
	in := newInstants(anchor)
	later := anchor.Add(time.Second) // as time.Now would give it, were the wall clock not touched
	if got := in.steady(later); !got.Equal(anchor.Round(0).Add(time.Second)) {
		t.Errorf("%v", got)
	}
	if plain := time.Unix(7, 8); in.steady(plain) != plain {
		t.Error("a time without monotonic clock is changed")
	}
}

// A factor is a tag of links and host, too, where it takes no other tag's name.
func TestObservationsHaveFactors(t *testing.T) {
	factors := map[string]string{"cell": "a1", "load": "10\nMbps", "none": "", "run": "another"}
	for _, p := range []lineprotocol.Point{
		(&Link{Run: "r", Factors: factors}).Point(), (&Host{Run: "r", Factors: factors}).Point(),
		(&Chain{Tags: Tags{Run: "r", Factors: factors}}).Point(),
	} {
		_, none := p.Tags["none"]
		if p.Tags["cell"] != "a1" || p.Tags["load"] != "10; Mbps" || none || p.Tags["run"] != "r" {
			t.Errorf("%s: %v", p.Measurement, p.Tags)
		}
	}
}

func TestObservations(t *testing.T) {
	d, chains, _ := written(t, 2)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	link := Link{
		Run: "r", Testbed: "t", Scenario: "s", Fabric: "f", Runtime: "p", Link: "wlan 1", Class: "wlan", Dir: 1,
		Time: at, Interval: 1.5, Bytes: 1 << 40, Packets: 2, Dropped: 3, Lost: 4,
		BitRate: 5.5, Rate: 100e9, Utilisation: 0.25,
	}
	host := Host{
		Run: "r", Testbed: "t", Scenario: "s", Fabric: "f", Runtime: "p", Time: at, Interval: 1.5,
		Busy: 0.5, Steal: 0.125, Load1: 3.25, MemoryUsed: 1 << 35, MemoryTotal: 1 << 36, Processors: 2,
		Late: &PacketsLate{Packets: 7, P50: 1e-6, P99: 1e-5, Max: 1e-4, Busy: 0.75},
	}
	sink := NewMirror(d, &lossy{}) // which takes no observations
	if err := errors.Join(sink.Observe([]Link{link}, nil), sink.Observe(nil, &host), sink.Close()); err != nil {
		t.Fatal(err)
	}
	if want := (Counts{Written: 6, Observed: 2}); d.Counts() != want {
		t.Errorf("counts %+v, want %+v", d.Counts(), want)
	}
	path := filepath.Join(d.Path(), SamplesFile)
	if err := ReadLinks(path, func(l Link) error {
		if !reflect.DeepEqual(l, link) {
			t.Errorf("%+v", l)
		}
		link.Run = "read"
		return nil
	}); err != nil || link.Run != "read" {
		t.Error(link.Run, err)
	}
	if err := ReadHost(path, func(h Host) error {
		if !reflect.DeepEqual(h, host) {
			t.Errorf("%+v", h)
		}
		host.Run = "read"
		return nil
	}); err != nil || host.Run != "read" {
		t.Error(host.Run, err)
	}
	if got, _, err := readSamples(path); err != nil || len(got) != len(chains) {
		t.Errorf("%d chains, %v", len(got), err)
	}
	stop := errors.New("enough")
	if err := ReadLinks(path, func(Link) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// Every chain and step that has a prediction says by how much it was wrong.
func TestErrorsAreFields(t *testing.T) {
	c, steps := sample(2)
	p := c.Point()
	fields := p.Fields
	if fields["latency_error_s"] != 0.25 || fields["network_error_s"] == nil || fields["processing_error_s"] == nil {
		t.Errorf("%v", fields)
	}
	if q := steps[1].Point(); q.Fields["error_s"] != 0.4-0.125 {
		t.Errorf("%v", q.Fields)
	}
	c.Measured = Times{} // it failed
	if _, has := c.Point().Fields["latency_error_s"]; has {
		t.Error("a chain that failed has an error of its prediction")
	}
	for name := range p.Fields {
		if strings.Contains(name, " ") || p.Tags[name] != "" {
			t.Errorf("field %s", name)
		}
	}
}
