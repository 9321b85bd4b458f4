package faas

import (
	"fmt"
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// MessageSpec is what one invocation sends to another, or client and workers to each other, where workers call the next
// ones. An invocation begins when all messages to it are there; the chain ends when all to the client are.
type MessageSpec struct {
	From  int   `json:"from"`  // index of an earlier invocation than To; -1: the client
	To    int   `json:"to"`    // index of an invocation; -1: the client
	Bytes int64 `json:"bytes"` // from 0, carried states not counted
	Step  int   `json:"step"`  // index into the plan's steps
}

// Chained says whether workers call each other.
func (s *ChainSpec) Chained() bool { return len(s.Messages) > 0 }

// rolesOf is the order of an invocation's steps. Where workers call each other, messages belong to none.
func rolesOf[S plan.Access | AccessSpec](states []S, chained bool) []plan.Role {
	if !chained {
		return stepRoles(states)
	}
	var reads, writes []plan.Role
	for _, s := range states {
		location := who(s).location
		if location == plan.Repository || location == plan.Fetched {
			reads = append(reads, plan.Read)
		}
		if location == plan.Repository {
			writes = append(writes, plan.Write)
		}
	}
	return slices.Concat(reads, []plan.Role{plan.Execute}, writes)
}

// roles are those of all steps that are measured, by index.
func (s *ChainSpec) roles() map[int]plan.Role {
	roles := map[int]plan.Role{}
	for _, inv := range s.Invocations {
		for i, role := range withStart(rolesOf(inv.States, s.Chained()), inv.Instances) {
			roles[inv.Steps[i]] = role
		}
	}
	for _, m := range s.Messages {
		roles[m.Step] = m.role()
	}
	return roles
}

func (m *MessageSpec) role() plan.Role {
	if m.To < 0 {
		return plan.Response
	}
	return plan.Request
}

// at is the node and the agent's address of an invocation; -1: the client's.
func (s *ChainSpec) at(invocation int) (topology.ID, string) {
	if invocation < 0 {
		return s.Client, s.Home
	}
	return s.Invocations[invocation].Node, s.Invocations[invocation].Worker
}

// name is an invocation for messages; -1: the client.
func (s *ChainSpec) name(invocation int) string {
	if invocation < 0 {
		return "the client"
	}
	inv := &s.Invocations[invocation]
	return fmt.Sprintf("invocation %d (function %s at %s)", invocation, inv.Function, inv.Worker)
}

// carriedBytes is what every message carries of states.
func (s *ChainSpec) carriedBytes() int64 {
	sum := int64(0)
	for _, state := range s.Carried {
		sum = units.Add(sum, s.StateBytes[state])
	}
	return sum
}

// validateMessages guards a worker against waiting for ever, and against memory that nothing needs.
func (s *ChainSpec) validateMessages() error {
	if !s.Chained() {
		if len(s.Carried) > 0 || s.Home != "" {
			return fmt.Errorf("states are carried, and there are no messages")
		}
		return nil
	}
	if err := s.validateCarried(); err != nil {
		return err
	}
	into, out := make([]int, len(s.Invocations)), make([]int, len(s.Invocations))
	carried, steps := s.carriedBytes(), map[int]bool{}
	for i, m := range s.Messages {
		last := len(s.Invocations) - 1
		if m.From < -1 || m.From > last || m.To < -1 || m.To > last || m.To >= 0 && m.From >= m.To || m.From == m.To {
			return fmt.Errorf("message %d goes from %d to %d", i, m.From, m.To)
		}
		if m.Bytes < 0 || units.Add(m.Bytes, carried) > maxBody {
			return fmt.Errorf("message %d has %d bytes beside %d of states; one carries %d at most",
				i, m.Bytes, carried, maxBody)
		}
		if m.Step < 0 || m.Step >= s.Steps || steps[m.Step] {
			return fmt.Errorf("message %d cannot be step %d", i, m.Step)
		}
		if steps[m.Step] = true; m.To >= 0 {
			into[m.To]++
		}
		if m.From >= 0 {
			out[m.From]++
		}
	}
	for i := range s.Invocations {
		if into[i] == 0 || out[i] == 0 {
			return fmt.Errorf("invocation %d: nobody calls it, or it calls nobody", i)
		}
		if len(s.Carried) > 0 && (into[i] > 1 || out[i] > 1) {
			return fmt.Errorf("invocation %d: states that are carried have one way to go", i)
		}
	}
	return nil
}

// validateCarried checks addresses, and where states are.
func (s *ChainSpec) validateCarried() error {
	if s.Home == "" {
		return fmt.Errorf("the client has no address")
	}
	if err := checkAddress(s.Home); err != nil {
		return err
	}
	if len(s.Carried) > 0 && len(s.Messages) != len(s.Invocations)+1 {
		return fmt.Errorf("states that are carried have one way to go")
	}
	if len(s.Carried) > maxStates {
		return fmt.Errorf("%d states: a message carries %d at most", len(s.Carried), maxStates)
	}
	for i, state := range s.Carried {
		if state < 0 || state >= len(s.StateBytes) || slices.Contains(s.Carried[:i], state) || s.StateBytes[state] < 0 ||
			s.lasts(state) {
			return fmt.Errorf("state %d cannot be carried", state)
		}
	}
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		if inv.Worker == "" {
			return fmt.Errorf("invocation %d: its worker has no address", i)
		}
		for _, a := range inv.States {
			if a.Location != plan.Local && a.Location != plan.Repository && s.lasts(a.State) {
				return fmt.Errorf("invocation %d: state %d outlives the chain, and nobody would keep it", i, a.State)
			}
			carried := slices.Contains(s.Carried, a.State) && s.StateBytes[a.State] == a.Bytes
			if a.ByClient || a.Location == plan.Carried && !carried {
				return fmt.Errorf("invocation %d: state %d does not come to it", i, a.State)
			}
		}
	}
	return nil
}
