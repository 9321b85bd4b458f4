package faas

import (
	"cmp"
	"fmt"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// ChainResult is what happened when a chain was carried out. Moments are nanoseconds of the host's
// monotonic clock, which all nodes share.
type ChainResult struct {
	Key       string       `json:"key"`
	Job       string       `json:"job"`
	Model     plan.Model   `json:"model"`
	Start     int64        `json:"start"`
	End       int64        `json:"end"`
	Steps     []StepResult `json:"steps"`     // of the invocations that were finished, in the plan's order
	Conflicts int          `json:"conflicts"` // updates of states that the client keeps, refused for their version: lost
	Cold      int          `json:"cold"`      // requests to workers that had to open a connection first
	Error     string       `json:"error,omitempty"`
	// Workers are where the invocations were executed, in their order; nil: nothing was picked.
	Workers []topology.ID `json:"workers,omitempty"`
	// Programs are what the invocations of programs took and gave, as far as they were finished, in the chain's order.
	Programs []ProgramResult `json:"programs,omitempty"`
}

// StepResult is what happened in one step. A request lasts from the caller's beginning to send until the
// worker has read its last byte, a response likewise in the other direction. A read lasts from the worker's
// asking until it has the last byte, a write until the worker has the confirmation, so that both
// contain a way there and a way back. A write that is refused is repeated, and lasts until it is accepted: to read the
// state again and to compute again are part of it, and of an execution whose state was changed at the same node.
type StepResult struct {
	Index int       `json:"index"` // in the plan
	Role  plan.Role `json:"role"`
	Start int64     `json:"start"`
	End   int64     `json:"end"`
	// Remote is, of a read, when the repository began to send; of a write, when it had read all; 0 where the
	// repository is the worker's own.
	Remote int64 `json:"remote,omitempty"`
	Cold   bool  `json:"cold,omitempty"` // requests: a connection had to be opened first
	// Retries is, of a write or an execution, how often it was repeated because another invocation was faster.
	Retries int `json:"retries,omitempty"`
	// Held is, of a request, the ns that it was held because the instance that it is for was moving; Moved is how often
	// it was sent elsewhere, to where that had gone.
	Held  int64 `json:"held,omitempty"`
	Moved int   `json:"moved,omitempty"`
	// Started is, of the wait for an instance, for how many ns it was for that one's start; 0: that was warm.
	Started int64 `json:"started,omitempty"`
}

// with is what two nodes know of a step together.
func (s StepResult) with(o StepResult) StepResult {
	return StepResult{
		Index: o.Index, Role: o.Role, Start: cmp.Or(s.Start, o.Start), End: cmp.Or(s.End, o.End),
		Remote: cmp.Or(s.Remote, o.Remote), Cold: s.Cold || o.Cold, Retries: max(s.Retries, o.Retries),
		Held: max(s.Held, o.Held), Moved: max(s.Moved, o.Moved),
		Started: max(s.Started, o.Started),
	}
}

// Duration is the step's duration.
func (s StepResult) Duration() time.Duration { return time.Duration(s.End - s.Start) }

// Latency is the chain's duration.
func (r *ChainResult) Latency() time.Duration { return time.Duration(r.End - r.Start) }

// Retries is how often invocations were repeated because others had changed their states.
func (r *ChainResult) Retries() int {
	n := 0
	for _, s := range r.Steps {
		n += s.Retries
	}
	return n
}

// Network is the sum of the durations of all transfers, Processing that of all executions. What the two
// leave of a line's latency is the FaaS's own overhead; branches of a DAG overlap.
func (r *ChainResult) Network() time.Duration {
	return r.sum(func(s StepResult) bool { return s.Role != plan.Execute && s.Role != plan.Start })
}

// Starts is how many invocations waited for the start of an instance.
func (r *ChainResult) Starts() int {
	n := 0
	for _, s := range r.Steps {
		if s.Started > 0 {
			n++
		}
	}
	return n
}

// Processing is the sum of the durations of all executions.
func (r *ChainResult) Processing() time.Duration {
	return r.sum(func(s StepResult) bool { return s.Role == plan.Execute })
}

// tolerated is how far a result's moments may be outside the time that the controller has waited for it: the
// clocks are the same, but for rounding.
const tolerated = time.Second

// validate says why the result cannot be what became of a chain for which the controller waited for elapsed.
// What it leaves is safe to calculate with: indexes and roles are the plan's, and moments near each other.
func (r *ChainResult) validate(spec *ChainSpec, elapsed time.Duration) error {
	if r.Key != spec.Key || r.Job != spec.Job || r.Model != spec.Model {
		return fmt.Errorf("it is of chain %.150q, job %.150q, model %.50q", r.Key, r.Job, r.Model)
	}
	if r.Start < 0 || r.End < r.Start || r.End-r.Start > int64(elapsed+tolerated) {
		return fmt.Errorf("from %d to %d ns, where %v were waited for it", r.Start, r.End, elapsed)
	}
	calls, roles := 0, spec.roles()
	for _, inv := range spec.Invocations {
		calls += len(inv.States)
	}
	most := max(len(spec.Invocations), len(spec.Messages)) + r.Retries()
	if r.Conflicts < 0 || r.Conflicts > calls || r.Cold < 0 || r.Cold > most {
		return fmt.Errorf("%d conflicts and %d cold connections in %d invocations",
			r.Conflicts, r.Cold, len(spec.Invocations))
	}
	if err := spec.validateWorkers(r.Workers); err != nil {
		return err
	}
	last := -1
	for _, s := range r.Steps {
		if role, planned := roles[s.Index]; !planned || s.Role != role || s.Index <= last {
			return fmt.Errorf("step %d of role %d after step %d is not the plan's", s.Index, s.Role, last)
		}
		last = s.Index
		repeatable := s.Role == plan.Write || s.Role == plan.Execute
		if s.Retries < 0 || s.Retries > maxRetries*(1+maxStates) || s.Retries > 0 && !repeatable {
			return fmt.Errorf("step %d, a %s, was repeated %d times", s.Index, s.Role, s.Retries)
		}
		if err := s.checkHeld(elapsed); err != nil {
			return err
		}
		if err := s.checkStart(); err != nil {
			return err
		}
		for _, moment := range []int64{s.Start, s.End, s.Remote} {
			if moment != 0 && (moment < r.Start-int64(tolerated) || moment > r.End+int64(tolerated)) {
				return fmt.Errorf("step %d has the moment %d ns, outside the chain's %d to %d", s.Index, moment, r.Start, r.End)
			}
		}
	}
	if err := r.validatePrograms(spec); err != nil {
		return err
	}
	r.Error = printable(r.Error[:min(len(r.Error), 2*maxReason)])
	return nil
}

func (r *ChainResult) sum(of func(StepResult) bool) time.Duration {
	var total time.Duration
	for _, s := range r.Steps {
		if of(s) {
			total += s.Duration()
		}
	}
	return total
}

// StateVersion is a state as an agent holds it.
type StateVersion struct {
	Version int64 `json:"version"`
	Bytes   int64 `json:"bytes"`
	Intact  bool  `json:"intact"` // the content is that of this key and version, or a program's and as it was written
	// Digest is that of a program's keys and values, 16 hexadecimal digits; empty: the state is no program's, or nobody
	// has written to it.
	Digest string `json:"digest,omitempty"`
}

// StateCheck is the verdict on one state of a chain that is done.
type StateCheck struct {
	State   int   `json:"state"`
	Want    int64 `json:"want"`    // number of invocations that changed it
	Have    int64 `json:"have"`    // its version, summed up over all nodes that have one of their own
	Missing int   `json:"missing"` // nodes that should have it and do not
	Intact  bool  `json:"intact"`
	// Digest is that of a program's state, as in StateVersion; where several nodes have one, theirs in the order of
	// places, with + in between.
	Digest string `json:"digest,omitempty"`
}

// Err says what is wrong with the state; nil where nothing is.
func (c StateCheck) Err() error {
	switch {
	case c.Have != c.Want:
		return fmt.Errorf("state lost: state %d: want version %d, have %d", c.State, c.Want, c.Have)
	case c.Missing > 0:
		return fmt.Errorf("state lost: state %d is missing on %d nodes", c.State, c.Missing)
	case !c.Intact:
		return fmt.Errorf("state lost: state %d: its content is not that of version %d", c.State, c.Have)
	}
	return nil
}

// checkHeld says why a step cannot have waited for an instance to move as it says, in a chain that was waited for so
// long.
func (s StepResult) checkHeld(elapsed time.Duration) error {
	if s.Held < 0 || s.Held > int64(elapsed+tolerated) || s.Moved < 0 ||
		(s.Held > 0 || s.Moved > 0) && s.Role != plan.Request {
		return fmt.Errorf("step %d, a %s, was held for %d ns and sent elsewhere %d times", s.Index, s.Role, s.Held, s.Moved)
	}
	return nil
}
