// Package replay sends a workload's chains through a running testbed: it prepares the nodes, begins
// chains as an arrival process says, checks the states of each when it is done, and hands what was
// measured to a sink. What fails is recorded like what succeeds.
package replay

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/topology"
)

// Config says what to replay and where.
type Config struct {
	// Plans are the chains: a list for each execution model, replayed one list after the other.
	Plans   [][]*plan.Plan
	Arrival Arrival // nil: Sequential

	Programs *Programs // functions that are programs; nil: there are none

	Clients func(topology.ID) Agent                // the control of a node; asked once for each
	Address func(topology.ID) netip.AddrPort       // where its functions are served
	Name    func(topology.ID) (name, class string) // for the samples; nil: numbers, no class

	Tags    record.Tags   // of all samples; Run must be unique; Model, ClientClass and Length are filled in
	Timeout time.Duration // for one chain; 0: 10 minutes
	Sink    record.Sink

	// Connections are opened beforehand between each pair of nodes; 0: as the arrival process needs.
	Connections int
	// Cold leaves it to the requests to open connections; those that there are from before are closed all the same.
	Cold bool
	// WarmBytes are sent both ways over each connection beforehand, so that congestion windows are open; 0: none.
	WarmBytes int64

	// Spells are those of the fabric from number since on; nil: it does not tell of its lateness.
	Spells func(ctx context.Context, since uint64) (health.Report, error)
	// ClockError is the most by which an instant that a node or the fabric tells may be wrong by another one's clock,
	// where they are on several machines; nil: nothing.
	ClockError func() time.Duration
	// Machine is the name of the machine that a node is on; nil: there is one.
	Machine func(topology.ID) string
	// Disturbed says what becomes of chains that the host may have made longer.
	Disturbed Disturbed

	// Moved are the nodes that stateful instances may go to; each may have something left of them.
	Moved []topology.ID

	// Reach are the nodes that stateful instances may be moved to by whoever wants it.
	Reach []topology.ID

	// Predict gives a plan's predicted times, and those of its steps in s; nil, or nil results: not known.
	Predict func(*plan.Plan) (*record.Times, []float64)
	// PredictWorkers gives the workers that are predicted to be picked, by the plan's invocations; nil, or a nil result:
	// not known.
	PredictWorkers func(*plan.Plan) []topology.ID
	// Progress is told of every chain that is done, by one goroutine at a time; may be nil.
	Progress func(Progress)
	// Around is called before a model's first chain, when all is ready, and what it returns after its last;
	// both may be nil.
	Around func(ctx context.Context, model string) (end func())
}

// Agent is the control of a node's agent: a *faas.Client, or what stands for one.
type Agent interface {
	faas.Control
	Warm(ctx context.Context, peers []faas.WarmSpec) error
	Run(ctx context.Context, spec *faas.ChainSpec) (*faas.ChainResult, error)
	Spells(ctx context.Context, since uint64, watch int) (health.Report, error)
	Close()
}

// Progress is how far a replay has got.
type Progress struct {
	Done   int // chains that are done or have failed, of all models
	Total  int
	Failed int                  // of Done: those with errors or lost states
	Models []record.ModelCounts // in the order of Config.Plans
}

// Summary is what became of a replay.
type Summary struct {
	Models      []ModelSummary
	Interrupted bool
	Errors      []string // the first few, with the chains' names
}

// ModelSummary is what became of one model's chains.
type ModelSummary struct {
	record.ModelCounts
	Conflicts   int // updates of states that clients keep that were refused for their version
	Cold        int // requests that had to open a connection first
	MaxInFlight int // chains under way at the same time
	Elapsed     time.Duration
}

// started counts a chain, the last of those that are counted, by how long after it was due it started, in s.
func (s *ModelSummary) started(late float64) {
	if late > record.LateStart {
		s.Late++
	}
	s.LateMax = max(s.LateMax, late)
	s.LateMean += (late - s.LateMean) / float64(s.Done+s.Failed+s.Lost)
}

const (
	defaultTimeout = 10 * time.Minute
	errorsKept     = 20
	graceToClean   = 2 * time.Second // for cleaning up after an interruption
)

