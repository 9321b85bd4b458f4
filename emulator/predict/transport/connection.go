package transport

import "testbed/emulator/topology"

// connection is between an initiator, which sends requests, and a responder.
type connection struct {
	initiator, responder topology.ID
	request, response    *half
}

// pool are the idle connections from one node to another. The one that was used last is used first.
type pool struct{ idle []*connection }

func (r *replay) newConnection(initiator, responder topology.ID) *connection {
	o := &r.engine.options
	end := func(from, to topology.ID) *half {
		if way := r.routes.find(from, to); way != nil {
			return newHalf(way.mss, o)
		}
		return newHalf(int64(o.MSS), o)
	}
	return &connection{initiator, responder, end(initiator, responder), end(responder, initiator)}
}

func (r *replay) pool(initiator, responder topology.ID) *pool {
	key := [2]topology.ID{initiator, responder}
	p := r.pools[key]
	if p == nil {
		p = &pool{}
		for range r.engine.options.Connections {
			p.idle = append(p.idle, r.newConnection(initiator, responder))
		}
		r.pools[key] = p
	}
	return p
}

// take takes an idle connection, or else a new one: cold says that it has to be set up first.
func (r *replay) take(initiator, responder topology.ID) (c *connection, cold bool) {
	p := r.pool(initiator, responder)
	if last := len(p.idle) - 1; last >= 0 {
		c = p.idle[last]
		p.idle = p.idle[:last]
		return c, false
	}
	return r.newConnection(initiator, responder), r.engine.options.Connections != 0
}

func (r *replay) give(c *connection) {
	p := r.pool(c.initiator, c.responder)
	p.idle = append(p.idle, c)
}
