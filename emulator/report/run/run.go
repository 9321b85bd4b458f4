// Package run reads a run's directory for a report: whatever is there, and in words what is not. Samples
// are read as a stream, so that a run of any length fits in memory.
package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// Names of the files that other packages write beside those of package record.
const (
	PredictionFile = "prediction.csv"
	ComparisonFile = "comparison.json"
)

// Run is what a run has left.
type Run struct {
	Dir      string
	Manifest *record.Manifest
	Topology *topology.Topology // nil: not known
	Rebuilt  bool               // the topology is not of the run's directory, but of the scenario in it
	Models   []string           // in the study's order
	Chains   []Chain            // in the order in which they ended
	Engines  []string           // that predicted, the one that emulation should agree with first
	Reports  []*compare.Report  // one an engine
	Redone   bool               // the reports are not of the run's directory
	Load     Load               // of links
	Host     HostLoad
	Extra    []Fact   // of the manifest, that this version knows no other place for
	Missing  []string // sentences on what is not there, and how to get it
}

// Chain is one chain with what each engine predicted of it.
type Chain struct {
	Model     string
	Length    int
	Index     int
	OK        bool // it came to its end: it has times
	Whole     bool // and no state was lost
	Start     time.Time
	End       time.Time
	Measured  record.Times
	Predicted []*Predicted // by engine; nil: not predicted
}

// Predicted is a prediction without its steps.
type Predicted struct {
	record.Times
	Traffic int64 // payload bytes times links
}

// Read reads a run's directory. It fails where there is no manifest; everything else may be missing.
func Read(dir string) (*Run, error) {
	manifest, err := record.ReadManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("%s is no run's directory: %w", dir, err)
	}
	r := &Run{Dir: dir, Manifest: manifest}
	r.readExtra()
	r.readTopology()
	r.readChains()
	r.readPredictions()
	r.readReports()
	if err := r.readLoad(); err != nil {
		r.miss("%s could not be read: %v.", record.SamplesFile, err)
	}
	return r, nil
}

func (r *Run) miss(format string, args ...any) {
	r.Missing = append(r.Missing, fmt.Sprintf(format, args...))
}

// readTopology takes the topology that was in force or, where the run is of a version that did not keep
// it, builds it from the scenario.
func (r *Run) readTopology() {
	t, rebuilt, err := topologyOf(r.Dir, r.Manifest)
	if err != nil {
		r.miss("The topology is not known: %v.", err)
		return
	}
	r.Topology, r.Rebuilt = t, rebuilt
}

// Topology is the topology of the run in dir. Rebuilt says that it is not the one that was in force, which
// the run did not keep, but that of the scenario in its manifest.
func Topology(dir string) (t *topology.Topology, rebuilt bool, err error) {
	manifest, err := record.ReadManifest(dir)
	if err != nil {
		return nil, false, fmt.Errorf("%s is no run's directory: %w", dir, err)
	}
	return topologyOf(dir, manifest)
}

func topologyOf(dir string, m *record.Manifest) (*topology.Topology, bool, error) {
	t, err := record.ReadTopology(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return t, false, err
	}
	sc, err := scenario.Parse(m.Scenario, record.ManifestFile)
	if err == nil {
		t, err = sc.Topology()
	}
	if err != nil {
		return nil, false, fmt.Errorf("the run has no %s, and the scenario in its manifest cannot be worked out here", record.TopologyFile)
	}
	return t, true, nil
}

