package scenario

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
	"testbed/emulator/workload"
)

// JobSet is a scenario's workload.
type JobSet struct {
	Jobs  []workload.Job // those drawn, in the trace's order
	Pool  int            // jobs with state, of the lengths wanted, from which they were drawn
	Trace workload.Trace // where they come from
	Notes []string       // what a user should know of what was left out of it
}

// Jobs reads or synthesizes the trace, turns it into stateful chains or DAGs, and draws the jobs; or takes those that
// are written down. Malformed rows are an error where the workload is strict.
func (s *Scenario) Jobs() (*JobSet, error) {
	if s.Workload.Written() {
		return s.written()
	}
	trace, err := s.Trace()
	if err != nil {
		return nil, err
	}
	return s.Draw(trace)
}

// Trace reads or synthesizes the trace of which jobs are made.
func (s *Scenario) Trace() (workload.Trace, error) {
	trace, err := s.trace()
	if err != nil {
		return nil, s.Fault("workload", "", err)
	}
	return trace, nil
}

// Pool is how many jobs a trace has of which the workload's may be drawn. It keeps none of them.
func (s *Scenario) Pool(trace workload.Trace) int {
	n := 0
	for range s.Workload.pool(trace) {
		n++
	}
	return n
}

// Draw makes jobs of a trace, and draws those of the workload.
func (s *Scenario) Draw(trace workload.Trace) (*JobSet, error) {
	w := &s.Workload
	set := &JobSet{Trace: trace, Notes: trace.Notes(w.options())}
	pool, err := w.pool(trace), error(nil)
	if w.Jobs == 0 { // all of them, which need not be counted beforehand
		set.Jobs = slices.Collect(pool)
		set.Pool = len(set.Jobs)
	} else {
		set.Pool = s.Pool(trace)
	}
	if draw := workload.Draw(w.Draw); set.Pool > 0 && w.Jobs > 0 && (w.Jobs < set.Pool || draw.Exact()) {
		if set.Jobs, err = draw.From(pool, set.Pool, w.Jobs, *w.Seed); err != nil {
			return nil, s.Fault("workload.jobs", "lower workload.jobs, or write draw: replacement",
				fmt.Errorf("%w with a state and of the lengths wanted", err))
		}
	} else if w.Jobs > 0 {
		set.Jobs = slices.AppendSeq(make([]workload.Job, 0, set.Pool), pool)
	}
	if len(set.Jobs) == 0 {
		return nil, s.Fault("workload", "", w.noJobs(trace, set.Pool))
	}
	return set, s.computable(set)
}

// wants says whether a job's length and arrival are those wanted.
func (w *Workload) wants(job *workload.Job) bool {
	n, at := job.Length(), job.Arrival
	return n >= w.MinLength && (w.MaxLength == 0 || n <= w.MaxLength) && at >= w.From && (w.Until == 0 || at < w.Until)
}

// pool are a trace's jobs of the lengths and arrivals wanted.
func (w *Workload) pool(trace workload.Trace) iter.Seq[workload.Job] {
	return func(yield func(workload.Job) bool) {
		for job := range trace.Each(w.options()) {
			if w.wants(&job) && !yield(job) {
				return
			}
		}
	}
}

func (w *Workload) options() workload.Options {
	o := workload.DefaultOptions()
	o.Tasks = workload.Extent(w.Tasks)
	o.Shape, o.Stateless, o.Functions = workload.Shape(w.Shape), workload.Stateless(w.Stateless), w.Functions
	o.Factors = workload.Factors{Ops: w.OpsFactor, Argument: w.ArgFactor, State: w.StateFactor}
	return o
}

func (s *Scenario) trace() (workload.Trace, error) {
	w := &s.Workload
	if w.Trace == "" {
		synthesizer, err := workload.Synthesizers.Find(s.catalogue, w.Synth.Kind)
		if err != nil {
			return nil, err
		}
		return synthesizer.New(w.Synth.Jobs, *w.Synth.Seed, w.Synth.Options)
	}
	if s.shipped() {
		source, err := workload.Shipped.Find(s.catalogue, w.Trace)
		if err != nil {
			return nil, err
		}
		return source.Load()
	}
	trace, err := workload.Load(s.catalogue, s.resolvePath(w.Trace), w.Format, w.Options)
	if err != nil || !w.Strict {
		return trace, err
	}
	const most = 50 // errors: the rest would say the same
	return trace, errors.Join(trace.Errors(most)...)
}

// shipped says whether the trace is one that the program has with it, and not a file.
func (s *Scenario) shipped() bool {
	return slices.Contains(s.catalogue.Names(catalogue.Shipped), s.Workload.Trace)
}

// first is the name of a kind's first entry; empty: it has none.
func first(c *catalogue.Catalogue, kind string) string {
	if names := c.Names(kind); len(names) > 0 {
		return names[0]
	}
	return ""
}

// Row names, for messages, the row of the trace that makes the largest argument or state of a job.
func (s *Scenario) Row(trace workload.Trace, job string) string {
	if trace == nil {
		return job
	}
	name, _, _ := strings.Cut(job, ".") // drawn again, it is another job of the same rows
	return trace.Row(name, "", s.Workload.options().Factors)
}

// noJobs says why no job is left of a trace, and of those of the lengths wanted.
func (w *Workload) noJobs(trace workload.Trace, pool int) error {
	stateful := 0
	for range trace.Each(w.options()) {
		stateful++
	}
	notes := workload.Clauses(trace.Notes(w.options()))
	switch {
	case stateful == 0:
		return trace.Stateless(w.options())
	case pool == 0:
		most := ""
		if w.MaxLength > 0 {
			most = fmt.Sprintf(" to %d", w.MaxLength)
		}
		if w.From > 0 || w.Until > 0 {
			return fmt.Errorf("of %s none has from %d%s invocations and arrives at the times wanted; "+
				"change workload.from, until, min-length or max-length%s", printable.Count(stateful, "job"), w.MinLength, most,
				notes)
		}
		return fmt.Errorf("of %s with a state none has from %d%s invocations; "+
			"change workload.min-length or max-length%s", printable.Count(stateful, "job"), w.MinLength, most, notes)
	}
	return fmt.Errorf("of %s none was drawn to have about %d of them; raise workload.jobs, or change workload.seed",
		printable.Count(pool, "job"), w.Jobs)
}

// computable refuses tasks of more operations than can be counted. (What is too large to be sent or kept is for
// those to say that would send or keep it.)
func (s *Scenario) computable(set *JobSet) error {
	for i := range set.Jobs {
		job := &set.Jobs[i]
		for _, t := range job.Tasks {
			if t.Ops < workload.MaxOps {
				continue
			}
			name, _, _ := strings.Cut(job.Name, ".")
			row := set.Trace.Row(name, t.Name, s.Workload.options().Factors)
			return s.Fault("workload", "lower that, or leave the job out", fmt.Errorf("%s: it has more than %d operations, "+
				"duration_s · cpu / 100 · workload.ops-factor", row, int64(workload.MaxOps)))
		}
	}
	return nil
}
