package emulator_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
)

// moved is a function that is called once, moves with its state over links of a rate, and is called again.
const moved = `name: %s
topology:
  nodes: {camera: {memory: 512MiB}, box1: {memory: 4GiB}, box2: {memory: 4GiB}, hall: {kind: switch}}
  links:
    - {name: wired, endpoints: [camera, hall], rate: 100Mbps, delay: 1ms}
    - {name: lan1, endpoints: [box1, hall], rate: %s, delay: 1ms}
    - {name: lan2, endpoints: [box2, hall], rate: %s, delay: 1ms}
workload:
  states: {track: %s}
  jobs:
    - {name: picture, client: camera, count: 2, period: 3s, tasks: {follow: {ops: 1, argument: 1kB, states: track}}}
events:
  - {at: 500ms, migrate: {function: follow, client: camera, to: box2}}
placement: {hosts: [box1]}
models: [in-function]
replay: {arrival: trace, timeout: 5m}
runtime: process
fabric: userspace
`

// TestUnavailability holds how long a moving function cannot be served against its prediction: the median of three
// moves is within 10 %, from a kilobyte to 100 MB and from 10 Mb/s to 1 Gb/s.
func TestUnavailability(t *testing.T) {
	if os.Getenv("QUIET_MACHINE") == "" {
		t.Skip("it needs a machine that does nothing else: make fidelity")
	}
	for _, c := range []struct{ size, rate string }{
		{"1kB", "10Mbps"}, {"1kB", "100Mbps"}, {"1kB", "1Gbps"}, {"100kB", "10Mbps"}, {"100kB", "100Mbps"},
		{"100kB", "1Gbps"}, {"10MB", "10Mbps"}, {"10MB", "100Mbps"}, {"10MB", "1Gbps"}, {"100MB", "10Mbps"},
		{"100MB", "100Mbps"}, {"100MB", "1Gbps"},
	} {
		var errs []float64
		for range 3 {
			m := oneMove(t, c.size, c.rate)
			errs = append(errs, m.Unavailable/m.Predicted.Unavailable-1)
			t.Logf("%s, %s: %.3f ms, predicted %.3f ms", c.size, c.rate, 1e3*m.Unavailable, 1e3*m.Predicted.Unavailable)
		}
		slices.Sort(errs)
		if e := errs[1]; math.Abs(e) > 0.1 {
			t.Errorf("%s, %s: off by %+.1f %%: %v", c.size, c.rate, 100*e, errs)
		}
	}
}

// oneMove carries the scenario out, and gives its move.
func oneMove(t *testing.T, size, rate string) *record.Migration {
	t.Helper()
	var move *record.Migration
	movedIn(t, fmt.Sprintf(moved, "%s", rate, rate, size), func(all []record.Event) bool {
		if len(all) != 1 || len(all[0].Moves) != 1 {
			return false
		}
		move = &all[0].Moves[0]
		return true
	})
	return move
}

