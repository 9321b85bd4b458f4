package capacity

import (
	"fmt"
	"math"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// demanded is what a scenario asks with two links between any two hosts, where chains begin as arrival says.
func demanded(t *testing.T, rate, arrival string) *Demand {
	t.Helper()
	text := fmt.Sprintf(`name: asking
topology:
  nodes:
    a: {class: pi, memory: 1GiB, cpu: 4}
    b: {class: server, memory: 16GiB, cpu: 8}
    s: {kind: switch}
  links:
    - {endpoints: [a, s], rate: %[1]s, delay: 1ms}
    - {endpoints: [b, s], rate: %[1]s, delay: 1ms}
workload:
  synth: {kind: spar, jobs: 60, seed: 3}
  jobs: 8
  clients: [pi]
  ops-factor: 1
  state-factor: 2e6
  arg-factor: 2e6
cloud: {at: s, rtt: 2ms, rate: %[1]s}
models: [external]
replay: {arrival: %[2]s}
`, rate, arrival)
	s, err := scenario.Parse([]byte(text), "asking.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Of(e)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDemand(t *testing.T) {
	one := demanded(t, "48Mbps", "sequential")
	full := 48e6 / 8 / 1448 * (1 + perTwo)
	if one.Nodes != 2 || one.Open || one.Users != 1 || one.Model != "external" ||
		math.Abs(one.Rate.Packets/full-1) > 0.05 || math.Abs(one.Rate.Crossings/one.Rate.Packets-2) > 1e-9 {
		t.Errorf("%+v; a full link carries %.0f packets/s", one, full)
	}
	few := demanded(t, "48Mbps", "{kind: concurrency, clients: 2}")
	many := demanded(t, "48Mbps", "{kind: concurrency, clients: 8}")
	if few.Users != 2 || many.Users != 8 || many.Rate.Packets <= 2*few.Rate.Packets ||
		few.Rate.Packets < one.Rate.Packets {
		t.Errorf("2 users %+v, 8 users %+v", few, many)
	}
	slow := demanded(t, "48Mbps", "{kind: poisson, rate: 0.01/s}")
	fast := demanded(t, "48Mbps", "{kind: poisson, rate: 1000/s}")
	// Fast links carry several segments at a time.
	if fast := demanded(t, "480Mbps", "sequential"); math.Abs(fast.Rate.Packets/(10*full/burst)-1) > 0.2 {
		t.Errorf("ten times as fast: %+v", fast)
	}
	if !slow.Open || !fast.Open || slow.Chains > 1 || fast.Chains < 4 || fast.Rate.Packets <= one.Rate.Packets ||
		math.Abs(slow.Rate.Packets-one.Rate.Packets) > 1 {
		t.Errorf("rarely %+v, at once %+v, alone %+v", slow, fast, one)
	}
}

func TestOpenLoopsAtTheirBusiest(t *testing.T) {
	each := chain{sent: Rate{100, 200}, seconds: 0.1}
	chains := []chain{each, each, each, each, each}
	for _, c := range []struct {
		due           []float64
		packets, rate float64
	}{
		{[]float64{0, 10, 20, 30, 40}, 100, 1}, {[]float64{9, 0.2, 0, 0.9, 5}, 300, 3}, {[]float64{0, 1, 2, 3, 3.5}, 200, 2},
		{[]float64{0, 0, 0, 0, 0}, 500, 5},
	} {
		r, perSecond := openLoop(chains, c.due)
		if math.Abs(r.Packets-c.packets) > 1e-9 || math.Abs(r.Crossings-2*c.packets) > 1e-9 || perSecond != c.rate {
			t.Errorf("%v: %+v and %v chains/s", c.due, r, perSecond)
		}
	}
}
