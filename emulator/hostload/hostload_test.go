package hostload

import (
	"reflect"
	"runtime"
	"testing"
	"time"
)

func pressures(cpu, io, memory string) map[string]string {
	line := func(total string) string {
		return "some avg10=0.50 avg60=0.95 avg300=5.92 total=" + total + "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
	}
	return map[string]string{"cpu": line(cpu), "io": line(io), "memory": line(memory)}
}

func TestSince(t *testing.T) {
	begin := time.Unix(1000, 0)
	before := parse(begin, files{
		stat: "cpu  1000 10 200 5000 300 0 20 100 50 0\ncpu0 500 5 100 2500 150 0 10 50 25 0\n" +
			"cpu1 500 5 100 2500 150 0 10 50 25 0\nintr 1 2 3\n",
		pressure: pressures("1000000", "5", "0"), khz: []string{"2400000\n", "800000\n"}, heat: []string{"3\n", "4\n"},
	})
	// 400 ticks: 40 idle, 40 waiting for a disk, 8 in softirq, 100 stolen.
	stat := "cpu  1200 12 210 5040 340 0 28 200 99 0\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\n"
	after := files{stat: stat, pressure: pressures("3000000", "5", "99999999999999"), khz: []string{"3100000", "x"},
		heat: []string{"3", "6"}}
	got := parse(begin.Add(10*time.Second), after).Since(before)
	if got == nil || got.Processors != 2 || got.Idle != 0.2 || got.Softirq != 0.02 || got.Steal != 0.25 ||
		got.MinMHz != 800 || got.MaxMHz != 3100 || got.Throttled != 2 {
		t.Fatalf("%+v", got)
	}
	if cpu := *got.CPU; cpu < 0.1999 || cpu > 0.2 || *got.IO != 0 || *got.Memory != 1 {
		t.Errorf("pressure %v, %v, %v", *got.CPU, *got.IO, *got.Memory)
	}
	after.pressure, after.khz, after.heat = nil, nil, nil
	bare := parse(begin.Add(time.Second), after).Since(before)
	if bare == nil || bare.CPU != nil || bare.IO != nil || bare.Memory != nil || bare.Throttled != 0 ||
		bare.MaxMHz != 2400 {
		t.Errorf("without pressure: %+v", bare)
	}
	for name, s := range map[string]Snapshot{
		"none": {}, "nothing counted": parse(begin.Add(time.Second), files{stat: "cpu x 1 1 1 1 1 1 1\n"}),
		"the same": before,
	} {
		if h := s.Since(before); h != nil {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestThisHost(t *testing.T) {
	before := Read()
	time.Sleep(60 * time.Millisecond)
	h := Read().Since(before)
	if (h != nil) != (runtime.GOOS == "linux") {
		t.Fatalf("%+v", h)
	}
	if h != nil && (h.Processors < 1 || h.Idle > 1 || h.Steal > 1 || h.CPU != nil && *h.CPU > 1) {
		t.Errorf("%+v", h)
	}
}

// What the kernel prints by whatever version becomes shares, or nothing.
func FuzzSince(f *testing.F) {
	f.Add("cpu 1 2 3 4 5 6 7 8\n", "some total=4", "5", "cpu 2 3 4 5 6 7 8 9\n", "some total=9")
	f.Add("cpu 9 9 9 9 9 9 9 9 9", "some total=-4", "x", "", "full total=1")
	f.Fuzz(func(t *testing.T, stat, pressure, khz, then, waited string) {
		p := map[string]string{"cpu": pressure, "io": waited}
		before := parse(time.Unix(0, 0), files{stat: then, pressure: map[string]string{"cpu": waited, "io": pressure}})
		s := parse(time.Unix(1, 0), files{stat: stat, pressure: p, khz: []string{khz}, heat: []string{khz}})
		h := s.Since(before)
		if h == nil {
			return
		}
		for _, share := range []*float64{&h.Idle, &h.Steal, &h.Softirq, h.CPU, h.IO, h.Memory} {
			if share != nil && !(*share >= 0 && *share <= 1) {
				t.Errorf("%+v", h)
			}
		}
		if again := s.Since(before); !reflect.DeepEqual(again, h) {
			t.Errorf("%+v, then %+v", h, again)
		}
	})
}