// Run replays all models' chains. It returns an error where the plans cannot be carried out (wrapping
// faas.ErrNotSupported), the nodes cannot be prepared, the sink fails, or a chain was disturbed that may not be
// (wrapping ErrDisturbed); failures of single chains are in the summary and in the samples. When ctx ends it returns
// soon, without an error: the summary says that it was interrupted. The sink is flushed, not closed.
func Run(ctx context.Context, config Config) (Summary, error) {
	r, err := newReplay(config)
	if err != nil {
		return Summary{}, err
	}
	defer r.hangUp()
	defer r.programs.stop(ctx)
	if err := r.programs.start(ctx); err != nil {
		r.summary.Interrupted = ctx.Err() != nil
		return r.summary, fmt.Errorf("starting programs: %w", err)
	}
	if err := r.tell(ctx); err != nil {
		r.summary.Interrupted = ctx.Err() != nil
		return r.summary, fmt.Errorf("telling agents of instances and stores: %w", err)
	}
	if err := r.warm(ctx); err != nil {
		r.summary.Interrupted = ctx.Err() != nil
		return r.summary, fmt.Errorf("opening connections: %w", err)
	}
	ctx, r.abort = context.WithCancelCause(ctx)
	defer r.abort(nil)
	for m := range config.Plans {
		if ctx.Err() != nil {
			break
		}
		r.runModel(ctx, m)
	}
	for i := range r.summary.Models {
		c := &r.summary.Models[i].ModelCounts
		c.NotRun = c.Planned - c.Done - c.Failed - c.Lost
	}
	r.summary.Interrupted = ctx.Err() != nil && r.failure == nil
	return r.summary, errors.Join(r.failure, config.Sink.Flush())
}

// replay is a replay under way.
type replay struct {
	Config
	specs [][]*faas.ChainSpec

	instances [][]faas.Stateful // by model
	abort     context.CancelCauseFunc

	source     func(topology.ID) Agent
	controlsMu sync.Mutex
	controls   map[topology.ID]Agent
	lateness   *lateness
	lasting    *lastingStates
	programs   *programs

	mu       sync.Mutex
	summary  Summary
	inFlight int
	failure  error // why it was given up: what was measured cannot be kept, or was disturbed
}

func newReplay(config Config) (*replay, error) {
	r := &replay{Config: config, source: config.Clients, controls: map[topology.ID]Agent{}}
	r.Clients = r.control
	if r.Arrival == nil {
		r.Arrival = Sequential{}
	}
	if p, ok := r.Arrival.(Poisson); ok && !(p.Rate > 0) {
		return nil, fmt.Errorf("poisson: a rate of %g chains/s: it must be above 0", p.Rate)
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	if r.Name == nil {
		r.Name = func(id topology.ID) (string, string) { return fmt.Sprint(id), "" }
	}
	if r.Tags.Run == "" {
		return nil, errors.New("replay: the run needs a name")
	}
	if r.Disturbed.Share <= 0 {
		r.Disturbed.Share = DefaultShare
	}
	r.lateness, r.lasting = newLateness(&r.Config, r.Clients), newLastingStates(r.Tags.Run)
	var errs []error
	for _, plans := range r.Plans {
		var specs []*faas.ChainSpec
		model := ""
		for i, p := range plans {
			model = string(p.Model)
			r.Programs.mark(p)
			spec, err := faas.NewChainSpec(p, r.Address, fmt.Sprintf("%s/%s/%d", r.Tags.Run, p.Model, i))
			if err != nil {
				errs = append(errs, err)
				break // the model's other plans will be no better
			}
			r.lasting.name(p, spec)
			specs = append(specs, spec)
		}
		r.specs = append(r.specs, specs)
		r.instances = append(r.instances, r.nameInstances(model, specs))
		r.summary.Models = append(r.summary.Models,
			ModelSummary{ModelCounts: record.ModelCounts{Model: model, Planned: len(plans)}})
	}
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	var err error
	r.programs, err = newPrograms(r)
	return r, err
}

// control is a node's client, made once: its connections are kept.
func (r *replay) control(id topology.ID) Agent {
	r.controlsMu.Lock()
	defer r.controlsMu.Unlock()
	c := r.controls[id]
	if c == nil {
		c = r.source(id)
		r.controls[id] = c
	}
	return c
}

// hangUp closes the clients' idle connections.
func (r *replay) hangUp() {
	r.controlsMu.Lock()
	defer r.controlsMu.Unlock()
	for _, c := range r.controls {
		c.Close()
	}
}

// runModel replays the chains of one model.
func (r *replay) runModel(ctx context.Context, m int) {
	jobs := make([]int, len(r.Plans[m]))
	for i, p := range r.Plans[m] {
		jobs[i] = p.Index
	}
	forget, err := r.declare(ctx, m)
	defer forget()
	if err != nil && ctx.Err() == nil {
		r.giveUp(fmt.Errorf("saying which stateful instances there are: %w", err))
		return
	}
	clean, err := r.lasting.seed(ctx, r.specs[m], r.Clients)
	defer clean()
	if err != nil && ctx.Err() == nil {
		r.giveUp(fmt.Errorf("making the states that outlive chains: %w", err))
		return
	}
	if r.Around != nil {
		if end := r.Around(ctx, r.summary.Models[m].Model); end != nil {
			defer end()
		}
	}
	arrival := r.Arrival
	if planned, is := arrival.(Planned); is {
		arrival = planned.Of(r.Plans[m])
	}
	r.summary.Models[m].Gap = gapOf(arrival, jobs).Seconds()
	begin := time.Now()
	arrival.Drive(ctx, jobs, func(ctx context.Context, i int, due time.Time) { r.chain(ctx, m, i, due) })
	r.summary.Models[m].Elapsed = time.Since(begin)
}
