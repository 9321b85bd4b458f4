package scenario_test

import (
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

func TestInstancesAreRead(t *testing.T) {
	s, err := scenario.Parse([]byte(withFunctions+`functions:
  detect: {kind: builtin, instances: {min: 12, keep-alive: 0s, start: {median: 300ms, p95: 1.2s}}}
  count: {command: [./count], instances: {max: 3, concurrency: 2, queue: 5}}
  "*": {kind: builtin, instances: warm}
`), "/some/where/f.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if !s.Scaled() || s.Instances("other", 1) != nil {
		t.Error("which of them are warm")
	}
	detect, count := s.Instances("detect", 1), s.Instances("count", 1)
	want := instance.Limits{Min: 12, Max: 12, Concurrency: 1, Queue: instance.DefaultQueue}
	start := instance.Distribution{Median: 300 * time.Millisecond, P95: 1200 * time.Millisecond}
	if detect.Limits != want || detect.Start != start {
		t.Errorf("detect: %+v", detect)
	}
	want = instance.Limits{Max: 3, Concurrency: 2, Queue: 5, KeepAlive: time.Minute}
	if count.Limits != want || count.Start != (instance.Distribution{}) {
		t.Errorf("count: %+v", count)
	}
	if s.Instances("detect", 2).Seed == detect.Seed {
		t.Error("two nodes share their starts")
	}
	roundTrip(t, s)
	if all, err := scenario.Parse([]byte(withFunctions), "x.yaml", builtin.Catalogue()); err != nil || all.Scaled() {
		t.Errorf("without functions they are not warm: %v", err)
	}
}

func TestBadInstances(t *testing.T) {
	for _, c := range []struct{ instances, want string }{
		{"{min: 3, max: 2, start: 1s}", "lower it, or raise max"},
		{"{max: 2}", "add start: 300ms"},
		{"scaled", "add start: 300ms"},
		{"{start: {median: 2s, p95: 1s}}", "write a time from the median on"},
		{"{start: {p95: 1s}}", "median"},
		{"{kind: warm, max: 2}", "max"},
		{"{max: 0, start: 1s}", "out of range"},
		{"{concurrency: 0, start: 1s}", "out of range"},
		{"{keep-alive: -1s, start: 1s}", "keep-alive"},
		{"{start: 2h}", "write at most 1h"},
		{"wram", `did you mean "warm"?`},
	} {
		text := withFunctions + "functions:\n  detect: {kind: builtin, instances: " + c.instances + "}\n"
		_, err := scenario.Parse([]byte(text), "f.yaml", builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), ":12") {
			t.Errorf("%s: %v, want %q", c.instances, err, c.want)
		}
	}
}
