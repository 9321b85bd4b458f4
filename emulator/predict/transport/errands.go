package transport

import (
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// copied is how many bytes of a transfer within a node are copied: states, which a function gets a copy of, and which
// it gives back where they are carried. Where workers call each other they are handed on, but for the client's own.
func (c *chain) copied(step *plan.Step) int64 {
	if c.plan.Messages != nil && step.Role != plan.Read {
		sum := int64(0)
		if step.Role == plan.Request && len(step.After) == 0 {
			for _, s := range c.plan.Carried {
				sum = units.Add(sum, c.plan.StateBytes[s])
			}
		}
		return sum
	}
	switch inv := c.invocations[step.Task]; {
	case step.Role == plan.Read:
		return step.Bytes
	case inv == nil || step.Role == plan.Write:
		return 0
	default:
		sum := int64(0)
		for _, s := range inv.States {
			if s.Location != plan.Carried {
				continue
			}
			if step.Role == plan.Response {
				sum = units.Add(sum, s.Written())
			} else {
				sum = units.Add(sum, s.Bytes)
			}
		}
		return sum
	}
}

// prepare lists the messages of a transfer:
//
//   - request and response: one message one way, from its first byte sent to its last byte received. Where workers call
//     each other its answer is empty, and nobody waits for it;
//   - read: a GET without a body from the reader to the repository, then the state;
//   - write: the state to the repository, then an answer without a body.
//
// Who initiates owns the connection: the caller for request and response, the sender where workers call each other, who
// reads or writes for the others.
func (r *replay) prepare(c *chain, i int) {
	s, p := c.step(i), &c.steps[i]
	header, around := int64(r.engine.options.Header), r.framing(c.plan)
	var at *connection
	add := func(response bool, bytes int64, kind errandKind) {
		p.errands[p.count] = errand{at, response, bytes, kind}
		p.count++
	}
	open := func(initiator, responder topology.ID) {
		var cold bool
		if at, cold = r.take(initiator, responder); cold {
			set := at
			at = r.newConnection(initiator, responder)
			add(false, 0, setUp)
			add(true, 0, setUp)
			at = set
		}
		p.last = at
	}
	switch s.Role {
	case plan.Response:
		called := c.plan.Messages != nil // the client is, by the last worker
		if at = c.held[s.Pair]; at != nil {
			delete(c.held, s.Pair)
			p.last = at
		} else if called {
			open(s.From, s.To)
		} else {
			open(s.To, s.From)
		}
		add(!called, s.Bytes+header, body)
	case plan.Read:
		open(s.To, s.From)
		add(false, around.ReadRequest, trip)
		add(true, s.Bytes+around.ReadResponse, body)
	case plan.Write:
		open(s.From, s.To)
		if c.isMember(i) {
			add(false, around.WriteRequest, trip)
			add(true, around.WriteResponse, trip)
		}
		add(false, s.Bytes+around.WriteRequest, body)
		add(true, around.WriteResponse, trip)
	default:
		open(s.From, s.To)
		add(false, s.Bytes+header, body)
		if c.answered[s.Pair] {
			c.held[s.Pair], p.last = at, nil
		}
	}
}
