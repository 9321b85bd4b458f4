// Package run is one execution of a scenario's workload on a testbed that is up: it calibrates the
// prediction with an empty function, replays, records, compares, and leaves a run's directory behind.
package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/influx"
	"testbed/emulator/internal/printable"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/replay"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// Config says what to execute and where the results go.
type Config struct {
	Bed      Bed
	Scenario *resolved.Scenario
	Results  string // directory that gets the run's directory
	Version  string
	Kernel   string
	Phase    func(string)          // told of each phase; may be nil
	Progress func(replay.Progress) // told of each chain; may be nil

	Mirror      *influx.Config     // a database that gets the samples too; nil: none
	Required    bool               // whether to begin only if it can be written to
	SampleEvery time.Duration      // interval of the samples of links and host; 0: a second; negative: none
	Sinks       []record.Sink      // are given each chain too, after the run's directory; their failures are theirs
	Fidelity    bool               // whether to measure a link of each class before the replay
	Event       func(record.Event) // told of the scenario's events as they happen; may be nil
	Began       func(Live)         // told once when the samples of links begin; may be nil
	Factors     map[string]string  // tags of the run's chains and steps, where it is a cell of an experiment
	First       int                // so many of the scenario's chains are executed, those that come first; 0: all
	KeepInputs  int64              // bytes up to which a file that the scenario reads is copied; 0: resolved.LargestInput
}

// Outcome is what an execution came to.
type Outcome struct {
	Dir      string // the run's directory
	Summary  replay.Summary
	Run      *compare.Run      // the run as `testbed compare` sees it; nil: it has no directory
	Reports  []*compare.Report // its reports, one a predictor
	Mirror   *Mirrored         // nil: there was none
	Off      []record.Fidelity // links that were measured and are off their targets, by the rule of `testbed verify`
	Validity *record.Validity  // the run's verdict on itself; nil: it did not come to that
}

// Failures is the number of chains that failed or lost state.
func (o *Outcome) Failures() int {
	n := 0
	for _, m := range o.Summary.Models {
		n += m.Failed + m.Lost
	}
	return n
}

// Run executes. An error means that it did not come to its end, or that something of what belongs to a run is missing;
// what was measured until then is in the run's directory, which the outcome names as soon as there is one, and whose
// final manifest says what is missing. Chains that failed are no error.
func Run(ctx context.Context, c Config) (*Outcome, error) {
	c.Scenario.KeepFirst(c.First)
	plans, err := plansOf(c.Scenario)
	if err == nil {
		err = c.Scenario.CheckMemory(0)
	}
	if err == nil {
		err = c.checkMirror(ctx)
	}
	if err != nil {
		return &Outcome{}, err
	}
	name := record.RunName(c.Scenario.Source.Name, time.Now())
	lease, err := c.Bed.Begin(ctx, name)
	if err != nil {
		return &Outcome{}, err
	}
	defer lease.End()
	if found := lease.Found(); len(found.Changed) > 0 {
		if c.Scenario, err = c.Scenario.On(found.Network); err != nil {
			return &Outcome{}, err
		}
	}
	dir, err := record.MakeDirectory(c.Results, name)
	if err != nil {
		return &Outcome{}, err
	}
	r := &run{Config: c, lease: lease, dir: dir, plans: plans, outcome: &Outcome{Dir: dir.Path()}}
	if err = r.describe(); err == nil {
		err = r.mirror()
	}
	if err == nil {
		r.guard, r.agree = watchOver(ctx, c.Bed), agree(c.Scenario)
		stop := r.observe()
		err = r.watched(ctx)
		stop()
	}
	err = errors.Join(err, dir.Close())
	r.flushMirror()
	return r.outcome, r.conclude(ctx, err)
}

// run is an execution under way.
type run struct {
	Config
	lease     Lease
	dir       *record.Directory
	plans     [][]*plan.Plan
	manifest  *record.Manifest
	predicted []predict.Prediction
	outcome   *Outcome
	database  *influx.Mirror // nil: none
	guard     *guard
	setting   predict.Setting // as calibrated
	telling   sync.Mutex      // of events
	agree     *agreement      // nil: no function is a program
	gone      gone            // nodes that have died and that the chains can do without
}

