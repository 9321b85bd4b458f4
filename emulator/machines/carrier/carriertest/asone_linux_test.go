package carriertest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/statistics"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
)

// passes is how often everything is measured, in turns: what else runs on the host only adds to errors.
const passes = 2

// finding is what `testbed verify` says of a measurement.
type finding struct {
	Probe       string  `json:"probe"`
	Link        string  `json:"link"`
	Class       string  `json:"class"`
	FromMachine string  `json:"from_machine"`
	ToMachine   string  `json:"to_machine"`
	Error       float64 `json:"error"`
	Verdict     string  `json:"verdict"`
	OK          bool    `json:"ok"`
	Skipped     bool    `json:"skipped"`
}

// carried is what was measured of the scenario on one machine or three.
type carried struct {
	off    map[string][]float64 // errors of round trips in s, absolute, by class
	across map[string][]float64 // of those between two machines
	rated  map[string]bool      // whether the rate is as it should be, by class
	chains map[string][]float64 // latencies in s, by model and job
}

// TestAsOnOneMachine: what `verify` and `replay` measure of scenarios/iiot.yaml over three machines is what they
// measure of it on one, with the same runtime and fabric: round trips through the cut to within 0.1 ms more, and the
// mean of each model's chains to within 3 %, by pairs of the same chains.
func TestAsOnOneMachine(t *testing.T) {
	onQuietMachines(t)
	p := newCommands(t)
	one, three := newCarried(), newCarried()
	for pass := range passes {
		turns := []func(){
			func() { one.measure(t, p, pass, p.on(t, 1, "--runtime", "docker", "--fabric", "userspace")) },
			func() { three.measure(t, p, pass, p.spread()) },
		}
		if pass%2 == 1 {
			slices.Reverse(turns) // what drifts by and by is no difference between the two
		}
		for _, turn := range turns {
			turn()
		}
	}
	compareErrors(t, one, three)
	compareMeans(t, one, three)
}

func newCarried() *carried {
	return &carried{map[string][]float64{}, map[string][]float64{}, map[string]bool{}, map[string][]float64{}}
}

// measure brings the scenario up, measures its links, replays its jobs, and takes it down.
func (c *carried) measure(t *testing.T, p *commands, pass int, where place) {
	t.Helper()
	const name = "as-one"
	where.must(t, append([]string{"up", "scenarios/iiot.yaml", "--name", name, "-q"}, where.flags...)...)
	defer where.must(t, "down", "--name", name, "-q")
	verify := []string{"verify", "--name", name, "-f", "json", "-q", "--only"}
	c.roundTrips(t, where.checked(t, append(verify, "rtt", "--per-class", "3")...))
	c.rates(t, where.checked(t, append(verify, "rate")...))
	results := filepath.Join(t.TempDir(), fmt.Sprint(pass))
	where.must(t, "replay", "--name", name, "-q", "-o", results, "--report=false", "--allow-disturbed")
	c.replay(t, results)
}

// findings are what `verify` has printed.
func findings(t *testing.T, text []byte, probe string) (found []finding) {
	t.Helper()
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return slices.DeleteFunc(found, func(f finding) bool { return f.Probe != probe || f.Skipped })
}

// roundTrips takes in what was found: of each class the best pass counts.
func (c *carried) roundTrips(t *testing.T, text []byte) {
	t.Helper()
	off, across := map[string][]float64{}, map[string][]float64{}
	for _, f := range findings(t, text, "rtt") {
		if strings.Contains(f.Verdict, "lost") || f.Verdict == "no answer" {
			t.Errorf("%s: %s", f.Link, f.Verdict)
			continue
		}
		off[f.Class] = append(off[f.Class], math.Abs(f.Error))
		if f.FromMachine != f.ToMachine {
			across[f.Class] = append(across[f.Class], math.Abs(f.Error))
		}
	}
	better(c.off, off)
	better(c.across, across)
}

// rates takes in of which links the rate was as it should be, by the limits of one machine, in any pass.
func (c *carried) rates(t *testing.T, text []byte) {
	t.Helper()
	for _, f := range findings(t, text, "rate") {
		if c.rated[f.Class] = c.rated[f.Class] || f.OK; !f.OK {
			t.Logf("%s (%s): %s", f.Link, f.Class, f.Verdict)
		}
	}
}

