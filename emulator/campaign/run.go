package campaign

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"testbed/emulator/internal/printable"
	"testbed/emulator/predict/statesim"
)

// ahead is how many replications per worker may be finished or under way before their turn comes: it
// bounds the memory that a campaign takes.
const ahead = 8

// Run runs a campaign, or goes on with it, and returns its results. When the context ends, the error wraps
// the context's, and what is finished remains for a run with Resume.
func Run(ctx context.Context, c Config) (*Results, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	if c.Store == "" {
		c.Store = Parquet
	}
	if c.Workers < 1 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	sim, err := statesim.New(c.Simulation)
	if err != nil {
		return nil, err
	}
	out, err := openOutput(&c)
	if err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	if out == nil { // finished before
		return Load(c.Dir)
	}
	r := &run{Config: c, sim: sim, output: out, results: NewResults(c.Spec)}
	if err := r.run(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("campaign: %w", err), out.abandon())
	}
	if err := out.finish(r.results); err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	return r.results, nil
}

// run is a campaign under way.
type run struct {
	Config
	sim     *statesim.Simulator
	output  *output
	results *Results
	next    int             // the replication whose turn it is
	waiting map[int][]Block // finished, before their turn
	found   int             // finished by an earlier run
	done    int
	turns   chan struct{} // a token for each replication that is under way or waiting
}

// finished is a replication that a worker has finished, or could not.
type finished struct {
	unit   int
	blocks []Block
	texts  []text // in the store statesim
	err    error
}

// run lets workers compute what an earlier run has not finished, and takes all replications in order.
func (r *run) run(ctx context.Context) error {
	r.waiting = map[int][]Block{}
	r.turns = make(chan struct{}, ahead*r.Workers)
	r.found = len(r.output.journal.at)
	r.done = r.found
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	todo, done := make(chan int), make(chan finished)
	go r.dispatch(ctx, r.missing(), todo)
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(func() { r.work(todo, done) })
	}
	go func() {
		workers.Wait()
		close(done)
	}()
	failed := r.advance()
	if failed != nil {
		stop()
	}
	for f := range done {
		if err := r.take(f); err != nil && failed == nil {
			failed = err
			stop()
		}
	}
	switch total := r.units(); {
	case failed != nil:
		return failed
	case r.next < total:
		return fmt.Errorf("interrupted with %d of %s finished: %w", r.done, printable.Count(total, "replication"),
			context.Cause(ctx))
	}
	return nil
}

// missing are the replications that are not in the journal.
func (r *run) missing() []int {
	var units []int
	for i := range r.units() {
		if _, done := r.output.journal.at[i]; !done {
			units = append(units, i)
		}
	}
	return units
}

// dispatch hands replications out, in order, as fast as their turns come.
func (r *run) dispatch(ctx context.Context, units []int, todo chan<- int) {
	defer close(todo)
	for _, i := range units {
		select {
		case r.turns <- struct{}{}:
		case <-ctx.Done():
			return
		}
		select {
		case todo <- i:
		case <-ctx.Done():
			return
		}
	}
}

// work computes replications until there are none left.
func (r *run) work(todo <-chan int, done chan<- finished) {
	for i := range todo {
		f := finished{unit: i, blocks: r.blocks(i)}
		f.err = r.replicate(&f)
		done <- f
	}
}

// replicate computes one replication. What takes time and can be done at once by several workers is done here.
func (r *run) replicate(f *finished) error {
	jobs, seed := r.unit(f.unit)
	blocks := f.blocks
	draw, err := r.sim.Draw(jobs, seed)
	if err != nil {
		return err
	}
	for _, policy := range r.Policies {
		replication, err := draw.Place(policy)
		if err != nil {
			return fmt.Errorf("%s: %w", printable.Count(jobs, "job"), err)
		}
		for _, m := range r.Models {
			b := &blocks[0]
			blocks = blocks[1:]
			if b.Rows, err = replication.Rows(m); err != nil {
				return err
			}
			if r.output.texts == nil {
				continue
			}
			loads, err := replication.Loads(m)
			if err != nil {
				return err
			}
			files, err := r.output.texts.render(b, loads)
			if err != nil {
				return err
			}
			f.texts = append(f.texts, files...)
		}
	}
	return nil
}

// take records a finished replication, and all whose turn has come are turned into results.
func (r *run) take(f finished) error {
	if f.err != nil {
		return f.err
	}
	if err := r.output.texts.write(f.texts); err != nil {
		return err
	}
	if r.output.keep {
		if err := r.output.journal.add(f.unit, f.blocks); err != nil {
			return err
		}
	}
	r.waiting[f.unit] = f.blocks
	r.done++
	if r.Progress != nil {
		r.Progress(Progress{Done: r.done, Total: r.units(), Found: r.found})
	}
	return r.advance()
}

// advance turns replications into results, as long as the next one is finished.
func (r *run) advance() error {
	for ; r.next < r.units(); r.next++ {
		blocks, computed := r.waiting[r.next]
		if computed {
			delete(r.waiting, r.next)
			<-r.turns
		} else if _, found := r.output.journal.at[r.next]; found {
			var err error
			if blocks, err = r.output.journal.blocks(r.next); err != nil {
				return err
			}
		} else {
			return nil
		}
		for i := range blocks {
			r.results.Add(&blocks[i])
			if err := r.output.add(&blocks[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
