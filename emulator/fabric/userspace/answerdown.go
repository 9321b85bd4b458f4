package userspace

import (
	"net/netip"

	"testbed/emulator/topology"
)

// arrival is when the packet comes to what it meets next, ns.
func (p *packet) arrival() int64 {
	if int(p.hop) < len(p.path.hops) {
		return p.firstArrival
	}
	return p.finalArrival
}

// lastRouter is the last router that a packet passes on a path before the gates of a hop and, of these, those given,
// which are all in front of something; -1: there is none.
func (t *table) lastRouter(p *path, hop int, gates []*gate) topology.ID {
	for {
		for i := len(gates) - 1; i >= 0; i-- {
			if t.isRouter(gates[i]) {
				return gates[i].vertex
			}
		}
		if hop--; hop < 0 {
			break
		}
		gates = p.hops[hop].gates
	}
	if p.entered != nil && t.isRouter(p.entered) {
		return p.entered.vertex
	}
	return -1
}

// isRouter says whether a gate is of a router in the table in force.
func (t *table) isRouter(g *gate) bool {
	v := g.vertex
	return int(v) < len(t.gates) && t.gates[v] == g && t.routers[v]
}

// answerDown lets a router in front of something that is down tell the sender of a packet, at the instant at (ns), that
// its destination is unreachable: as a router does whose interface is down, or whose neighbour does not answer. Where
// no router is in front of it, as at the sender's own link, nobody can tell.
func (c *core) answerDown(p *packet, router topology.ID, at int64) { c.tellDown(p, router, at, false) }

// answerLater is answerDown at an instant that is still to come.
func (c *core) answerLater(p *packet, router topology.ID, at int64) { c.tellDown(p, router, at, true) }

func (c *core) tellDown(p *packet, router topology.ID, at int64, later bool) {
	if router < 0 || !c.routable(p) {
		return
	}
	to := c.senderOf(p.data)
	if to == nil {
		return
	}
	end := c.table.specialPath(specialKey{pathDown, to.index, 0, int(router)}, func() *path {
		return &path{end: c.table.icmpReply(router, to, unreachable3, hostUnknown)}
	}).end
	if later {
		own := *end
		own.later, own.ahead = true, max(0, at-p.departs())
		end = &own
	}
	c.sendICMP(end, p.data, at)
}

// routable says whether routers read the packet: one of IP that is for one station, and that no switch forwards by its
// hardware address.
func (c *core) routable(p *packet) bool {
	flood := p.path.from != nil || p.path.end != nil && len(p.path.end.branches) > 0
	return !flood && !(c.arp && p.path.segment) && carried(p.data) && p.data[virtioLen]&1 == 0
}

// senderOf is the port that has the source address of a packet; nil: none has.
func (c *core) senderOf(data []byte) *port {
	if isIPv6(data) {
		return c.table.owner(netip.AddrFrom16([16]byte(data[source6At:])))
	}
	return c.table.owner(netip.AddrFrom4([4]byte(data[ipAt+12:])))
}
