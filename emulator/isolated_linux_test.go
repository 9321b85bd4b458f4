package emulator_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
)

// premises is the study's network with some of the hour's chains, which arrive in a way and whose states somebody
// accesses.
const premises = `name: %s
topology: {synth: iiot}
cloud: {at: hosts, rtt: 120ms, rate: 50Mbps}
workload: {trace: alibaba-2018-hour, jobs: 24, max-length: 4, state-factor: 2e5, arg-factor: 2e5, ops-factor: 1e4}
models: [external, in-client]
state-access: %s
replay: {arrival: %s, chains: 10}
runtime: process
fabric: userspace
`

// arrived runs the scenario, and gives the undisturbed chains and the time that each model took.
func arrived(t *testing.T, access, arrival string) (map[string]map[int]record.Chain, map[string]time.Duration) {
	t.Helper()
	w := newReal(t)
	name, dir := fmt.Sprintf("iso-%d", os.Getpid()), t.TempDir()
	e := loaded(t, dir, fmt.Sprintf(premises, name, access, arrival))
	sink := &kept{}
	outcome := w.carriedOut(t, e, dir, sink)
	chains, took := map[string]map[int]record.Chain{}, map[string]time.Duration{}
	for _, m := range outcome.Summary.Models {
		chains[m.Model], took[m.Model] = map[int]record.Chain{}, m.Elapsed
		if m.Done != 10 || m.Cold > 0 {
			t.Errorf("%s: %+v", m.Model, m)
		}
	}
	for _, c := range sink.chains {
		if !c.Superseded && !c.Disturbed {
			chains[c.Model][c.Index] = c
		}
	}
	return chains, took
}

// TestIsolatedIsSequential: chains that share nothing take side by side what they take one after the other, and all of
// them much less. On a machine that does other things single chains are off by what the run does not see
// (emulator/README.md); the median of all is not.
func TestIsolatedIsSequential(t *testing.T) {
	for _, access := range []string{"worker", "client"} {
		alone, beside := least{}, least{}
		testenv.Repeat(t, 2*hostTries, func() error {
			alone.add(arrived(t, access, "sequential"))
			beside.add(arrived(t, access, "isolated"))
			return asSequential(t, access, alone, beside)
		})
	}
}

// least are the shortest chains of all tries, by model and index, and the shortest of all of a model together: what
// else the machine does only adds to them.
type least struct {
	chains map[string]map[int]record.Chain
	took   map[string]time.Duration
}

func (l *least) add(chains map[string]map[int]record.Chain, took map[string]time.Duration) {
	if l.chains == nil {
		l.chains, l.took = chains, took
		return
	}
	for model, all := range chains {
		l.took[model] = min(l.took[model], took[model])
		for index, c := range all {
			if before, there := l.chains[model][index]; !there || c.Measured.Latency < before.Measured.Latency {
				l.chains[model][index] = c
			}
		}
	}
}

// asSequential compares both ways to begin chains.
func asSequential(t *testing.T, access string, one, many least) error {
	t.Helper()
	for model := range one.took {
		var longer []float64 // by how many s, of what is allowed
		for index, c := range one.chains[model] {
			if other, both := many.chains[model][index]; both {
				allowed := 0.01*c.Measured.Latency + 0.0005
				longer = append(longer, (other.Measured.Latency-c.Measured.Latency)/allowed)
			}
		}
		slices.Sort(longer)
		t.Logf("%s, by %s: %d chains left alone; in %v one after the other, in %v side by side; differences %.2f", model,
			access, len(longer), one.took[model].Round(time.Millisecond), many.took[model].Round(time.Millisecond), longer)
		if len(longer) < 5 {
			return fmt.Errorf("%s: the host has left %d of 10 chains alone", model, len(longer))
		}
		if median := longer[len(longer)/2]; math.Abs(median) > 1 {
			return fmt.Errorf("%s: side by side they differ by %.2f of what is allowed, 1 %% and half a millisecond", model,
				median)
		}
	}
	// On a machine that does nothing else it is a third, with more chains less: emulator/README.md.
	if model := "external"; many.took[model] > one.took[model]*2/3 {
		return fmt.Errorf("%s takes %v side by side, %v one after the other", model, many.took[model], one.took[model])
	}
	return nil
}
