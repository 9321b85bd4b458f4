package transport

import "testbed/emulator/topology"

// planRewirings lets a model's chains begin with the network as it is at first, and has it change in time. What is
// under way then goes on as it was sent; nothing is lost by it.
func (r *replay) planRewirings(begin int64) {
	r.wirings++
	if r.routes.topology != r.engine.topology {
		r.routes.rewire(r.engine.topology)
	}
	for i, w := range r.engine.options.Rewirings {
		r.agenda.push(event{at: begin + w.At.Nanoseconds()*1000, kind: rewires, step: int32(i), generation: r.wirings})
	}
}

// rewire makes ways those of another topology, whose vertices and queues are the same.
func (r *routes) rewire(t *topology.Topology) {
	r.topology = t
	clear(r.trees)
	clear(r.known)
}
