package scenario_test

import (
	"math"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/scenario"
)

const shared = `x-fast: &fast {rate: 10Mbps, delay: 1ms}
` + fakehost.Scenario + `
classes:
  lan: {<<: *fast}
  wlan: *fast
`

func adapt(t *testing.T, settings ...scenario.Setting) (*scenario.Scenario, []scenario.Value, error) {
	t.Helper()
	return scenario.Adapt([]byte(shared), "s.yaml", builtin.Catalogue(), settings...)
}

// What is set is in the resolved scenario, and nothing else differs from the file.
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		key, value, want string // a line of the resolved scenario
		number           float64
		unit             string
	}{
		{"topology.links.wifi.rate", "7Mbps", "rate: 7Mbps", 7e6, "bps"},
		{"topology.links[0].rate", "7Mbps", "rate: 7Mbps", 7e6, "bps"},
		{"topology.links.wifi.rate.up", "7Mbps", "up: 7Mbps", 7e6, "bps"},
		{"topology.links.wifi.delay", "1500us", "delay: 1.5ms", 0.0015, "s"},
		{`topology.nodes."cam".cpu`, "0.5", "cpu: 0.5", 0.5, ""},
		{"topology.nodes.cam.memory", "1MiB", "memory: 1MiB", 1 << 20, "bytes"},
		{"classes.wlan.loss", "1%", "loss: 0.01", 0.01, ""},
		{"overrides.wifi.rate", "9Mbps", "rate: 9Mbps", 9e6, "bps"},
		{"workload.jobs", "3", "jobs: 3", 3, ""},
		{"workload.synth.jobs", "40", "jobs: 40", 40, ""},
		{"replay.arrival", "{kind: poisson, rate: 5/s}", "rate: 5/s", math.NaN(), ""},
		{"replay.arrival.kind", "trace", "kind: trace", math.NaN(), ""},
		{"replay.disturbed.share", "0.5", "share: 0.5", 0.5, ""},
		{"cloud.rate", "2Mbps", "rate: 2Mbps", 2e6, "bps"},
		{"models", "[in-edge]", "models: [in-edge]", math.NaN(), ""},
		{"tcp.slow-start-after-idle", "true", "slow-start-after-idle: true", math.NaN(), ""},
	} {
		s, values, err := adapt(t, scenario.Setting{Key: c.key, Value: c.value, From: "--set"})
		if err != nil {
			t.Errorf("%s: %v", c.key, err)
			continue
		}
		text, err := s.Resolved()
		if err != nil || !strings.Contains(string(text), c.want) {
			t.Errorf("%s=%s: no %q in\n%s%v", c.key, c.value, c.want, text, err)
		}
		v := values[0]
		if v.Text != c.value || v.Unit != c.unit || math.IsNaN(v.Number) != math.IsNaN(c.number) ||
			math.Abs(v.Number-c.number) > 1e-12*math.Abs(c.number) {
			t.Errorf("%s=%s amounts to %+v", c.key, c.value, v)
		}
	}
}

// A value that an alias or a merge key repeats changes where it is set, and nowhere else.
func TestSettingsLeaveWhatIsRepeated(t *testing.T) {
	for _, key := range []string{"classes.wlan.rate", "classes.lan.rate"} {
		s, _, err := adapt(t, scenario.Setting{Key: key, Value: "3Mbps"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.Resolved()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), "rate: 3Mbps") != 1 || strings.Count(string(text), "rate: 10Mbps") != 1 {
			t.Errorf("%s: %s", key, text)
		}
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"topology.links.wify.rate", "1Mbps", `--set: topology.links: it has no element "wify"; did you mean "wifi"?`},
		{"topology.links[9].rate", "1Mbps", "--set: topology.links: it has no element 9; it has 3 elements, from 0"},
		{"topology.link.wifi", "1Mbps", `--set: topology: unknown key "link"; did you mean "links"?`},
		{"workload.job", "1", `--set: workload: unknown key "job"; did you mean "jobs"?`},
		{"workload.jobs.up", "1", `--set: workload.jobs: it has no key "up"; leave out what follows it`},
		{"topology.nodes.cm.cpu", "1", `--set: topology.nodes: there is no element "cm"; did you mean "cam"?`},
		{"topology.links.wifi.rate", "10Mbs", `--set: topology.links[0].rate: "10Mbs" is not a rate; write a rate such as`},
		{"workload.jobs", "0", "--set: workload.jobs: 0 is out of range"},
		{"models", "[external]", "--set: models[0]: the model external keeps state in the cloud"},
		{"overrides.wify.rate", "1Mbps", `--set: overrides.wify: `},
		{"a..b", "1", `--set: the key "a..b": a name is empty; write a path such as`},
		{`a."b`, "1", `--set: the key "a.\"b": a quote is not closed`},
		{"a[x]", "1", `in brackets belongs the number of an element`},
		{"workload.jobs", "[", `--set: workload.jobs: "[" is no value`},
		{"workload.jobs", "", `--set: workload.jobs: "" is no value`},
	} {
		_, _, err := adapt(t, scenario.Setting{Key: c.key, Value: c.value, From: "--set"})
		if got := ""; err != nil {
			got = err.Error()
			if !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("%s=%s: %s", c.key, c.value, got)
			}
		} else {
			t.Errorf("%s=%s is taken", c.key, c.value)
		}
	}
	_, _, err := adapt(t, scenario.Setting{Key: "seed", Value: "x", From: "e.yaml", Line: 7, Col: 3})
	if err == nil || !strings.HasPrefix(err.Error(), "e.yaml:7:3: seed: ") {
		t.Errorf("%v", err)
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("topology.links.wifi.rate", "1Mbps")
	f.Add(`classes."a.b"[0].x`, "{a: [b, *c]}")
	f.Fuzz(func(_ *testing.T, key, value string) {
		_, _, _ = scenario.Adapt([]byte(shared), "s.yaml", builtin.Catalogue(), scenario.Setting{Key: key, Value: value})
	})
}
