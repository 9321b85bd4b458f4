package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/record"
)

func chain(model string, latency float64, failed string) record.Chain {
	c := record.Chain{Job: "j1", Measured: record.Times{Latency: latency}, Error: failed}
	c.Model = model
	return c
}

func tracked(t *testing.T) *Tracker {
	t.Helper()
	now := time.Unix(1000, 0)
	wifi := Link{Link: "wifi", From: "cam1,cam2", Use: 0.5, Rate: 25e6}
	k := NewTracker(Status{Testbed: "x"}, func() []Link { return []Link{wifi} })
	k.now = func() time.Time { now = now.Add(500 * time.Millisecond); return now }
	k.status.Began = now
	k.Plan("external", 30)
	k.Plan("in-client", 30)
	for i := range 20 {
		if err := k.Write(chain("external", float64(i+1), ""), nil); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func TestTrackerCounts(t *testing.T) {
	k := tracked(t)
	_ = k.Write(chain("in-client", 0, "lost its state"), nil)
	s := k.Status()
	want := []Model{
		{Model: "external", Planned: 30, Done: 20, Median: 11, P95: 20},
		{Model: "in-client", Planned: 30, Done: 1, Failed: 1},
	}
	if diff := cmp.Diff(want, s.Models); diff != "" {
		t.Error(diff)
	}
	if s.Done != 21 || s.Total != 60 || s.Failed != 1 || len(s.Errors) != 1 {
		t.Errorf("%+v", s)
	}
	// One chain each half second.
	if s.Rate < 1.9 || s.Rate > 2.1 {
		t.Errorf("rate %v, want 2/s", s.Rate)
	}
	if left := s.Remaining().Seconds(); left < 18 || left > 21 {
		t.Errorf("%v s to go, want 39 chains at 2/s", left)
	}
	if k.Counts().Written != 21 {
		t.Error("a sink counts what it was given")
	}
}

func TestTrackerForgets(t *testing.T) {
	k := NewTracker(Status{}, nil)
	for i := range 3 * remembers {
		_ = k.Write(chain("m", float64(i), ""), nil)
		k.Event(fmt.Sprint(i))
	}
	s := k.Status()
	if s.Models[0].Median < 2*remembers {
		t.Errorf("median %v is not that of the last %d", s.Models[0].Median, remembers)
	}
	if len(s.Events) != fewest || s.Events[fewest-1] != fmt.Sprint(3*remembers-1) {
		t.Errorf("events %v", s.Events)
	}
}

func TestLines(t *testing.T) {
	s := tracked(t).Status()
	lines := s.Lines(60)
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"20 of 60 chains", "external", "20/30", "median   11000.0 ms", "wifi from cam1,cam2 50 %",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, l := range lines {
		if len(l) > 60 {
			t.Errorf("%d characters: %s", len(l), l)
		}
	}
}

func TestStatusSurvivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.json")
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	want := tracked(t).Status()
	for range 2 { // the second one replaces a file that is there
		if err := want.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != fileMode {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("left beside it: %v, %v", files, err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever is in a status file, it is read and shown, or an error that names the file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"testbed":"x","done":1,"total":3,"rate":1e-308,"models":[{}],"links":[{"rate_bps":1,"use":1e308}],` +
		`"errors":["a\nb"],"events":[""]}`))
	f.Add([]byte("null"))
	path := filepath.Join(f.TempDir(), "live.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Read(path)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		_ = s.Remaining()
		_ = s.Lines(80)
	})
}