// plansOf builds the plans of all models, as the worker-side state access that the FaaS carries out.
func plansOf(e *resolved.Scenario) ([][]*plan.Plan, error) {
	all := make([][]*plan.Plan, len(e.Models))
	for i, m := range e.Models {
		var err error
		if all[i], err = e.Chains(m); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *run) phase(text string) {
	if r.Phase != nil {
		r.Phase(text)
	}
}

// watched executes, and gives up as soon as a part of the testbed dies.
func (r *run) watched(ctx context.Context) error {
	living, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	go func() {
		if err := r.watchOver(living); err != nil {
			abort(err)
		}
	}()
	err := r.execute(living)
	cause := context.Cause(living)
	if cause == nil {
		return err
	}
	if ctx.Err() == nil { // something has died, and perhaps for a reason, of which all errors are consequences
		if why := r.Bed.Reason(ctx, cause); !errors.Is(why, cause) {
			return why
		}
	}
	if !errors.Is(err, cause) {
		err = errors.Join(err, cause)
	}
	return err
}

func (r *run) execute(ctx context.Context) error {
	apart, err := r.synchronise(ctx)
	if err != nil {
		return err
	}
	defer apart()
	if r.Fidelity {
		r.fidelity(ctx)
	}
	r.phase("measuring an empty function")
	overhead, setting, err := r.calibrate(ctx)
	if err != nil {
		return err
	}
	programs, err := r.programs()
	if err != nil {
		return err
	}
	defer r.serve(programs)()
	r.manifest.Overhead, r.setting = &overhead, setting
	if r.setting.Starts, err = r.starts(ctx, programs); err != nil {
		return err
	}
	r.phase("predicting")
	if r.predicted, err = r.predict(r.setting); err != nil {
		return err
	}
	if err := writePredictions(r.dir.Path(), r.predicted); err != nil {
		return err
	}
	r.phase("opening connections")
	r.guard.replays(ctx)
	r.outcome.Summary, err = replay.Run(ctx, replay.Config{
		Programs: programs,
		Plans:    r.plans, Arrival: r.Scenario.Arrival, Clients: r.Bed.Agent, Address: r.Bed.Address, Name: r.name,
		Tags: r.tags(), Timeout: r.Scenario.Source.Replay.Timeout,
		Sink:   record.NewMirror(r.dir, r.agree.beside(r.Sinks, r.guard)...),
		Spells: r.guard.spells(), ClockError: r.guard.clocks.error, Machine: r.machineOf(),
		Disturbed: disturbed(r.Scenario), Cold: !r.Scenario.Source.Replay.Warmup,
		Moved: r.movedNodes(), Reach: r.reach(), Predict: r.lookup(), PredictWorkers: r.workers(), Progress: r.Progress,
		Around: func(ctx context.Context, model string) func() {
			r.phase(fmt.Sprintf("replaying %s: %s", model, printable.Count(len(r.Scenario.Sample), "chain")))
			edge, network, moves := r.edge(ctx, model), r.events(ctx, model), r.moves(ctx, model)
			balanced := r.rebalance(ctx, model)
			return func() {
				balanced()
				moves()
				edge()
				network()
			}
		},
	})
	r.countAttempts()
	if err == nil && r.outcome.Summary.Interrupted {
		err = context.Cause(ctx)
	}
	return err
}

func (r *run) name(id topology.ID) (name, class string) {
	v := &r.Scenario.Topology.Vertices[id]
	return v.Name, v.Class
}

// lookup finds a plan's prediction, for the samples.
func (r *run) lookup() func(*plan.Plan) (*record.Times, []float64) {
	find := r.finder()
	return func(p *plan.Plan) (*record.Times, []float64) {
		found := find(p)
		if found == nil {
			return nil, nil
		}
		steps := make([]float64, len(p.Steps))
		for _, s := range found.Steps {
			steps[s.Index] = s.End - s.Start
		}
		times := &record.Times{Latency: found.Total, Network: found.Network, Processing: found.Processing}
		if p.Scaled() {
			times.Start = found.Waits(p)
		}
		return times, steps
	}
}

// disturbed is what the scenario wants of chains that the host has disturbed.
func disturbed(e *resolved.Scenario) replay.Disturbed {
	d := e.Source.Replay.Disturbed
	want := replay.Disturbed{Share: d.Share, Fail: d.Then == "fail"}
	if d.Then == "repeat" {
		want.Attempts = 1 + d.Repeats
	}
	return want
}
