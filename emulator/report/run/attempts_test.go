package run

import (
	"testing"

	"testbed/emulator/record"
)

// TestAllThatWasTried: chains, whatever became of them, and attempts that were made again while the links' samples are
// the model's.
func TestAllThatWasTried(t *testing.T) {
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("tried", begin))
	if err != nil {
		t.Fatal(err)
	}
	write := func(model string, end, took float64, again bool, failed string) {
		t.Helper()
		c := record.Chain{Tags: record.Tags{Run: d.Run(), Model: model, Length: 1}, Time: begin.Add(seconds(end)),
			Measured: record.Times{Latency: took}, Superseded: again, Error: failed, Host: &record.HostLate{All: 0.5}}
		if err := d.Write(c, nil); err != nil {
			t.Fatal(err)
		}
	}
	write("external", 1, 1, true, "") // before the first chain began: the links' samples begin with that
	write("external", 3, 2, false, "")
	write("external", 5, 2, true, "")
	write("external", 6, 1, false, "")
	write("external", 8, 0, false, "it failed")
	write("in-edge", 10, 1, false, "")
	write("in-edge", 12, 2, true, "")
	write("nobody's", 12, 1, true, "")
	r := ended(t, d)
	if len(r.Attempts) != 3 || r.Attempts[0].Late != 0.5 {
		t.Errorf("attempts: %+v", r.Attempts)
	}
	for model, want := range map[string][][2]float64{
		"external": {{1, 3}, {5, 6}, {8, 8}, {3, 5}}, "in-edge": {{9, 10}, {10, 12}}, "nobody's": nil,
	} {
		tried := r.Tried(model)
		if len(tried) != len(want) {
			t.Errorf("%s: %+v, want %v", model, tried, want)
			continue
		}
		for i, w := range want {
			if !tried[i].Start.Equal(begin.Add(seconds(w[0]))) || !tried[i].End.Equal(begin.Add(seconds(w[1]))) {
				t.Errorf("%s: from %v to %v, want %v s", model, tried[i].Start.Sub(begin), tried[i].End.Sub(begin), w)
			}
		}
	}
	if got := (&Run{}).Tried("external"); got != nil {
		t.Errorf("of no chains %+v", got)
	}
}
