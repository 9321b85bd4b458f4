package faas

import (
	"fmt"
	"net/netip"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// ChainSpec is a plan as an agent carries it out: with the addresses of all nodes concerned.
type ChainSpec struct {
	Key         string           `json:"key"` // unique to this execution: run/model/chain
	Job         string           `json:"job"`
	Model       plan.Model       `json:"model"`
	Client      topology.ID      `json:"client"`
	StateBytes  []int64          `json:"state_bytes"`
	Steps       int              `json:"steps"` // number of the plan's steps
	Invocations []InvocationSpec `json:"invocations"`
}

// InvocationSpec is one invocation.
type InvocationSpec struct {
	Task     int          `json:"task"`
	Function string       `json:"function"`
	Node     topology.ID  `json:"node"`
	Worker   string       `json:"worker"` // host:port; empty: the client itself
	Argument int64        `json:"argument"`
	Result   int64        `json:"result"`
	Ops      int64        `json:"ops"`
	Load     int          `json:"load"`
	States   []AccessSpec `json:"states"`
	After    []int        `json:"after"`
	Steps    []int        `json:"steps"` // indexes into the plan's steps
}

// AccessSpec is one state that an invocation reads and changes.
type AccessSpec struct {
	State      int           `json:"state"`
	Bytes      int64         `json:"bytes"`
	Location   plan.Location `json:"location"`
	Node       topology.ID   `json:"node"`       // where the value is
	Repository string        `json:"repository"` // host:port; empty: the worker itself, or no repository
}

// NewChainSpec resolves a plan's nodes. key must be unique to this execution of the plan and consist of
// letters, digits and any of "._:/-". It fails with ErrNotSupported where the invocations are not all
// issued by the client, or where the plan's steps are not those of its invocations, as when the client
// is charged with the transfers between worker and repository: such plans can only be predicted.
func NewChainSpec(p *plan.Plan, addr func(topology.ID) netip.AddrPort, key string) (*ChainSpec, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if len(p.Invocations) == 0 && len(p.Steps) > 0 {
		return nil, fmt.Errorf("job %s, model %s: %w: workers call each other in it; it can be predicted only", p.Job, p.Model, ErrNotSupported)
	}
	spec := &ChainSpec{
		Key: key, Job: p.Job, Model: p.Model, Client: p.Client, StateBytes: p.StateBytes, Steps: len(p.Steps),
	}
	for i := range p.Invocations {
		inv := &p.Invocations[i]
		if err := feasible(p, inv); err != nil {
			return nil, fmt.Errorf("job %s, model %s, invocation %d: %w: %w", p.Job, p.Model, i, ErrNotSupported, err)
		}
		out := InvocationSpec{
			Task: inv.Task, Function: inv.Function, Node: inv.Worker, Argument: inv.Argument, Result: inv.Result,
			Ops: inv.Ops, Load: inv.Load, After: inv.After, Steps: inv.Steps,
		}
		if inv.Worker != p.Client {
			out.Worker = addr(inv.Worker).String()
		}
		for _, s := range inv.States {
			access := AccessSpec{State: s.State, Bytes: s.Bytes, Location: s.Location, Node: s.Node}
			if s.Location == plan.Repository && s.Node != inv.Worker {
				access.Repository = addr(s.Node).String()
			}
			out.States = append(out.States, access)
		}
		spec.Invocations = append(spec.Invocations, out)
	}
	if err := spec.validate(); err != nil {
		return nil, fmt.Errorf("job %s, model %s: %w", p.Job, p.Model, err)
	}
	return spec, nil
}

// feasible says why the FaaS cannot carry out an invocation in the way that its steps say.
func feasible(p *plan.Plan, inv *plan.Invocation) error {
	if inv.Caller != p.Client {
		return fmt.Errorf("it is not issued by the client")
	}
	roles := stepRoles(inv.States)
	if len(roles) != len(inv.Steps) {
		return fmt.Errorf("it has %d steps, not %d", len(inv.Steps), len(roles))
	}
	for i, index := range inv.Steps {
		if index < 0 || index >= len(p.Steps) {
			return fmt.Errorf("there is no step %d", index)
		}
		s := p.Steps[index]
		if s.Role != roles[i] {
			return fmt.Errorf("step %d is a %s where a %s is due", index, s.Role, roles[i])
		}
		if s.Role == plan.Read && s.To != inv.Worker || s.Role == plan.Write && s.From != inv.Worker {
			return fmt.Errorf("step %d: the %s of a state is not done by the worker", index, s.Role)
		}
	}
	for _, s := range inv.States {
		if s.Location == plan.Carried && s.Node != p.Client || s.Location == plan.Local && s.Node != inv.Worker {
			return fmt.Errorf("state %d is where the worker does not find it", s.State)
		}
	}
	return nil
}

// stepRoles is the order of an invocation's steps.
func stepRoles[S plan.Access | AccessSpec](states []S) []plan.Role {
	roles := []plan.Role{plan.Request}
	repositories := 0
	for _, s := range states {
		if location(s) == plan.Repository {
			repositories++
		}
	}
	for range repositories {
		roles = append(roles, plan.Read)
	}
	roles = append(roles, plan.Execute)
	for range repositories {
		roles = append(roles, plan.Write)
	}
	return append(roles, plan.Response)
}

func location[S plan.Access | AccessSpec](s S) plan.Location {
	switch s := any(s).(type) {
	case plan.Access:
		return s.Location
	case AccessSpec:
		return s.Location
	}
	return plan.Local
}
