package run

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/canary"
	"testbed/emulator/health"
	"testbed/emulator/record"
)

// told is what machine of has to say of another one.
func told(of, machine string, sent, lost, received uint64, late ...time.Duration) health.Crossing {
	c := health.Crossing{Of: of, Machine: machine, Sent: sent, Lost: lost, Received: received, Late: uint64(len(late)),
		Error: 30 * time.Microsecond}
	for range received - uint64(len(late)) {
		c.By.Record(0)
	}
	for _, l := range late {
		c.By.Record(int64(l))
	}
	return c
}

// TestCrossingsOfARun: each way is what the one end sent and the other received during the run.
func TestCrossingsOfARun(t *testing.T) {
	before := []health.Crossing{told("a", "b", 100, 5, 50, time.Second), told("b", "a", 50, 0, 95)}
	after := []health.Crossing{told("a", "b", 300, 6, 150, time.Second), told("b", "a", 150, 0, 294, 3*time.Millisecond),
		told("c", "a", 4, 0, 0)}
	got := crossings(before, after)
	want := []record.Crossing{
		{From: "a", To: "b", Sent: 200, Lost: 1, Received: 199, Late: 1, LateMax: 0.003, ClockError: 30},
		{From: "a", To: "c", ClockError: 30},
		{From: "b", To: "a", Sent: 100, Received: 100, ClockError: 30},
		{From: "c", To: "a", Sent: 4},
	}
	for i := range got {
		if m := got[i].LateMax; m > 0.0029 && m < 0.0031 {
			got[i].LateMax = 0.003
		}
		if got[i].LateP99 > 1e-3 {
			t.Errorf("99 %% were in time: %+v", got[i])
		}
		got[i].LateP50, got[i].LateP99, got[i].ClockError = 0, 0, math.Round(1e6*got[i].ClockError)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\n%+v", got, want)
	}
}

// TestVerdictOnTheCut names the pair.
func TestVerdictOnTheCut(t *testing.T) {
	for name, c := range map[string]struct {
		crossing record.Crossing
		verdict  string
		reason   string
	}{
		"in time": {record.Crossing{Sent: 5, Received: 5, ClockError: 1e-4}, record.Green, ""},
		"few late": {record.Crossing{Received: 5000, Late: 5, LateMax: 0.004}, record.Amber,
			"5 of 5000 packets from machine a to b"},
		"many late": {record.Crossing{Received: 5000, Late: 6, LateMax: 0.004}, record.Red,
			"by up to 4ms"},
		"lost":   {record.Crossing{Sent: 5, Lost: 1}, record.Amber, "1 packet was lost between machines a and b"},
		"clocks": {record.Crossing{ClockError: 1e-3}, record.Amber, "known to 1ms only"},
	} {
		c.crossing.From, c.crossing.To = "a", "b"
		v := &record.Validity{Verdict: record.Green, Cut: []record.Crossing{c.crossing}}
		judgeCut(v)
		if v.Verdict != c.verdict || (len(v.Reasons) == 0) != (c.reason == "") ||
			len(v.Reasons) > 0 && !strings.Contains(v.Reasons[0], c.reason) {
			t.Errorf("%s: %s, %q", name, v.Verdict, v.Reasons)
		}
	}
}

// TestTheBusyMachineIsNamed, and not the controller's host.
func TestTheBusyMachineIsNamed(t *testing.T) {
	v := &record.Validity{Disturbed: 1, Host: &record.HostLoad{Steal: 0.5},
		Machines: []record.MachineHostLoad{{Machine: "a"}, {Machine: "b", HostLoad: record.HostLoad{Steal: 0.02}}}}
	judgeHost(v)
	if len(v.Reasons) != 1 || !strings.Contains(v.Reasons[0], "2 % of the processors' time on machine b went") {
		t.Errorf("%q", v.Reasons)
	}
}

// TestLatenessOfMachines: each machine's fabric and canary tell of it, and of the run alone.
func TestLatenessOfMachines(t *testing.T) {
	late := func(times ...time.Duration) (h health.Histogram) {
		for _, l := range times {
			h.Record(int64(l))
		}
		return h
	}
	before := &health.Health{Parts: []health.Part{{Machine: "a", Written: late(time.Second), Busy: time.Second},
		{Machine: "b"}}}
	after := &health.Health{Report: health.Report{Now: int64(10 * time.Second)}, Parts: []health.Part{
		{Machine: "b", Written: late(2*time.Millisecond, 2*time.Millisecond), Overflow: 3},
		{Machine: "a", Written: late(time.Second, 0), Busy: 6 * time.Second}}}
	all := []record.MachineHostLoad{{Machine: "a"}, {Machine: "b"}, {Machine: "c"}}
	punctualOn(all, before, after)
	canaryOn(all, []canary.Machine{{Name: "b", Result: canary.Result{Probes: 9, Lost: 1, Late: late(time.Millisecond)}},
		{Name: "a"}})
	a, b := all[0].Fabric, all[1].Fabric
	if a == nil || a.Packets != 1 || a.LateMax > 1e-6 || a.Busy != 0.5 || all[0].Canary != nil {
		t.Errorf("a: %+v, %+v", a, all[0].Canary)
	}
	if b == nil || b.Packets != 2 || b.LateMax != 0.002 || b.Lost != 3 || all[1].Canary == nil ||
		all[1].Canary.Lost != 1 || all[1].Canary.LateMax != 0.001 {
		t.Errorf("b: %+v, %+v", b, all[1].Canary)
	}
	if all[2].Fabric != nil || all[2].Canary != nil {
		t.Errorf("nobody tells of c: %+v", all[2])
	}
}
