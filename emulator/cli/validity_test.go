package cli

import (
	"slices"
	"testing"

	"testbed/emulator/record"
)

func TestChangedLines(t *testing.T) {
	if got := changedLines(nil); got != nil {
		t.Errorf("%q", got)
	}
	got := changedLines(&record.Changed{What: []string{"a: rate 2, was 1"}, Silent: []string{"link b is down"},
		By: []string{"link set", "link down"}})
	want := []string{"Network: not as the scenario says when the run began, but as changed by link set, link down; " +
		"predictions are of what links did then", "  link b is down", "  a: rate 2, was 1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	got = changedLines(&record.Changed{What: slices.Repeat([]string{"x"}, 20)})
	if len(got) != 8 || got[7] != "  and more: see manifest.json, changed_before" {
		t.Errorf("%q", got)
	}
}

func TestValidityLines(t *testing.T) {
	waited, little := 0.123, 0.001
	v := &record.Validity{Verdict: record.Amber, Chains: 5, Disturbed: 1, HostMax: 0.0012, Reasons: []string{"because"},
		Canary: &record.Canary{Probes: 900, LateP50: 6e-5, LateP99: 4e-4, LateMax: 0.0021, Lost: 1},
		Host:   &record.HostLoad{Processors: 2, Idle: 0.5, Steal: 0.02, Softirq: 0.01, CPU: &waited, IO: &little},
	}
	want := []string{
		"Validity: amber; 1 of 5 chains disturbed by the host, 0 attempts repeated; it added at most 1.2 ms to a chain",
		"  canary: 900 probes late by 0.06 ms at the median, 0.4 ms at p99 and 2.1 ms at most, 1 lost",
		"  host: 2 processors, idle for 50 % of the time, 2 % stolen, 1 % for packets; " +
			"a processor was waited for in 12.3 %",
		"  because",
	}
	if got := validityLines(v); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	v.Canary, v.Host = nil, &record.HostLoad{Processors: 1, MinMHz: 800, MaxMHz: 3100.4, Throttled: 2}
	want = []string{want[0], "  host: 1 processor, idle for 0 % of the time, 0 % stolen, 0 % for packets; " +
		"clocks of 800 to 3100 MHz; slowed down for heat 2 times", want[3]}
	if got := validityLines(v); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	v.Machines = []record.MachineHostLoad{{Machine: "b", HostLoad: record.HostLoad{Processors: 4},
		Fabric: &record.FabricHealth{LateP99: 1e-4, LateMax: 0.002},
		Canary: &record.Canary{Probes: 90, LateP99: 2e-4, LateMax: 0.003, Lost: 1}}}
	v.Cut = []record.Crossing{
		{From: "a", To: "b", Sent: 7, Lost: 1, Received: 6, Late: 2, LateMax: 0.003, ClockError: 4e-5},
		{From: "b", To: "a"}}
	want = []string{want[0], "  machine b: 4 processors, idle for 0 % of the time, 0 % stolen, 0 % for packets; " +
		"packets late by 0.1 ms at p99 and 2 ms at most; canary late by 0.2 ms at p99 and 3 ms at most, 1 of 90 probes lost",
		"  a to b: 7 packets, 1 lost; 2 came after they were due, by 3 ms at most; clocks known to 0.04 ms",
		"  b to a: 0 packets, 0 lost; none came after it was due; clocks known to 0 ms", want[2]}
	if got := validityLines(v); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := validityLines(nil); got != nil {
		t.Errorf("%q", got)
	}
}
