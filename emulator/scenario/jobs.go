package scenario

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// JobSet is a scenario's workload.
type JobSet struct {
	Jobs  []workload.Job // those drawn, in the trace's order
	Pool  int            // jobs with state, of the lengths wanted, from which they were drawn
	Trace *spar.Trace    // where they come from; Trace.Malformed are the rows left out
}

// Jobs reads or synthesizes the trace, turns it into stateful chains, and draws the jobs. Malformed rows
// are an error where the workload is strict.
func (s *Scenario) Jobs() (*JobSet, error) {
	trace, err := s.trace()
	if err != nil {
		return nil, fmt.Errorf("scenario %s: workload: %w", s.Name, err)
	}
	w := &s.Workload
	pool := spar.Chains(trace, w.options())
	stateful := len(pool)
	pool = slices.DeleteFunc(pool, func(j workload.Job) bool {
		return j.Length() < w.MinLength || w.MaxLength > 0 && j.Length() > w.MaxLength
	})
	set := &JobSet{Jobs: pool, Pool: len(pool), Trace: trace}
	if w.Jobs > 0 && w.Jobs < len(pool) {
		set.Jobs = workload.Select(pool, w.Jobs, *w.Seed)
	}
	if len(set.Jobs) == 0 {
		return nil, fmt.Errorf("scenario %s: workload: %w", s.Name, w.noJobs(trace, stateful, len(pool)))
	}
	return set, s.computable(set)
}

func (w *Workload) options() workload.Options {
	o := workload.DefaultOptions()
	o.Functions = w.Functions
	o.Factors = workload.Factors{Ops: w.OpsFactor, Argument: w.ArgFactor, State: w.StateFactor}
	return o
}

func (s *Scenario) trace() (*spar.Trace, error) {
	w := &s.Workload
	if w.Trace == "" {
		return spar.Synthesize(w.Synth.Jobs, *w.Synth.Seed), nil
	}
	path := s.resolvePath(w.Trace)
	f, err := readfile.Open(path, spar.MaxSize)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	trace, err := spar.Read(f, path)
	if err == nil {
		err = trace.Foreign()
	}
	if err != nil || !w.Strict {
		return trace, err
	}
	const most = 50 // errors: the rest would say the same
	var errs []error
	for _, m := range trace.Malformed[:min(most, len(trace.Malformed))] {
		errs = append(errs, m)
	}
	if more := len(trace.Malformed) + trace.Unlisted - len(errs); more > 0 {
		errs = append(errs, fmt.Errorf("%s: %d more rows that are not in the format", path, more))
	}
	return trace, errors.Join(errs...)
}

// noJobs says why no job is left, of those of a trace, those with a state, and those of the lengths wanted.
func (w *Workload) noJobs(trace *spar.Trace, stateful, pool int) error {
	file := w.Trace != ""
	notes := ""
	for _, note := range trace.Notes() {
		notes += "; " + note
	}
	switch jobs := len(trace.Jobs); {
	case trace.Rows == 0:
		return fmt.Errorf("%s is empty; a row of a trace is %s", trace.Name, spar.RowFormat)
	case jobs == 0:
		return fmt.Errorf("no job of %s is left: %d of %d rows have a task whose name carries no DAG%s",
			trace.Name, trace.Skipped, trace.Rows, notes)
	case stateful == 0 && file:
		return fmt.Errorf("of %d jobs in %s none has a state: "+
			"a job is the chain of its task 1 and all that wait for it, directly or not, "+
			"and a state is a task outside of the chain that one inside waits for, as M2 in the rows M1, M2, J3_1_2%s",
			jobs, trace.Name, notes)
	case stateful == 0:
		return fmt.Errorf("of %d synthesized jobs none has a state; "+
			"raise workload.synth.jobs, or change workload.synth.seed", jobs)
	case pool == 0:
		most := ""
		if w.MaxLength > 0 {
			most = fmt.Sprintf(" to %d", w.MaxLength)
		}
		return fmt.Errorf("of %d jobs with a state none has from %d%s invocations; "+
			"change workload.min-length or max-length%s", stateful, w.MinLength, most, notes)
	}
	return fmt.Errorf("of %d jobs none was drawn to have about %d of them; raise workload.jobs, or change workload.seed",
		pool, w.Jobs)
}

// computable refuses tasks of more operations than can be counted. (What is too large to be sent or kept is for
// those to say that would send or keep it.)
func (s *Scenario) computable(set *JobSet) error {
	for i := range set.Jobs {
		job := &set.Jobs[i]
		for _, t := range job.Tasks {
			if t.Ops < spar.MaxOps {
				continue
			}
			return fmt.Errorf("scenario %s: workload: %s: "+
				"it has more than %d operations, duration_s · cpu / 100 · workload.ops-factor; "+
				"lower that, or leave the job out", s.Name, s.taskRow(set.Trace, job.Name, t.Name), int64(spar.MaxOps))
		}
	}
	return nil
}
