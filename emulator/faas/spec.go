package faas

import (
	"fmt"
	"net/netip"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// ChainSpec is a plan as an agent carries it out: with the addresses of all nodes concerned. The agent refuses one
// whose numbers are out of the ranges given here.
type ChainSpec struct {
	// Key names this execution and no other, as run/model/chain: up to 120 letters, digits and any of "._:/-".
	// The states' keys are made of it.
	Key    string      `json:"key"`
	Job    string      `json:"job"`    // name, at most 255 bytes
	Model  plan.Model  `json:"model"`  // name, at most 255 bytes
	Client topology.ID `json:"client"` // the node whose agent carries the chain out
	// StateBytes are the sizes of the chain's states, in bytes, by a state's number.
	StateBytes []int64 `json:"state_bytes"`
	// Lasting are, by a state's number, the keys of those that outlive the chain and that others use as well; empty, or
	// nil: it is the chain's own. They end with / and a number, like those that are made of Key.
	Lasting []string `json:"lasting,omitempty"`
	// Instances are those stateful instances whose invocations the chain has; nil: none can move.
	Stateful []Stateful `json:"stateful,omitempty"`
	// Steps is the number of the plan's steps, 0 to 2^20. Those that belong to no invocation are not measured.
	Steps int `json:"steps"`
	// Invocations come after all that they wait for.
	Invocations []InvocationSpec `json:"invocations"`

	// Messages are what client and workers send where workers call each other; none: the client calls all of them.
	Messages []MessageSpec `json:"messages,omitempty"`
	Carried  []int         `json:"carried,omitempty"` // states that every message carries; then the invocations are a line
	Home     string        `json:"home,omitempty"`    // IP address and port of the client's agent, beside Messages
	// Dispatch says how the workers are picked of invocations with a pool; nil: none are.
	Dispatch *DispatchSpec `json:"dispatch,omitempty"`
}

// InvocationSpec is one invocation of a function, with the states that go along or are fetched, MaxStates of
// package plan at most. Its request and its response may have MaxMessage bytes each, carried states included.
type InvocationSpec struct {
	Task     int         `json:"task"`     // index of the task in its job, from 0
	Function string      `json:"function"` // name, at most 255 bytes
	Node     topology.ID `json:"node"`     // where it executes
	// Stateful is the ID of one of ChainSpec.Stateful, whose invocation it is; empty: it is none's, and cannot move.
	Stateful string `json:"stateful,omitempty"`
	// Worker is the IP address and port of that node's agent; empty: the client itself, unless workers call each other.
	Worker   string `json:"worker"`
	Argument int64  `json:"argument"` // bytes sent with the request, from 0, states not counted
	Result   int64  `json:"result"`   // bytes sent with the response, from 0, states not counted
	Ops      int64  `json:"ops"`      // operations that it computes, from 0
	// Program says that the function is a user's program: its result and its states, which are key spaces, have the
	// sizes that it gives them, and those that are said here are no promise.
	Program bool `json:"program,omitempty"`
	// Payload is the key of what a program gets as its argument; empty: another argument. Previous says that it gets
	// what those of After have answered, one after the other.
	Payload  string `json:"payload,omitempty"`
	Previous bool   `json:"previous,omitempty"`
	// Load is how many tasks are placed on the node, from 0: where it computes as Allotted, its speed is divided by
	// as many.
	Load   int          `json:"load"`
	States []AccessSpec `json:"states"` // in the order in which they are read and written
	After  []int        `json:"after"`  // indexes of invocations that it waits for: earlier ones, each once
	Steps  []int        `json:"steps"`  // indexes into the plan's steps, in the order of stepRoles
	// Pool is the number, from 1, of the pool in ChainSpec.Dispatch of which the worker is picked; 0: it is Worker.
	Pool int `json:"pool,omitempty"`
	// Instances say how those of the function live on the node; nil: they are always warm.
	Instances *instance.Spec `json:"instances,omitempty"`
}

// AccessSpec is one state that an invocation reads and changes.
type AccessSpec struct {
	State    int           `json:"state"` // its number, from 0, among ChainSpec.StateBytes
	Bytes    int64         `json:"bytes"` // its size, from 0
	Location plan.Location `json:"location"`
	Node     topology.ID   `json:"node"` // where the value is
	// Repository is the IP address and port that the value is fetched from and, but for plan.Fetched, written to; empty
	// where it is at the worker itself (ByClient: at the client itself), or comes with the request. Before those of a
	// Redis server stands redis:, and they are given wherever it is.
	Repository string `json:"repository"`
	// Replicas are the nodes that keep the state, Node the first, where there are several: Repository is then the address
	// of each, with | in between.
	Replicas []topology.ID `json:"replicas,omitempty"`
	// ByClient says, of a state in a repository, that the client reads it before the request and writes it after the
	// response: the worker sees nothing of it.
	ByClient bool `json:"by_client,omitempty"`
	// Contested says, of a state that the worker keeps, that another invocation there may change it at the same time.
	Contested bool `json:"contested,omitempty"`
	// Store is a name by which a program may know the state, besides its usual one; empty: there is none.
	Store string `json:"store,omitempty"`
}

// NewChainSpec resolves a plan's nodes. key must be unique to this execution of the plan and consist of
// letters, digits and any of "._:/-". It fails with ErrNotSupported where the invocations are neither all
// issued by the client nor by messages, or where the plan's steps are not those of its invocations: such plans can only
// be predicted.
func NewChainSpec(p *plan.Plan, addr func(topology.ID) netip.AddrPort, key string) (*ChainSpec, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if len(p.Invocations) == 0 && len(p.Steps) > 0 {
		return nil, fmt.Errorf("job %s, model %s: %w: it has no invocations; it can be predicted only",
			p.Job, p.Model, ErrNotSupported)
	}
	spec := &ChainSpec{
		Key: key, Job: p.Job, Model: p.Model, Client: p.Client, StateBytes: p.StateBytes, Steps: len(p.Steps),
	}
	dispatched, pools := dispatchOf(p, key, addr)
	spec.Dispatch = dispatched
	for i := range p.Invocations {
		inv := &p.Invocations[i]
		if err := feasible(p, inv); err != nil {
			return nil, fmt.Errorf("job %s, model %s, invocation %d: %w: %w", p.Job, p.Model, i, ErrNotSupported, err)
		}
		out := InvocationSpec{
			Task: inv.Task, Function: inv.Function, Node: inv.Worker, Argument: inv.Argument, Result: inv.Result,
			Ops: inv.Ops, Load: inv.Load, After: inv.After, Steps: inv.Steps, Pool: pools[i],
			Instances: inv.Instances, Program: inv.Program,
		}
		if inv.Worker != p.Client || p.Messages != nil {
			out.Worker = addr(inv.Worker).String()
		}
		for _, s := range inv.States {
			access := AccessSpec{State: s.State, Bytes: s.Bytes, Location: s.Location, Node: s.Node, ByClient: s.ByClient,
				Contested: s.Contested, Replicas: s.Replicas}
			if s.Location == plan.Repository || s.Location == plan.Fetched {
				near := s.Node == inv.Accessor(s) && (pools[i] == 0 || s.ByClient)
				access.Repository = repositoryOf(p, &s, near, addr)
			}
			out.States = append(out.States, access)
		}
		spec.Invocations = append(spec.Invocations, out)
	}
	if p.Messages != nil {
		spec.Home, spec.Carried = addr(p.Client).String(), p.Carried
		for _, m := range p.Messages {
			spec.Messages = append(spec.Messages, MessageSpec(m))
		}
	}
	spec.nameStores(p.Lasting)
	if err := spec.validate(); err != nil {
		return nil, fmt.Errorf("job %s, model %s: %w", p.Job, p.Model, err)
	}
	return spec, nil
}

// feasible says why the FaaS cannot carry out an invocation in the way that its steps say.
func feasible(p *plan.Plan, inv *plan.Invocation) error {
	if inv.Caller != p.Client && p.Messages == nil {
		return fmt.Errorf("it is not issued by the client")
	}
	roles := withStart(rolesOf(inv.States, p.Messages != nil), inv.Instances)
	if len(roles) != len(inv.Steps) {
		return fmt.Errorf("it has %d steps, not %d", len(inv.Steps), len(roles))
	}
	client := byClient(inv.States)
	for i, index := range inv.Steps {
		if index < 0 || index >= len(p.Steps) {
			return fmt.Errorf("there is no step %d", index)
		}
		s := p.Steps[index]
		if s.Role != roles[i] {
			return fmt.Errorf("step %d is a %s where a %s is due", index, s.Role, roles[i])
		}
		by := inv.Worker
		if i < client || i >= len(roles)-client {
			by = p.Client
		}
		if s.Role == plan.Read && s.To != by || s.Role == plan.Write && s.From != by {
			return fmt.Errorf("step %d: the %s of a state is done by another node", index, s.Role)
		}
	}
	for _, s := range inv.States {
		if s.Location == plan.Fetched && p.Messages == nil {
			return fmt.Errorf("state %d would stay at the worker", s.State)
		}
		if s.Location == plan.Carried && s.Node != p.Client || s.Location == plan.Local && s.Node != inv.Worker {
			return fmt.Errorf("state %d is where the worker does not find it", s.State)
		}
		if s.ByClient && s.Location != plan.Repository {
			return fmt.Errorf("state %d is in no repository that the client could read", s.State)
		}
	}
	return nil
}

// stepRoles is the order of an invocation's steps: what the client reads, the request, what the worker reads, the
// execution, what the worker writes, the response, what the client writes.
func stepRoles[S plan.Access | AccessSpec](states []S) []plan.Role {
	client, worker := byClient(states), 0
	for _, s := range states {
		if a := who(s); a.location == plan.Repository && !a.byClient {
			worker++
		}
	}
	var roles []plan.Role
	add := func(n int, role plan.Role) {
		for range n {
			roles = append(roles, role)
		}
	}
	add(client, plan.Read)
	add(1, plan.Request)
	add(worker, plan.Read)
	add(1, plan.Execute)
	add(worker, plan.Write)
	add(1, plan.Response)
	add(client, plan.Write)
	return roles
}

// accessed is where a state is, and whether the client reads and writes it.
type accessed struct {
	location plan.Location
	byClient bool
}

func who[S plan.Access | AccessSpec](s S) accessed {
	switch s := any(s).(type) {
	case plan.Access:
		return accessed{s.Location, s.ByClient}
	case AccessSpec:
		return accessed{s.Location, s.ByClient}
	}
	return accessed{}
}
