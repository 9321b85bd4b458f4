package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func rtt(err float64) finding {
	return finding{Probe: "rtt", Class: "a", Target: 0.12, Measured: 0.12 + err, Error: err}
}

func rate(err float64) finding {
	return finding{Probe: "rate", Class: "a", Target: 1e7, Measured: 1e7 * (1 + err), Error: err}
}

var unanswered = finding{Probe: "rtt", Class: "a", Target: 0.12}

func TestAbsolute(t *testing.T) {
	for name, c := range map[string]struct {
		netem []finding
		ok    bool
	}{
		"within":     {[]finding{rtt(-0.5e-3), rate(0.005)}, true},
		"rtt":        {[]finding{rtt(0.7e-3)}, false},
		"rate":       {[]finding{rtt(0), rate(-0.02)}, false},
		"no answer":  {[]finding{unanswered}, false},
		"no finding": {nil, false},
	} {
		if err := absolute(io.Discard, c.netem); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRelative(t *testing.T) {
	for name, c := range map[string]struct {
		netem, userspace []finding
		ok               bool
	}{
		"within netem's limits":  {[]finding{rtt(0.1e-3), rate(0)}, []finding{rtt(-1.1e-3), rate(0.015)}, true},
		"beyond netem's limits":  {[]finding{rtt(0.1e-3)}, []finding{rtt(1.3e-3)}, false},
		"netem is no better":     {[]finding{rtt(2e-3), rate(-0.3)}, []finding{rtt(3.9e-3), rate(-0.5)}, true},
		"worse than twice":       {[]finding{rtt(2e-3)}, []finding{rtt(4.1e-3)}, false},
		"rate":                   {[]finding{rate(0.001)}, []finding{rate(-0.03)}, false},
		"nothing":                {nil, nil, false},
		"one is missing":         {[]finding{rtt(0), rate(0)}, []finding{rtt(0)}, false},
		"another was measured":   {[]finding{rtt(0)}, []finding{rate(0)}, false},
		"no answer on netem":     {[]finding{unanswered}, []finding{rtt(0)}, false},
		"no answer on userspace": {[]finding{rtt(0)}, []finding{unanswered}, false},
	} {
		if err := relative(io.Discard, c.netem, c.userspace); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The best try of each measurement counts, an unanswered one never.
func TestBest(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i, list := range [][]finding{{rtt(-0.2e-3), rate(0.03)}, {rtt(0.3e-3), rate(-0.01)}, {unanswered}} {
		data, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(dir, strconv.Itoa(i)))
		if err := os.WriteFile(paths[i], data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := best(strings.Join(paths, ","), "")
	if err != nil || len(got) != 2 || got[0].Error != -0.2e-3 || got[1].Error != -0.01 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := best(paths[0], "rate"); err != nil || len(got) != 1 || got[0].Probe != "rate" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := best(paths[0]+",nothing", ""); err == nil {
		t.Error("a missing try passes")
	}
}

// What has no rate is not asked for one; what has one, and was not measured, is.
func TestOnlyWhatHasARateIsExpected(t *testing.T) {
	for class, want := range map[string]bool{"probe": false, "rtt-010ms": false, "rate-0010M": true} {
		if got := (finding{Probe: "rate", Class: class, Skipped: true}).expected(); got != want {
			t.Errorf("%s: %v, want %v", class, got, want)
		}
	}
	if !(finding{Probe: "rtt", Class: "probe", Skipped: true}).expected() {
		t.Error("a round trip that was not measured is passed over")
	}
}
