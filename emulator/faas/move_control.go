package faas

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// The control socket's paths about instances.
const (
	pathMove      = "/move"            // POST: a Move; answers with Moved
	pathInstances = "/instances"       // GET: all; POST: those that are placed here
	pathOf        = "/instances/state" // PUT, GET, DELETE: a state of one, or its states of chains
)

// InstanceStatus is what an agent has of an instance.
type InstanceStatus struct {
	Stateful
	Here bool `json:"here"` // false: it is or was elsewhere, or is on its way
	// Prepared says that all of it has come, and that it is here if the one that it came from says so.
	Prepared bool      `json:"prepared,omitempty"`
	Place    Elsewhere `json:"place"` // where to ask, where it is not here
	Epoch    int64     `json:"epoch"`
	States   int       `json:"states"` // that are here
	Bytes    int64     `json:"bytes"`  // of them
	// Rate is how many invocations/s it has had here so far, and Drain how long those at work at a random instant take
	// to end, in s.
	Rate  float64 `json:"rate"`
	Drain float64 `json:"drain_s"`
	Needs Needs   `json:"needs"` // of a node that it moves to
}

// Residents is a Control that knows stateful instances. Where one is elsewhere they answer with the place, and have
// done nothing.
type Residents interface {
	Declare(ctx context.Context, all []Stateful) error
	SeedOf(ctx context.Context, at Seat, key string, size int64) (*Elsewhere, error)
	CheckOf(ctx context.Context, at Seat, key string) (StateVersion, *Elsewhere, error)
	CleanOf(ctx context.Context, at Seat, prefix string) (to *Elsewhere, gone []topology.ID, err error)
	Announce(ctx context.Context, a Arrival) error
	Retract(ctx context.Context, id, token string) error
	Move(ctx context.Context, order Move) (*Moved, error)
	Instances(ctx context.Context) ([]InstanceStatus, error)
}

// ofAnswer is what is answered about an instance's state.
type ofAnswer struct {
	Elsewhere *Elsewhere    `json:"elsewhere,omitempty"`
	State     *StateVersion `json:"state,omitempty"`
	Gone      []topology.ID `json:"gone,omitempty"`
}

// Declare says which instances are placed at the agent's node.
func (c *Client) Declare(ctx context.Context, all []Stateful) error {
	return c.do(ctx, http.MethodPost, pathInstances, all, nil, maxAnswer)
}

// SeedOf is Seed, of an instance's state.
func (c *Client) SeedOf(ctx context.Context, at Seat, key string, size int64) (*Elsewhere, error) {
	a, err := c.of(ctx, http.MethodPut, at, url.Values{"key": {key}, "bytes": {strconv.FormatInt(size, 10)}})
	return a.Elsewhere, err
}

// CheckOf is Check, of an instance's state.
func (c *Client) CheckOf(ctx context.Context, at Seat, key string) (v StateVersion, to *Elsewhere, err error) {
	a, err := c.of(ctx, http.MethodGet, at, url.Values{"key": {key}})
	if a.State != nil {
		v = *a.State
	}
	if err == nil && (v.Version < 0 || v.Bytes < 0) {
		err = c.named(fmt.Errorf("state %s: a version %d of %d bytes is impossible", key, v.Version, v.Bytes))
	}
	return v, a.Elsewhere, err
}

// CleanOf makes the agent forget what an instance has of chains whose keys begin with prefix. gone are the nodes to
// which the instance has gone from there so far, in the order of the first time.
func (c *Client) CleanOf(ctx context.Context, at Seat, prefix string) (to *Elsewhere, gone []topology.ID, err error) {
	a, err := c.of(ctx, http.MethodDelete, at, url.Values{"prefix": {prefix}})
	return a.Elsewhere, a.Gone, err
}

// maxMoved bounds the answer to a move, in bytes: delays, rounds, and prefixes that were to be forgotten meanwhile.
const maxMoved = maxAnswer + 32*maxDelays + mostRounds*stepBytes + 1<<20

