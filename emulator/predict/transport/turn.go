package transport

import (
	"cmp"
	"slices"

	"testbed/emulator/plan"
)

// A client's state that outlives chains and goes along with calls is with one call at a time, in the order in which it
// is asked for, as in the FaaS: a request waits until the response of the call before is there.

// turn is who has such a state, and who waits for it.
type turn struct {
	taken   bool
	waiting []asker
}

// asker is a request that waits.
type asker struct {
	chain *chain
	step  int
}

// takenBy lists the states that an invocation has to have for itself, each once, in the one order in which all ask for
// them.
func (c *chain) takenBy(task int) (all []plan.Lasting) {
	inv := c.invocations[task]
	if inv == nil || c.plan.Lasting == nil {
		return nil
	}
	for _, s := range inv.States {
		if of := c.plan.Outlives(s.State); s.Location == plan.Carried && of.Name != "" {
			all = append(all, of)
		}
	}
	slices.SortFunc(all, func(a, b plan.Lasting) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Compact(all)
}

// takeTurn takes what the call of a request has to have for itself. It is false where the request waits for that: it
// begins once more when it is its turn.
func (r *replay) takeTurn(c *chain, i int) bool {
	p := &c.steps[i]
	for all := c.takenBy(c.plan.Steps[i].Task); p.turns < len(all); p.turns++ {
		one := r.turns[all[p.turns]]
		if one == nil {
			one = &turn{}
			r.turns[all[p.turns]] = one
		}
		if one.taken {
			one.waiting = append(one.waiting, asker{c, i})
			return false
		}
		one.taken = true
	}
	if late := r.now - p.now; late > 0 && p.turns > 0 {
		c.parts[i].Queueing += late
		p.now = r.now
	}
	return true
}

// giveTurn gives back what the call of a response has had, to who waits for it.
func (r *replay) giveTurn(c *chain, i int) {
	for _, of := range c.takenBy(c.plan.Steps[i].Task) {
		one := r.turns[of]
		if one.taken = len(one.waiting) > 0; one.taken {
			next := one.waiting[0]
			one.waiting = one.waiting[1:]
			next.chain.steps[next.step].turns++ // it is his
			r.agenda.push(event{at: r.now, kind: stepBegins, chain: next.chain, step: int32(next.step)})
		}
	}
}
