package transport

import "testbed/emulator/plan"

// A state with replicas is read from a majority of them side by side, and written to all: first each is asked to
// promise the write's ballot, which carries no state, then it gets the state. The step ends when a majority has
// answered; what goes on to the others is in everybody's way until it is there. What is left out: that each phase of a
// write goes on as soon as a majority has answered the one before, and that writes which meet are repeated.

// member is what a step does with one of a state's replicas. Its progress and its parts come after those of the plan's
// steps.
type member struct {
	of  int       // index of the step
	way plan.Step // from or to the replica
}

// isMember says whether a number is no step's but a member's.
func (c *chain) isMember(i int) bool { return i >= len(c.plan.Steps) }

// step is a step, or the way of a member.
func (c *chain) step(i int) *plan.Step {
	if c.isMember(i) {
		return &c.members[i-len(c.plan.Steps)].way
	}
	return &c.plan.Steps[i]
}

// beginReplicas begins a step of a state with replicas, with all of them at once.
func (r *replay) beginReplicas(c *chain, i int) error {
	step, now := &c.plan.Steps[i], c.steps[i].now
	ways := step.Ways()
	for k := range ways {
		if err := r.check(&ways[k]); err != nil {
			return err
		}
	}
	c.steps[i].count = plan.Majority(len(step.Replicas))
	for k := range ways {
		way, at := &ways[k], len(c.steps)
		c.members = append(c.members, member{i, *way})
		c.steps, c.parts = append(c.steps, progress{now: now}), append(c.parts, c.parts[i])
		if way.From == way.To {
			c.parts[at].Host = frameTime(c.copied(way), r.engine.options.CopyRate)
			c.steps[at].now += c.parts[at].Host
		} else {
			r.prepare(c, at)
		}
	}
	for at := len(c.steps) - len(ways); at < len(c.steps); at++ {
		r.proceedStep(c, at)
	}
	return nil
}

// memberEnds counts a replica that has answered; with the last of a majority its step ends, and took as long as that
// one.
func (r *replay) memberEnds(c *chain, at int) error {
	if last := c.steps[at].last; last != nil {
		r.give(last)
	}
	i := c.members[at-len(c.plan.Steps)].of
	if c.steps[i].next++; c.steps[i].next != c.steps[i].count {
		return nil
	}
	c.parts[i] = c.parts[at]
	if s := c.step(i); c.versions != nil && s.Role == plan.Read {
		c.versions.begin(s.Task, c.keptBy(s))
	} else if c.versions != nil {
		c.versions.commit(s.Task, c.keptBy(s))
	}
	r.over(c, i)
	r.vacate(c, i)
	return r.ended(c, i, float64(c.parts[i].Sum())/float64(second))
}