// Move makes the agent send an instance to another. A move that fails is no error: the result says so.
func (c *Client) Move(ctx context.Context, order Move) (*Moved, error) {
	var m Moved
	if err := c.do(ctx, http.MethodPost, pathMove, order, &m, maxMoved); err != nil {
		return nil, err
	}
	m.Undone = printable(m.Undone)
	return &m, nil
}

// Instances lists what the agent knows of instances.
func (c *Client) Instances(ctx context.Context) (all []InstanceStatus, err error) {
	return all, c.do(ctx, http.MethodGet, pathInstances, nil, &all, maxSpec)
}

func (c *Client) of(ctx context.Context, method string, at Seat, query url.Values) (a ofAnswer, err error) {
	query.Set("id", at.ID)
	query.Set("epoch", strconv.FormatInt(at.Epoch, 10))
	err = c.do(ctx, method, pathOf+"?"+query.Encode(), nil, &a, maxAnswer)
	return a, err
}

// follow asks for an instance where it is placed, and from there on until it is there.
func follow[C any](node topology.ID, id string, clients func(topology.ID) C,
	ask func(r Residents, at Seat) (*Elsewhere, error),
) error {
	at := Seat{ID: id}
	for range maxMoves {
		r, ok := any(clients(node)).(Residents)
		if !ok {
			return fmt.Errorf("instance %s: %w", id, ErrNotSupported)
		}
		to, err := ask(r, at)
		if err != nil || to == nil {
			return err
		}
		node, at.Epoch = to.Node, to.Epoch
	}
	return fmt.Errorf("instance %s: it is never where it was said to be: %w", id, errConflict)
}

// SeedAt makes a state of version 0 at a node or, where it belongs to an instance that is placed there, where that is.
func SeedAt[C Control](ctx context.Context, clients func(topology.ID) C, node topology.ID, instance, key string,
	size int64,
) error {
	if instance == "" {
		return clients(node).Seed(ctx, key, size)
	}
	return follow(node, instance, clients, func(r Residents, at Seat) (*Elsewhere, error) {
		return r.SeedOf(ctx, at, key, size)
	})
}

// CheckAt examines a state at a node or, where it belongs to an instance that is placed there, where that is.
func CheckAt[C Control](ctx context.Context, clients func(topology.ID) C, node topology.ID, instance, key string) (
	v StateVersion, err error,
) {
	if instance == "" {
		return clients(node).Check(ctx, key)
	}
	err = follow(node, instance, clients, func(r Residents, at Seat) (to *Elsewhere, err error) {
		v, to, err = r.CheckOf(ctx, at, key)
		return to, err
	})
	return v, err
}

// instanceAt is the ID of the instance that a chain's state at a node belongs to; empty: to none.
func (s *ChainSpec) instanceAt(state int, node topology.ID) string {
	if len(s.Stateful) == 0 {
		return ""
	}
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		if inv.Node != node || inv.Stateful == "" {
			continue
		}
		if slices.ContainsFunc(inv.States, func(a AccessSpec) bool {
			return a.State == state && a.Location == plan.Local
		}) {
			return inv.Stateful
		}
	}
	return ""
}

// validateInstances holds invocations and instances against each other.
func (s *ChainSpec) validateInstances() error {
	if len(s.Stateful) > len(s.Invocations) || len(s.Stateful) > 0 && s.Chained() {
		return fmt.Errorf("%d instances of %d invocations, or where workers call each other",
			len(s.Stateful), len(s.Invocations))
	}
	for i := range s.Stateful {
		if err := s.Stateful[i].validate(); err != nil {
			return err
		}
	}
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		if inv.Stateful == "" {
			continue
		}
		if !slices.ContainsFunc(s.Stateful, func(one Stateful) bool {
			return one.ID == inv.Stateful && one.Origin == inv.Node && one.Client == s.Client
		}) {
			return fmt.Errorf("invocation %d: the chain has no instance %.150q at its node", i, inv.Stateful)
		}
		for _, a := range inv.States {
			if a.Location != plan.Local {
				return fmt.Errorf("invocation %d: state %d is not the worker's own, and could not move", i, a.State)
			}
		}
	}
	return nil
}
