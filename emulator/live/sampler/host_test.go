package sampler

import (
	"context"
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"

	"testbed/emulator/internal/procstat"
	"testbed/emulator/record"
)

// The counters of a machine with two processors, as Linux 6 prints them, and a second later.
const (
	before = "cpu  1000 10 200 5000 300 0 20 100 50 0\n" +
		"cpu0 500 5 100 2500 150 0 10 50 25 0\n" +
		"cpu1 500 5 100 2500 150 0 10 50 25 0\nintr 1 2 3\nctxt 4\n"
	after  = "cpu  1060 10 220 5080 320 0 20 120 50 0\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\n"
	memory = "MemTotal:       8000000 kB\nMemFree:         100000 kB\nMemAvailable:   6000000 kB\n"
)

func TestHost(t *testing.T) {
	f := files{stat: []byte(before), loadavg: []byte("1.75 0.5 0.25 2/300 4711\n"), meminfo: []byte(memory)}
	m := &meter{read: func() (files, bool) { return f, true }}
	if got := m.sample(record.Tags{}, time.Now(), 1); got != nil {
		t.Errorf("the first sample: %+v", got)
	}
	f.stat = []byte(after)
	got := m.sample(record.Tags{Run: "r"}, time.Unix(1, 0), 1)
	// 200 ticks, of which 80 idle, 20 waiting for the disk, 20 stolen.
	want := record.Host{Run: "r", Time: time.Unix(1, 0), Interval: 1, Busy: 0.5, Steal: 0.1, Load1: 1.75,
		MemoryTotal: 8000000 << 10, MemoryUsed: 2000000 << 10, Processors: 2}
	if got == nil || math.Abs(got.Busy-want.Busy) > 1e-12 || math.Abs(got.Steal-want.Steal) > 1e-12 {
		t.Fatalf("%+v", got)
	}
	got.Busy, got.Steal = want.Busy, want.Steal
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v\n%+v", *got, want)
	}
	if still := m.sample(record.Tags{}, time.Now(), 0.001); still == nil || still.Busy != 0 {
		t.Errorf("counters that stand still: %+v", still)
	}
	f = files{stat: []byte("cpu x 1 1 1 1 1 1 1\n"), loadavg: []byte("x"), meminfo: []byte("MemTotal: -3 kB\n")}
	if bad := m.sample(record.Tags{}, time.Now(), 1); bad != nil {
		t.Errorf("%+v", bad)
	}
}

func TestThisHost(t *testing.T) {
	m := newMeter()
	m.sample(record.Tags{}, time.Now(), 0)
	time.Sleep(60 * time.Millisecond)
	got := m.sample(record.Tags{}, time.Now(), 0.06)
	if runtime.GOOS != "linux" {
		if got != nil {
			t.Errorf("%+v", got)
		}
		return
	}
	if got == nil || !shares(got) || got.MemoryUsed <= 0 || got.Processors < 1 {
		t.Errorf("%+v", got)
	}
}

// shares says whether a sample's shares of processor time and of memory can be such.
func shares(h *record.Host) bool {
	return h.Busy >= 0 && h.Busy <= 1 && h.Steal >= 0 && h.Steal <= h.Busy &&
		h.MemoryUsed >= 0 && h.MemoryUsed <= h.MemoryTotal
}

func FuzzHost(f *testing.F) {
	f.Add(before, "1.75 2", memory)
	f.Add("cpu 1 2 3 4", "NaN", "MemAvailable: 99999999999999999 kB")
	f.Fuzz(func(t *testing.T, stat, load, memory string) {
		m := &meter{read: func() (files, bool) { return files{[]byte(stat), []byte(load), []byte(memory)}, true }}
		m.last = &procstat.Ticks{Total: 1, Idle: 1, Steal: 1}
		if h := m.sample(record.Tags{}, time.Now(), 1); h != nil {
			if !shares(h) {
				t.Errorf("%+v", h)
			}
			if math.IsNaN(h.Load1) {
				t.Error("NaN cannot be recorded")
			}
		}
	})
}

// TestOtherMachines are sampled by what their kernels print, each since its own sample before.
func TestOtherMachines(t *testing.T) {
	told := map[string]Texts{"b": {Stat: before, Loadavg: "1 2", Meminfo: memory}, "a": {Stat: before}}
	s := &Sampler{meters: map[string]*meter{}, config: Config{Interval: time.Second,
		Hosts: func(context.Context) map[string]Texts { return told }}}
	if got := s.others(t.Context(), time.Unix(1, 0), 1); len(got) > 0 {
		t.Errorf("the first samples: %+v", got)
	}
	told = map[string]Texts{"b": {Stat: after, Loadavg: "1 2", Meminfo: memory}, "c": {Stat: before}, "a": {Stat: "x"}}
	got := s.others(t.Context(), time.Unix(2, 0), 1)
	if len(got) != 1 || got[0].Machine != "b" || got[0].Busy != 0.5 || got[0].Load1 != 1 ||
		got[0].MemoryTotal != 8000000<<10 {
		t.Fatalf("%+v", got)
	}
	if p := got[0].Point(); p.Tags["machine"] != "b" {
		t.Errorf("%+v", p.Tags)
	}
	if got := (&Sampler{}).others(t.Context(), time.Now(), 1); got != nil {
		t.Errorf("there is only this one: %+v", got)
	}
}
