package faas

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"testbed/emulator/topology"
)

// Stateful is a stateful instance: what one client's invocations of some functions, which share their states, leave at
// the worker that they are placed on. It is what moves.
type Stateful struct {
	// ID names it in the whole testbed, like a chain's key; all that is known of it is forgotten with its prefix.
	ID        string      `json:"id"`
	Origin    topology.ID `json:"origin"`    // the node that its functions are placed on
	Client    topology.ID `json:"client"`    // whose invocations they are
	Functions []string    `json:"functions"` // in order
}

func (s *Stateful) validate() error {
	if err := checkKey(s.ID); err != nil {
		return err
	}
	if s.Origin < 0 || s.Client < 0 || len(s.Functions) == 0 || len(s.Functions) > maxStates {
		return fmt.Errorf("instance %s: node %d, client %d, %d functions", s.ID, s.Origin, s.Client, len(s.Functions))
	}
	for _, f := range s.Functions {
		if len(f) > maxName {
			return fmt.Errorf("instance %s: a function's name has more than %d bytes", s.ID, maxName)
		}
	}
	return nil
}

// Seat is an instance at the place that its epoch stands for: every move begins a new one. 0: where it is placed.
type Seat struct {
	ID    string `json:"id"`
	Epoch int64  `json:"epoch"`
}

// Elsewhere is where an instance has gone to.
type Elsewhere struct {
	Node    topology.ID `json:"node"`
	Address string      `json:"address"` // host:port
	Epoch   int64       `json:"epoch"`
}

// resident is what an agent knows of an instance that is, was or will be here. Exactly one agent has it here: it hands
// it over by sending others to the next, which begins to serve it when somebody comes who was sent.
type resident struct {
	Stateful
	home bool // it is placed here: its states have their plain keys

	mu       sync.Mutex
	here     bool
	prepared bool          // all of it has come, and nobody yet who was sent by the one it came from
	place    Elsewhere     // not here: where to ask; Epoch is the one that it has there
	epoch    int64         // that it has here, or would have
	tried    int64         // the last epoch that a move from here was begun with
	moving   bool          // from here
	held     bool          // nothing may begin
	running  int           // invocations and accesses at work
	changed  chan struct{} // closed when any of these changes
	delayed  []*waiting    // since held
	later    []string      // prefixes that were to be forgotten since
	load     loadSeen
	keys     map[string]bool
	calls    callBook
	arriving *arrival
	gone     []topology.ID // to which it has gone from here so far, each once

	announcements []*announced // of moves that bring it here
}

// suffix tells its states' keys from those of an instance that is placed here.
func (r *resident) suffix() string {
	if r.home {
		return ""
	}
	return "@" + strconv.Itoa(int(r.Origin))
}

// waiting is an invocation that a hold has delayed; moments in ns, until is 0 while it waits.
type waiting struct{ since, until int64 }

// signal wakes all that wait. The caller holds mu.
func (r *resident) signal() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// await waits for a change. The caller holds mu, which is free in between.
func (r *resident) await(ctx context.Context) error {
	changed := r.changed
	r.mu.Unlock()
	defer r.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter begins something that the instance must be here for, after waiting while it is held; leave ends it. now tells
// the time of invocations, which count as delayed; nil: it is none. It fails with a movedError where the instance is
// elsewhere.
func (r *resident) enter(ctx context.Context, epoch int64, now func() int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var mine *waiting
	var waited int64 // ns
	for {
		if mine != nil && mine.until != 0 {
			waited += mine.until - mine.since
			mine = nil
		}
		if r.prepared && epoch == r.epoch {
			r.here, r.prepared = true, false
		}
		if !r.here {
			return &movedError{r.place, waited}
		}
		if !r.held {
			r.running++
			return nil
		}
		if mine == nil && now != nil {
			mine = &waiting{since: now()}
			r.delayed = append(r.delayed, mine)
		}
		if err := r.await(ctx); err != nil {
			if mine != nil && mine.until == 0 {
				r.gaveUp(mine, now())
			}
			return err
		}
	}
}

// gaveUp ends an invocation's wait for a hold that goes on. Those that are told of are bounded; whoever waits has a
// connection. The caller holds mu.
func (r *resident) gaveUp(mine *waiting, at int64) {
	if mine.until = at; len(r.delayed) > maxDelays {
		r.delayed = slices.DeleteFunc(r.delayed, func(w *waiting) bool { return w == mine })
	}
}

// now does something with what is here, also while it is held, for no time. It fails with a movedError where the
// instance is elsewhere.
func (r *resident) now(epoch int64, do func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.prepared && epoch == r.epoch {
		r.here, r.prepared = true, false
	}
	if !r.here {
		return &movedError{to: r.place}
	}
	return do()
}

// takeLater gives what was to be forgotten while the instance was held.
func (r *resident) takeLater() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	later := r.later
	r.later = nil
	return later
}

func (r *resident) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running--; r.running == 0 && r.held {
		r.signal()
	}
}

// hold lets nothing begin from now on, and returns when all that is at work has ended. since is when it began.
func (r *resident) hold(ctx context.Context, now func() int64) (since int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.delayed = true, nil
	since = now()
	for r.running > 0 {
		if err := r.await(ctx); err != nil {
			return since, err
		}
	}
	return since, nil
}

// release ends a move from here, with its hold: the instance stays or, with a place, is there from now on. It returns
// when that was, and how long each invocation was held that came in between.
func (r *resident) release(place *Elsewhere, now func() int64) (at int64, delays []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at = now()
	if place != nil {
		r.here, r.place, r.load = false, *place, loadSeen{}
		r.keys = map[string]bool{}
		r.calls.leave()
		if !slices.Contains(r.gone, place.Node) {
			r.gone = append(r.gone, place.Node)
		}
	}
	for _, w := range r.delayed {
		if w.until == 0 {
			w.until = at
		}
		delays = append(delays, w.until-w.since)
	}
	r.held, r.moving, r.delayed = false, false, nil
	r.signal()
	return at, delays
}
