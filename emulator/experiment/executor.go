package experiment

import (
	"context"
	"errors"
	"slices"
	"sync"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
)

// Work is a cell to be executed.
type Work struct {
	Cell     *Cell
	Scenario *resolved.Scenario
	Engines  []string          // those whose rows are wanted
	Runs     string            // directory that gets the directories of runs
	Factors  map[string]string // tags of what is measured: the factors' columns, cell and repetition
	Phase    func(string)      // told of what goes on
	Tabulate *Tabulator        // makes the result's rows
}

// Executor executes cells that are measured, one after the other.
type Executor interface {
	// Execute executes a cell. An error means that it has to be executed again; chains that failed are none.
	Execute(ctx context.Context, w *Work) (*Result, error)
	// Close removes what cells were executed on, even where ctx has ended.
	Close(ctx context.Context) error
}

// Result is what came of a cell by some engines.
type Result struct {
	Cell     string   `json:"cell"` // its ID
	Engines  []string `json:"engines"`
	Run      string   `json:"run,omitempty"` // name of the run's directory; empty: nothing was measured
	Fabric   string   `json:"fabric,omitempty"`
	Runtime  string   `json:"runtime,omitempty"`
	Verdict  string   `json:"verdict,omitempty"` // of the run on itself: record.Green ...
	Reasons  []string `json:"reasons,omitempty"`
	Failed   int      `json:"failed,omitempty"` // chains that failed or lost state
	Took     float64  `json:"took_s"`           // all of it, with what was changed of the testbed before
	Estimate float64  `json:"estimate_s"`       // of that, the chains by prediction
	Fresh    bool     `json:"fresh,omitempty"`  // the testbed was brought up for it
	// Attempted is by model the payload times links, by the plan, of all chains carried out, repeated ones too.
	Attempted map[string]int64 `json:"attempted_byte_hops,omitempty"`

	Chains []Chain `json:"-"`
	Steps  []Step  `json:"-"`
	Moves  []Move  `json:"-"`
}

// Tabulator collects a cell's rows. It is a record.Sink for what is measured.
type Tabulator struct {
	mu     sync.Mutex
	tabler *tabler
	result *Result
	wanted []string
}

// NewTabulator makes one for a scenario with the plans of all of its models; of predictions it takes those of the
// engines wanted.
func NewTabulator(e *resolved.Scenario, plans [][]*plan.Plan, wanted []string) *Tabulator {
	return &Tabulator{tabler: newTabler(e, plans), result: &Result{}, wanted: wanted}
}

// Write implements record.Sink.
func (t *Tabulator) Write(chain record.Chain, steps []record.Step) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tabler.measured(t.result, &chain, steps)
	return nil
}

// Flush implements record.Sink.
func (*Tabulator) Flush() error { return nil }

// Counts implements record.Sink: it keeps nothing of its own.
func (*Tabulator) Counts() record.Counts { return record.Counts{} }

// Close implements record.Sink.
func (*Tabulator) Close() error { return nil }

// Moved takes the moves of a run's events.
func (t *Tabulator) Moved(events []record.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.Moves = append(t.result.Moves, movesOf(events, func(engine string) bool {
		return slices.Contains(t.wanted, engine)
	})...)
}

// Predicted takes predictions.
func (t *Tabulator) Predicted(predictions []predict.Prediction) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tabler.predicted(t.result, slices.DeleteFunc(slices.Clone(predictions), func(p predict.Prediction) bool {
		return !slices.Contains(t.wanted, p.Engine)
	}))
}

// Result is what was collected.
func (t *Tabulator) Result() *Result { return t.result }

// predictCell executes a cell by predictors. Those that know nothing but chains predict nothing of DAGs, which is an
// error where no other does.
func predictCell(w *Work, plans [][]*plan.Plan) (*Result, error) {
	r := &Result{}
	table := newTabler(w.Scenario, plans)
	if err := predict.Measured(slices.Concat(plans...)); err != nil {
		return nil, err
	}
	var refused []error
	for _, engine := range w.Engines {
		predictions, err := predictBy(w.Scenario, engine, slices.Concat(plans...))
		if errors.Is(err, predict.ErrBranches) {
			refused = append(refused, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		table.predicted(r, predictions)
	}
	if len(refused) > 0 && len(refused) == len(w.Engines) {
		return nil, errors.Join(refused...)
	}
	wanted := func(engine string) bool { return slices.Contains(w.Engines, engine) }
	if wanted(transport.EngineName) {
		events, err := run.PredictMoves(w.Scenario, slices.Concat(plans...))
		if err != nil {
			return nil, err
		}
		r.Moves = movesOf(events, wanted)
	}
	return r, nil
}
