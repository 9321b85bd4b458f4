package experiment

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/printable"
	"testbed/emulator/report/html"
)

// Config is an experiment to run.
type Config struct {
	Spec
	Cells     []*Cell // as Resolve has given them
	Dir       string  // that gets the results, and may have some of them
	Catalogue *catalogue.Catalogue
	Executor  Executor // of what is measured; nil: nothing is
	Workers   int      // how many cells are predicted at a time; what is measured is alone
	Version   string   // of the program
	Steps     bool     // whether there are tables of steps
	Progress  func(Progress)
	// Each is given each finished cell with all of its rows, in the stated order, at the end; nil: nobody is.
	Each func(*Cell, *Result) error
	// Present is called after that with the experiment's directory and that of figures, and gives sections with which the
	// report begins; nil: there are none.
	Present func(dir, figures *outdir.Dir) ([]html.Section, error)
}

// Progress tells how far an experiment is.
type Progress struct {
	Done, Total int     // cells
	Found       int     // of those done, how many were finished before
	Remaining   float64 // s that the rest takes, by an estimate
	Cell        *Cell   // that is executed; nil: it is known no more
	Phase       string  // of it
}

// Outcome is what an experiment came to.
type Outcome struct {
	Dir      string
	Done     int      // cells that are finished
	Found    int      // of those, how many were before
	Failed   []string // why cells could not be executed, with their names
	Chains   int      // that failed or lost state, in what was measured
	Red      int      // runs whose verdict on themselves is red
	Pooled   *Pooled  // nil: there is nothing to pool
	Page     string   // path of the report; empty: there is none
	Interval time.Duration
}

// mostFailures is how many cells may fail one after the other before the rest is left undone.
const mostFailures = 3

// experiment is one under way.
type experiment struct {
	*Config
	dir     *outdir.Dir
	results *results
	outcome *Outcome

	mu     sync.Mutex
	todo   []*Cell // in the order of execution
	begun  int     // of todo
	failed int     // one after the other
	broken error   // why nothing more can be stored
}

// Run executes the cells that are not finished, and makes tables, summary, figures and report of all. An error means
// that it did not come to its end; what was finished until then is in the directory, and the next Run goes on.
func Run(ctx context.Context, c Config) (*Outcome, error) {
	x := &experiment{Config: &c, outcome: &Outcome{Dir: c.Dir}}
	began := time.Now()
	var err error
	if x.dir, err = c.begin(c.Dir, c.Cells, c.Version); err != nil {
		return x.outcome, err
	}
	defer func() { _ = x.dir.Close() }() // each file says itself whether it is written
	if x.results, err = openResults(x.dir, &x.Spec, x.Cells); err != nil {
		return x.outcome, err
	}
	err = x.execute(ctx)
	if err == nil {
		err = x.conclude()
	}
	x.outcome.Interval = time.Since(began)
	return x.outcome, errors.Join(err, x.results.file.Close())
}

// execute executes what is missing.
func (x *experiment) execute(ctx context.Context) error {
	for _, c := range x.ordered(x.Cells) {
		if len(x.results.missing(c.ID, x.Engines)) > 0 {
			x.todo = append(x.todo, c)
		}
	}
	x.outcome.Found = len(x.Cells) - len(x.todo)
	x.outcome.Done = x.outcome.Found
	workers := max(x.Workers, 1)
	if x.Emulates() {
		workers = 1
	}
	x.tell(nil, "")
	var all sync.WaitGroup
	for range min(workers, len(x.todo)) {
		all.Go(func() { x.work(ctx) })
	}
	all.Wait()
	var err error
	if x.Executor != nil {
		err = x.Executor.Close(context.WithoutCancel(ctx))
	}
	total := len(x.Cells)
	switch {
	case x.broken != nil:
		return errors.Join(x.broken, err)
	case ctx.Err() != nil:
		return errors.Join(fmt.Errorf("interrupted with %d of %s finished: %w", x.outcome.Done,
			printable.Count(total, "cell"),
			context.Cause(ctx)), err)
	case x.failed >= mostFailures:
		return errors.Join(fmt.Errorf("%s failed one after the other, and the rest was left undone: %s",
			printable.Count(x.failed, "cell"),
			x.outcome.Failed[len(x.outcome.Failed)-1]), err)
	}
	return err
}

// next is the next cell to be executed; nil: none.
func (x *experiment) next(ctx context.Context) *Cell {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.begun == len(x.todo) || ctx.Err() != nil || x.broken != nil || x.failed >= mostFailures {
		return nil
	}
	x.begun++
	return x.todo[x.begun-1]
}

// work executes cells until there are none left.
func (x *experiment) work(ctx context.Context) {
	for c := x.next(ctx); c != nil; c = x.next(ctx) {
		x.tell(c, "")
		result, err := x.cell(ctx, c)
		x.mu.Lock()
		switch {
		case err == nil:
			x.failed = 0
			if err = x.results.add(result); err != nil {
				x.broken = err
			} else {
				x.outcome.Done++
			}
		case ctx.Err() == nil:
			x.failed++
			x.outcome.Failed = append(x.outcome.Failed, fmt.Sprintf("cell %d (%s): %v", c.Number, c, err))
		}
		x.mu.Unlock()
		x.tell(nil, "")
	}
}

// cell executes a cell.
func (x *experiment) cell(ctx context.Context, c *Cell) (*Result, error) {
	began := time.Now()
	sc, err := x.Scenario(c, x.Catalogue)
	if err != nil {
		return nil, err
	}
	e, plans, err := prepare(sc)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	missing := x.results.missing(c.ID, x.Engines)
	x.mu.Unlock()
	w := &Work{Cell: c, Scenario: e, Engines: missing, Runs: filepath.Join(x.Dir, RunsDir), Factors: x.factorsOf(c),
		Phase: func(text string) { x.tell(c, text) }}
	var r *Result
	if slices.Contains(missing, Emulation) {
		w.Tabulate = NewTabulator(e, plans, missing)
		r, err = x.Executor.Execute(ctx, w)
	} else {
		r, err = predictCell(w, plans)
	}
	if err != nil {
		return nil, err
	}
	r.Cell, r.Engines, r.Estimate, r.Took = c.ID, missing, c.Estimate, time.Since(began).Seconds()
	return r, nil
}

// factorsOf are a cell's levels by column, with the cell and the repetition.
func (x *experiment) factorsOf(c *Cell) map[string]string {
	all := map[string]string{"cell": c.ID, "repetition": strconv.Itoa(c.Repetition)}
	for i, column := range x.columns(x.Cells) {
		all[column.name] = label(c.Levels[i])
	}
	return all
}

// tell tells of progress.
func (x *experiment) tell(c *Cell, phase string) {
	if x.Progress == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	at := Progress{Done: x.outcome.Done, Total: len(x.Cells), Found: x.outcome.Found, Cell: c, Phase: phase}
	at.Remaining = x.results.took.estimate(x.todo[x.begun:], x.Emulates(), x.Workers)
	x.Progress(at)
}

// conclude makes of all results what people look at.
func (x *experiment) conclude() error {
	pool := newPool(&x.Spec, x.Cells)
	if err := x.tables(pool); err != nil {
		return err
	}
	if x.outcome.Done == 0 {
		return nil
	}
	x.outcome.Pooled = pool.summary()
	err := x.present(pool)
	if err == nil && x.outcome.Done == len(x.Cells) {
		m := x.manifest(x.Cells, x.Version)
		m.Finished = true
		err = m.write(x.dir)
	}
	return err
}
