package experiment

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
)

// maxInput is the largest file that a scenario reads, in bytes.
const maxInput = 64 * readfile.GiB

// sums are hashes of files, each worked out once.
type sums struct {
	mu    sync.Mutex
	known map[string]record.FileSum
}

func (s *sums) of(path string) (record.FileSum, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.known[path]; ok {
		return found, nil
	}
	found, err := sum(path)
	if s.known == nil {
		s.known = map[string]record.FileSum{}
	}
	s.known[path] = found
	return found, err
}

// Resolve works out all cells of an experiment, in the stated order, and fails where the scenario of any is wrong,
// before anything is begun. check refuses those that the host cannot execute; nil: any may be. progress is told of
// each; nil: nobody is. It uses all processors, and keeps nothing of a cell but what Cell holds.
func Resolve(
	ctx context.Context, s *Spec, c *catalogue.Catalogue, check func(*resolved.Scenario) error,
	progress func(done, total int),
) ([]*Cell, error) {
	if err := s.Check(c); err != nil {
		return nil, err
	}
	r := &resolver{spec: s, catalogue: c, check: check}
	cells := s.cells()
	todo := make(chan *Cell)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(cells)) {
		workers.Go(func() {
			for cell := range todo {
				if err := r.resolve(cell); err != nil {
					r.fail(cell, err)
					stop()
				}
				r.tell(progress, len(cells))
			}
		})
	}
	dispatch(ctx, cells, todo)
	workers.Wait()
	if r.failed != nil {
		return nil, r.failed
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return cells, unique(cells)
}

// dispatch hands cells out until there are none left or ctx ends.
func dispatch(ctx context.Context, cells []*Cell, todo chan<- *Cell) {
	defer close(todo)
	for _, cell := range cells {
		select {
		case todo <- cell:
		case <-ctx.Done():
			return
		}
	}
}

// unique fails where two cells are one and the same.
func unique(cells []*Cell) error {
	known := map[string]*Cell{}
	for _, c := range cells {
		if other := known[c.ID]; other != nil {
			return fmt.Errorf("%w: the cells %q and %q are the same scenario; leave out a level, or a factor that has no effect",
				ErrInput, other, c)
		}
		known[c.ID] = c
	}
	return nil
}

type resolver struct {
	spec      *Spec
	catalogue *catalogue.Catalogue
	check     func(*resolved.Scenario) error
	files     sums

	mu     sync.Mutex
	done   int
	failed error // that of the first cell in the stated order
	at     int
}

func (r *resolver) fail(c *Cell, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil || c.Number < r.at {
		r.failed, r.at = fmt.Errorf("%w: cell %d (%s): %w", ErrInput, c.Number, c, err), c.Number
	}
}

func (r *resolver) tell(progress func(int, int), total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done++; progress != nil {
		progress(r.done, total)
	}
}

func (r *resolver) resolve(c *Cell) error {
	sc, values, err := r.spec.adapt(c, r.catalogue)
	if err != nil {
		return err
	}
	c.Values, c.Seed = values, *sc.Workload.Seed
	e, plans, err := prepare(sc)
	if err == nil {
		err = c.identify(sc, &r.files)
	}
	if err == nil && r.spec.Emulates() {
		err = e.CheckMemory(0)
		if err == nil && r.check != nil {
			err = r.check(e)
		}
	}
	if err != nil {
		return err
	}
	for i, of := range plans {
		c.Chains += len(of)
		c.models = append(c.models, string(e.Models[i]))
		for _, p := range of {
			c.steps += len(p.Steps)
		}
	}
	c.Estimate, err = estimate(e, plans)
	return err
}

// prepare works a cell's scenario out, with the plans of all of its models.
func prepare(sc *scenario.Scenario) (*resolved.Scenario, [][]*plan.Plan, error) {
	e, err := resolved.Prepare(sc)
	if err != nil {
		return nil, nil, err
	}
	plans := make([][]*plan.Plan, len(e.Models))
	for i, m := range e.Models {
		if plans[i], err = e.Chains(m); err != nil {
			return nil, nil, err
		}
	}
	return e, plans, nil
}

// estimate is how long the chains of all models take, in s, by the reference's prediction.
func estimate(e *resolved.Scenario, plans [][]*plan.Plan) (float64, error) {
	reference := e.Source.Catalogue().Names(catalogue.Predictors)
	if len(reference) == 0 {
		return 0, errors.New("there is no predictor")
	}
	seconds := 0.0
	for _, of := range plans {
		predictions, err := predictBy(e, reference[0], of)
		if err != nil {
			return 0, err
		}
		sum := 0.0
		for i := range predictions {
			sum += predictions[i].Total
		}
		seconds += span(e, of, sum)
	}
	return seconds, nil
}

// span is how long one model's chains take, in s, which take so long one after the other.
func span(e *resolved.Scenario, plans []*plan.Plan, sum float64) float64 {
	jobs, last := make([]int, len(plans)), -1.0
	for i, p := range plans {
		jobs[i] = p.Index
	}
	alive := e.Arrival.Alive(jobs, func(due []float64) int {
		for _, at := range due {
			last = max(last, at)
		}
		return 1
	})
	if last >= 0 { // an open loop, whose chains begin at their times
		return last + sum/float64(max(len(plans), 1))
	}
	return sum / float64(max(alive, 1))
}

// predictBy predicts plans, in the order in which they are replayed.
func predictBy(e *resolved.Scenario, engine string, plans []*plan.Plan) ([]predict.Prediction, error) {
	predictor, err := predict.Predictors.Find(e.Source.Catalogue(), engine)
	if err != nil {
		return nil, err
	}
	made, err := predictor.New(run.Setting(e))
	if err != nil {
		return nil, err
	}
	return made.Predict(plans)
}