// better keeps of each class what has the smaller median.
func better(best, now map[string][]float64) {
	for class, off := range now {
		if had, ok := best[class]; !ok || middle(off) < middle(had) {
			best[class] = off
		}
	}
}

// middle is the median.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// replay takes in the chains of a run, all of which came to their end with all states.
func (c *carried) replay(t *testing.T, results string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(results, "*", record.ManifestFile))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%s holds %q (%v), not one run", results, dirs, err)
	}
	dir := filepath.Dir(dirs[0])
	m, err := record.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range m.Models {
		if n.Planned == 0 || n.Done != n.Planned || n.Failed+n.Lost+n.NotRun+n.StatesLost > 0 {
			t.Errorf("%s: %+v", n.Model, n)
		}
	}
	chains, err := recordtest.Chains(dir)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]record.Chain{} // of a chain that was repeated the last attempt
	for _, chain := range chains {
		key := fmt.Sprintf("%s %d", chain.Model, chain.Index)
		if had, again := last[key]; !again || chain.Attempt > had.Attempt {
			last[key] = chain
		}
	}
	for key, chain := range last {
		if !chain.Disturbed {
			c.chains[key] = append(c.chains[key], chain.Measured.Latency)
		}
	}
}

// compareErrors holds the medians of each class against one another.
func compareErrors(t *testing.T, one, three *carried) {
	t.Helper()
	const more = 100e-6
	for class, all := range three.off {
		had, ok := one.off[class]
		if !ok {
			t.Errorf("%s was not measured on one machine", class)
			continue
		}
		kinds := map[string][]float64{"all": all, "through the cut": three.across[class]}
		for kind, off := range kinds {
			if len(off) == 0 {
				continue
			}
			t.Logf("%s, %s: off by %.0f µs in the median of %d, and %.0f µs on one machine", class, kind, 1e6*middle(off),
				len(off), 1e6*middle(had))
			if middle(off) > middle(had)+more {
				t.Errorf("%s, %s: want 100 µs more at most", class, kind)
			}
		}
	}
	if len(three.across) == 0 {
		t.Error("nothing was measured through the cut")
	}
	for class, ok := range three.rated {
		if !ok && one.rated[class] {
			t.Errorf("%s: the rate is off, and is not on one machine", class)
		}
	}
}

// fewest is of how many pairs of chains a model's statement is at least.
const fewest = 15

// compareMeans holds the means of each model against one another, by pairs of the same chains.
func compareMeans(t *testing.T, one, three *carried) {
	t.Helper()
	const most = 0.03
	means, differences := map[string][]float64{}, map[string][]float64{}
	for key, before := range one.chains {
		if now, ok := three.chains[key]; ok {
			model, _, _ := strings.Cut(key, " ")
			means[model] = append(means[model], statistics.Mean(before))
			differences[model] = append(differences[model], statistics.Mean(now)-statistics.Mean(before))
		}
	}
	if len(means) != 4 {
		t.Errorf("there are %d models, not four", len(means))
	}
	for model, before := range means {
		n := float64(len(before))
		mean, deviation := statistics.MeanStdDev(differences[model])
		by := mean / statistics.Mean(before)
		within := statistics.StudentQuantile(0.975, n-1) * deviation / math.Sqrt(n) / statistics.Mean(before)
		t.Logf("%s: %+.2f %% (95 %%: +-%.2f) of %.3f s, by %.0f pairs", model, 100*by, 100*within, statistics.Mean(before), n)
		if n < fewest || within > most {
			t.Errorf("%s: too little for a statement of 3 %%", model)
		}
		if math.Abs(by) > most {
			t.Errorf("%s: want 3 %% at most", model)
		}
	}
}

// onQuietMachines skips what measures times where other work runs.
func onQuietMachines(t *testing.T) {
	t.Helper()
	if !testenv.QuietMachine() {
		t.Skip("it needs a machine that does nothing else: make fidelity")
	}
	if _, err := os.Stat(shipped()); err != nil {
		testenv.Missing(t, "bin/testbed is not there: make build")
	}
}
