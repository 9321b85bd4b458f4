// Package run reads a run's directory for a report: whatever is there, and in words what is not. Samples
// are read as a stream, so that a run of any length fits in memory.
package run

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/compare"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// Names of the files that other packages write beside those of package record.
const (
	PredictionFile = record.PredictionFile
	ComparisonFile = record.ComparisonFile
)

// Run is what a run has left.
type Run struct {
	Dir       string
	Manifest  *record.Manifest
	Catalogue *catalogue.Catalogue
	Topology  *topology.Topology // nil: not known
	Rebuilt   bool               // the topology is not of the run's directory, but of the scenario in it
	Models    []string           // in the study's order
	Chains    []Chain            // in the order in which they ended
	Engines   []string           // that predicted, the one that emulation should agree with first
	Reports   []*compare.Report  // one an engine
	Redone    bool               // the reports are not of the run's directory
	Load      Load               // of links
	Host      HostLoad
	Lateness  Lateness
	Attempts  []Attempt // beside Chains, those that were made again
	Extra     []Fact    // of the manifest, that this version knows no other place for
	Missing   []string  // sentences on what is not there, and how to get it
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
	Predicted []*Predicted     // by engine; nil: not predicted
	Host      *record.HostLate // nil: not known
	Weight    float64          // how many jobs it stands for
}

// Predicted is a prediction without its steps.
type Predicted struct {
	record.Times
	Traffic int64 // payload bytes times links
}

// Read reads a run's directory; the catalogue says in what order, and how, its models are shown. It fails where there
// is no manifest; everything else may be missing.
func Read(dir string, c *catalogue.Catalogue) (*Run, error) {
	manifest, unsound := record.Verify(dir)
	if manifest == nil {
		return nil, fmt.Errorf("%s is no run's directory: %w", dir, unsound)
	}
	r := &Run{Dir: dir, Manifest: manifest, Catalogue: c}
	if unsound != nil {
		r.miss("This is not what the run left whole: %v.", unsound)
	}
	if s := manifest.Sampling; s != nil && s.Missed > 0 {
		r.miss("%d of the samples of links and host, one each %g s, are missing.", s.Missed, s.Interval)
	}
	r.readExtra()
	r.readTopology()
	r.readChains()
	r.readPredictions()
	r.readReports()
	if err := errors.Join(r.readLoad(), r.readAttempts(), r.readLateness()); err != nil {
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
	t, rebuilt, err := topologyOf(r.Dir, r.Manifest, r.Catalogue)
	if err != nil {
		r.miss("The topology is not known: %v.", err)
		return
	}
	r.Topology, r.Rebuilt = t, rebuilt
}

// Topology is the topology of the run in dir. Rebuilt says that it is not the one that was in force, which
// the run did not keep, but that of the scenario in its manifest.
func Topology(dir string, c *catalogue.Catalogue) (t *topology.Topology, rebuilt bool, err error) {
	manifest, err := record.ReadManifest(dir)
	if err != nil {
		return nil, false, fmt.Errorf("%s is no run's directory: %w", dir, err)
	}
	return topologyOf(dir, manifest, c)
}

func topologyOf(dir string, m *record.Manifest, c *catalogue.Catalogue) (*topology.Topology, bool, error) {
	t, err := record.ReadTopology(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return t, false, err
	}
	sc, err := scenario.Parse(m.Scenario, record.ManifestFile, c)
	if err == nil {
		t, err = sc.Topology()
	}
	if err != nil {
		return nil, false, fmt.Errorf("the run has no %s, and the scenario in its manifest cannot be worked out here",
			record.TopologyFile)
	}
	return t, true, nil
}

func (r *Run) readChains() {
	err := record.EachChain(filepath.Join(r.Dir, record.ChainsFile), r.addChain)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.miss("There is no %s: no chains are shown.", record.ChainsFile)
	case errors.Is(err, record.ErrTruncated):
		r.miss("The last line of %s is cut off, as a crash leaves it, and is left out.", record.ChainsFile)
	case err != nil:
		r.miss("%s could be read only in part: %v.", record.ChainsFile, err)
	}
	slices.SortStableFunc(r.Models, func(a, b string) int { return r.modelOrder(a) - r.modelOrder(b) })
	slices.SortStableFunc(r.Chains, func(a, b Chain) int { return a.End.Compare(b.End) })
}

// addChain takes a row of the chains' table.
func (r *Run) addChain(c *record.Chain) error {
	model, err := known(&r.Models, c.Model, "model")
	if err != nil {
		return err
	}
	end := c.Time
	r.Chains = append(r.Chains, Chain{
		Model: model, Length: c.Length, Index: c.Index, OK: c.Measured.Latency > 0, Whole: c.OK(), Measured: c.Measured,
		Host: c.Host, Weight: c.Stands(),
		Start: end.Add(-time.Duration(c.Measured.Latency * float64(time.Second))), End: end,
	})
	return nil
}

// known is the one copy that is kept of a name. There are few in a run, and much is drawn for each of them.
func known(names *[]string, name, what string) (string, error) {
	if i := slices.Index(*names, name); i >= 0 {
		return (*names)[i], nil
	}
	if len(*names) == record.MaxNames {
		return "", fmt.Errorf("at most %d %ss are read: %w", record.MaxNames, what, readfile.ErrLimit)
	}
	*names = append(*names, strings.Clone(name))
	return (*names)[len(*names)-1], nil
}

// modelOrder is a model's place in the catalogue's order; those that it does not have come last.
func (r *Run) modelOrder(model string) int { return r.Catalogue.Index(catalogue.Models, model) }

// readReports takes the comparison that the run left or, where it did not come to it, makes one.
func (r *Run) readReports() {
	file, err := readfile.Open(filepath.Join(r.Dir, ComparisonFile), compare.MaxSize)
	if err == nil {
		defer file.Close()
		r.Reports, err = compare.ReadJSON(file)
	}
	switch {
	case err == nil:
		return
	case !errors.Is(err, fs.ErrNotExist):
		r.miss("%s could not be read (%v); `testbed compare` makes it again.", ComparisonFile, err)
	}
	if len(r.Chains) == 0 {
		return
	}
	options := compare.Options{Catalogue: r.Catalogue, Seed: r.Manifest.Seed, Alone: r.Manifest.Alone,
		Resamples: resamples(len(r.Chains))}
	reports, err := compare.All(r.rows(), r.predictions(), options)
	if err != nil {
		r.miss("Measurement and prediction cannot be compared: %v.", err)
		return
	}
	r.Reports, r.Redone = reports, true
	r.miss("There is no %s: the comparison was made for this report, without steps; `testbed compare` has them.",
		ComparisonFile)
}

// resamples bounds the time that the bootstrap takes.
func resamples(chains int) int { return min(1000, max(50, 5_000_000/max(1, chains))) }

func (r *Run) rows() []compare.Chain {
	rows := make([]compare.Chain, len(r.Chains))
	for i := range r.Chains {
		c := &r.Chains[i]
		rows[i] = compare.Chain{Weight: c.Weight, Index: c.Index, Model: plan.Model(c.Model), Length: c.Length,
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