func (r *Run) readChains() {
	chains, err := record.ReadChains(filepath.Join(r.Dir, record.ChainsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.miss("There is no %s: no chains are shown.", record.ChainsFile)
	case errors.Is(err, record.ErrTruncated):
		r.miss("The last line of %s is cut off, as a crash leaves it, and is left out.", record.ChainsFile)
	case err != nil:
		r.miss("%s could be read only in part: %v.", record.ChainsFile, err)
	}
	for i := range chains {
		c := &chains[i]
		end := c.Time
		r.Chains = append(r.Chains, Chain{
			Model: c.Model, Length: c.Length, Index: c.Index, OK: c.Measured.Latency > 0, Whole: c.OK(), Measured: c.Measured,
			Start: end.Add(-time.Duration(c.Measured.Latency * float64(time.Second))), End: end,
		})
		if !slices.Contains(r.Models, c.Model) {
			r.Models = append(r.Models, c.Model)
		}
	}
	slices.SortStableFunc(r.Models, func(a, b string) int { return place(a) - place(b) })
	slices.SortStableFunc(r.Chains, func(a, b Chain) int { return a.End.Compare(b.End) })
}

// place is a model's place in the study's order; those that it does not have come last.
func place(model string) int {
	if i := slices.Index(plan.Models, plan.Model(model)); i >= 0 {
		return i
	}
	return len(plan.Models)
}

// readPredictions finds every chain's predictions.
func (r *Run) readPredictions() {
	file, err := os.Open(filepath.Join(r.Dir, PredictionFile))
	if err != nil {
		r.miss("There is no %s: the run ended before anything was predicted, and only what was measured is shown.", PredictionFile)
		return
	}
	defer file.Close()
	predictions, err := predict.ReadCSV(file)
	if err != nil {
		r.miss("%s could not be read: %v.", PredictionFile, err)
		return
	}
	type key struct {
		engine, model string
		index         int
	}
	known := map[key]*Predicted{}
	for i := range predictions {
		p := &predictions[i]
		if !slices.Contains(r.Engines, p.Engine) {
			r.Engines = append(r.Engines, p.Engine)
		}
		known[key{p.Engine, string(p.Model), p.Index}] = &Predicted{Traffic: p.Traffic,
			Times: record.Times{Latency: p.Total, Network: p.Network, Processing: p.Processing}}
	}
	for i := range r.Chains {
		c := &r.Chains[i]
		for _, engine := range r.Engines {
			c.Predicted = append(c.Predicted, known[key{engine, c.Model, c.Index}])
		}
	}
}

// readReports takes the comparison that the run left or, where it did not come to it, makes one.
func (r *Run) readReports() {
	file, err := os.Open(filepath.Join(r.Dir, ComparisonFile))
	if err == nil {
		defer file.Close()
		if r.Reports, err = compare.ReadJSON(file); err == nil {
			return
		}
		r.miss("%s could not be read (%v); `testbed compare` makes it again.", ComparisonFile, err)
	}
	if len(r.Chains) == 0 {
		return
	}
	reports, err := compare.CompareAll(r.rows(), r.predictions(), compare.Options{Seed: r.Manifest.Seed, Resamples: resamples(len(r.Chains))})
	if err != nil {
		r.miss("Measurement and prediction cannot be compared: %v.", err)
		return
	}
	r.Reports, r.Redone = reports, true
	r.miss("There is no %s: the comparison was made for this report, without steps; `testbed compare` has them.", ComparisonFile)
}

// resamples bounds the time that the bootstrap takes.
func resamples(chains int) int { return min(1000, max(50, 5_000_000/max(1, chains))) }

func (r *Run) rows() []compare.Chain {
	rows := make([]compare.Chain, len(r.Chains))
	for i := range r.Chains {
		c := &r.Chains[i]
		rows[i] = compare.Chain{Index: c.Index, Model: plan.Model(c.Model), Length: c.Length,
			Total: c.Measured.Latency, Network: c.Measured.Network, Processing: c.Measured.Processing}
		if !c.OK {
			rows[i].Err = "failed"
		}
	}
	return rows
}

// predictions are those of the chains, each once.
func (r *Run) predictions() []predict.Prediction {
	var all []predict.Prediction
	for e, engine := range r.Engines {
		seen := map[*Predicted]bool{}
		for i := range r.Chains {
			c := &r.Chains[i]
			if p := c.Predicted[e]; p != nil && !seen[p] {
				seen[p] = true
				all = append(all, predict.Prediction{Engine: engine, Index: c.Index, Model: plan.Model(c.Model),
					Total: p.Latency, Network: p.Network, Processing: p.Processing, Traffic: p.Traffic})
			}
		}
	}
	return all
}

// Report is the comparison with an engine's predictions; nil where there is none.
func (r *Run) Report(engine string) *compare.Report {
	for _, report := range r.Reports {
		if report.Engine == engine {
			return report
		}
	}
	return nil
}
