package main

import (
	"io"
	"testing"
)

func TestJudge(t *testing.T) {
	rtt := func(err float64) finding {
		return finding{Probe: "rtt", Class: "a", Target: 0.12, Measured: 0.12 + err, Error: err}
	}
	rate := func(err float64) finding {
		return finding{Probe: "rate", Class: "a", Target: 1e7, Measured: 1e7 * (1 + err), Error: err}
	}
	for name, c := range map[string]struct {
		netem, userspace []finding
		ok               bool
	}{
		"within":                 {[]finding{rtt(0.5e-3), rate(-0.005)}, []finding{rtt(-0.9e-3), rate(0.015)}, true},
		"netem rtt":              {[]finding{rtt(0.7e-3)}, []finding{rtt(0)}, false},
		"netem rate":             {[]finding{rate(-0.02)}, []finding{rate(0)}, false},
		"userspace rtt":          {[]finding{rtt(0.1e-3)}, []finding{rtt(1.3e-3)}, false},
		"userspace rate":         {[]finding{rate(0.001)}, []finding{rate(-0.03)}, false},
		"nothing":                {nil, nil, false},
		"one is missing":         {[]finding{rtt(0), rate(0)}, []finding{rtt(0)}, false},
		"another was measured":   {[]finding{rtt(0)}, []finding{rate(0)}, false},
		"no answer has no error": {[]finding{{Probe: "rtt", Class: "a", Target: 0.12}}, []finding{rtt(0)}, false},
	} {
		if err := judge(io.Discard, c.netem, c.userspace); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
