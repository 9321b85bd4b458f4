package faas

import (
	"cmp"
	"fmt"

	"testbed/emulator/faas/keyspace"
	"testbed/emulator/plan"
)

// validatePrograms says why the chain's programs cannot be carried out: what they write is one transaction, at one
// place, and a state is either theirs or that of functions which are built in.
func (s *ChainSpec) validatePrograms() error {
	programs := map[int]bool{} // by state
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		for k, a := range inv.States {
			if known, used := programs[a.State]; used && known != inv.Program {
				return fmt.Errorf("invocation %d (function %s): state %d is used by programs and by functions that are built in, "+
					"which know nothing of keys: make all of its functions programs", i, inv.Function, a.State)
			}
			programs[a.State] = inv.Program
			if !inv.Program {
				continue
			}
			if a.ByClient {
				return fmt.Errorf("invocation %d: function %s is a program, and its state %d would be read by the client: "+
					"write state-access: worker", i, inv.Function, a.State)
			}
			if first := inv.States[0]; a.Location != first.Location || a.Repository != first.Repository {
				return fmt.Errorf("invocation %d: function %s is a program, and its states %d and %d are not kept at the same "+
					"place: what it writes is one transaction; give it one state", i, inv.Function, first.State, a.State)
			}
			if len(a.Replicas) > 0 && len(inv.States) > 1 {
				return fmt.Errorf("invocation %d: function %s is a program and uses %d states, and what it writes to several "+
					"states cannot be one transaction of which each has replicas: give it one state, with several keys",
					i, inv.Function, len(inv.States))
			}
			if k > 0 && inv.States[k-1].State == a.State {
				return fmt.Errorf("invocation %d: state %d is there twice", i, a.State)
			}
		}
		if inv.Program && (s.Chained() || s.Model == plan.PureFaaS) {
			return fmt.Errorf("function %s is a program, and those have no place yet where workers call each other, nor in "+
				"model %s: write orchestration: client, and one of the study's four models", inv.Function, plan.PureFaaS)
		}
	}
	return nil
}

// seeded is the size of a state before the first invocation: a program's begins without keys.
func (inv *InvocationSpec) seeded(a AccessSpec) int64 {
	if inv.Program {
		return 0
	}
	return a.Bytes
}

// digest adds that of a program's state at one place.
func (c *StateCheck) digest(v StateVersion, program bool) {
	if !program {
		return
	}
	if c.Digest != "" {
		c.Digest += "+"
	}
	c.Digest += cmp.Or(v.Digest, keyspace.New(0).Digest())
}

// Add takes the state at one place in: what it is there, and whether that may be.
func (c *StateCheck) Add(v StateVersion, p LastingPlace) {
	c.Have += v.Version
	c.Intact = c.Intact && v.Intact && (p.Program || v.Bytes == p.Bytes)
	c.digest(v, p.Program)
}

// nameStores gives the programs' states the names by which the plan knows those that outlive the chain.
func (s *ChainSpec) nameStores(lasting []string) {
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		for k := range inv.States {
			if a := &inv.States[k]; inv.Program && a.State < len(lasting) {
				a.Store = lasting[a.State]
			}
		}
	}
}