// movedIn carries a scenario out, whose name is left open, and whose events must be as wanted. What takes place at a
// time, and within one, a host that stood still has repeated.
func movedIn(t *testing.T, scenario string, asWanted func([]record.Event) bool) {
	t.Helper()
	name, dir := fmt.Sprintf("move-%d", os.Getpid()), t.TempDir()
	e := loaded(t, dir, fmt.Sprintf(scenario, name))
	testenv.Repeat(t, hostTries, func() error {
		outcome, err := newReal(t).tried(t, e, t.TempDir())
		if err != nil {
			return err
		}
		manifest, err := record.ReadManifest(outcome.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if !asWanted(manifest.Events) {
			return fmt.Errorf("events: %+v", manifest.Events)
		}
		return nil
	})
}

// drained is a function that is called for three seconds, whose node is down for a while after one and a half.
const drained = `name: %%s
topology:
  nodes: {camera: {memory: 512MiB}, box1: {memory: 4GiB}, box2: {memory: 4GiB}, hall: {kind: switch}}
  links:
    - {name: wired, endpoints: [camera, hall], rate: 100Mbps, delay: 1ms}
    - {name: lan1, endpoints: [box1, hall], rate: %s, delay: 1ms}
    - {name: lan2, endpoints: [box2, hall], rate: %s, delay: 1ms}
workload:
  states: {track: 1MB}
  jobs:
    - {name: picture, client: camera, count: 15, period: 200ms,
       tasks: {follow: {ops: 1, argument: 1kB, states: track}}}
events:
  - {from: 1500ms, to: 1800ms, node: box1, down, drain: {within: 1s, to: box2}}
placement: {hosts: [box1]}
models: [in-function]
replay: {arrival: trace}
runtime: process
fabric: userspace
`

// TestDrain: what is on a node leaves it before it goes down, and nothing is lost; what cannot in time is named.
func TestDrain(t *testing.T) {
	// It fails where a chain fails or loses its state.
	movedIn(t, fmt.Sprintf(drained, "1Gbps", "1Gbps"), func(all []record.Event) bool {
		moves := events(all)
		return len(moves) == 1 && moves[0].From == "box1" && moves[0].To == "box2" && moves[0].Undone == ""
	})
	movedIn(t, fmt.Sprintf(drained, "1Mbps", "1Mbps"), func(all []record.Event) bool {
		return len(events(all)) == 0 && slices.ContainsFunc(all, func(e record.Event) bool {
			return strings.Contains(e.Error, "function follow of camera stays where it is: the node goes down")
		})
	})
}

// TestRebalance: a function that is placed far from its client comes nearer, for it is called often.
func TestRebalance(t *testing.T) {
	movedIn(t, `name: %s
topology:
  nodes: {camera: {memory: 512MiB}, near: {memory: 4GiB}, far: {memory: 4GiB}, hall: {kind: switch}}
  links:
    - {name: wired, endpoints: [camera, hall], rate: 100Mbps, delay: 1ms}
    - {name: lan1, endpoints: [near, hall], rate: 1Gbps, delay: 1ms}
    - {name: wan, endpoints: [far, hall], rate: 1Gbps, delay: 20ms}
workload:
  states: {track: 100kB}
  jobs:
    - {name: picture, client: camera, count: 20, period: 150ms,
       tasks: {follow: {ops: 1, argument: 1kB, states: track}}}
placement: {hosts: [near, far], policy: load, rebalance: {every: 700ms, horizon: 30s}}
models: [in-function]
replay: {arrival: trace}
runtime: process
fabric: userspace
`, func(all []record.Event) bool {
		moves := events(all)
		return len(moves) == 1 && moves[0].To == "near" && moves[0].Undone == "" && moves[0].Decided != nil &&
			moves[0].Decided.Gain > moves[0].Decided.Cost
	})
}

func events(all []record.Event) (moves []record.Migration) {
	for _, e := range all {
		moves = append(moves, e.Moves...)
	}
	return moves
}

// TestAProgramMoves: a program in Python, which is called now and then, goes to another node: there an instance starts
// while its state travels, nothing is lost, and what the start takes is in the prediction.
func TestAProgramMoves(t *testing.T) {
	dir := functionsHere(t)
	const least = 0.01 // s: no Python starts faster
	movedIn(t, fmt.Sprintf(`name: %%s
topology:
  nodes: {camera: {memory: 512MiB}, box1: {memory: 4GiB}, box2: {memory: 4GiB}, hall: {kind: switch}}
  links:
    - {name: wired, endpoints: [camera, hall], rate: 100Mbps, delay: 1ms}
    - {name: lan1, endpoints: [box1, hall], rate: 1Gbps, delay: 1ms}
    - {name: lan2, endpoints: [box2, hall], rate: 1Gbps, delay: 1ms}
functions:
  counter: {command: [/usr/bin/python3, counter.py], dir: %q}
workload:
  states: {hits: 1kB}
  jobs:
    - {name: page, client: camera, count: 8, period: 300ms,
       tasks: {counter: {ops: 1, argument: 1kB, states: hits}}}
events:
  - {at: 1s, migrate: {function: counter, client: camera, to: box2}}
placement: {hosts: [box1]}
models: [in-function]
replay: {arrival: trace}
runtime: process
fabric: userspace
`, filepath.Join(dir, "functions")), func(all []record.Event) bool { // it fails where the state is not of all calls
		moves := events(all)
		if len(moves) != 1 || moves[0].To != "box2" || moves[0].Undone != "" || moves[0].Function != "counter" {
			return false
		}
		m := &moves[0]
		if m.Unavailable < least || m.Predicted == nil || m.Predicted.Unavailable < least {
			t.Errorf("%+v, predicted %+v", m, m.Predicted)
		}
		return true
	})
}
