package userspace

import (
	"fmt"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// gate is a vertex that packets pass as long as it is up. Like queues, gates go on from one table to the next by name.
type gate struct {
	name    string
	vertex  topology.ID // in the table in force
	down    bool
	stopped uint64 // packets dropped here while it was down
}

// dropIfDown drops the packet where one of the gates is down, counts it there, and says whether it did. The last router
// in front of the gate tells the sender.
func (c *core) dropIfDown(p *packet, gates []*gate) bool {
	for i, g := range gates {
		if g.down {
			g.stopped += uint64(p.segments)
			c.drops.Down += uint64(p.segments)
			if int(p.hop) < len(p.path.hops) && g == gates[len(gates)-1] { // the link itself
				p.path.hops[p.hop].queue.lost += uint64(p.segments)
			}
			c.answerDown(p, c.table.lastRouter(p.path, int(p.hop), gates[:i]), p.arrival())
			c.pool.recycle(p)
			return true
		}
	}
	return false
}

// faults are the vertices that are down, and the stations' groups of a partition.
type faults struct {
	down   map[topology.ID]bool
	groups map[topology.ID]int32 // those not in it form group 0
}

// faultsOf takes them from a network. It fails where a vertex is not in the topology or in two groups.
func faultsOf(n fabric.Network) (faults, error) {
	f := faults{make(map[topology.ID]bool, len(n.Down)), map[topology.ID]int32{}}
	known := func(id topology.ID) bool { return id >= 0 && int(id) < len(n.Topology.Vertices) }
	for _, id := range n.Down {
		if !known(id) {
			return f, fmt.Errorf("down: there is no vertex %d", id)
		}
		f.down[id] = true
	}
	for i, group := range n.Partition {
		for _, id := range group {
			if !known(id) {
				return f, fmt.Errorf("partition: there is no vertex %d", id)
			}
			if _, twice := f.groups[id]; twice {
				return f, fmt.Errorf("partition: %s is in two groups", n.Topology.Vertices[id].Name)
			}
			f.groups[id] = int32(i + 1)
		}
	}
	return f, nil
}

// activate writes the table's faults, indexes and addresses into its gates and ports, which it shares with the table
// before. Only the thread that
// owns the core calls it.
func (t *table) activate() {
	for i, p := range t.ports {
		p.index = i
		addr := t.network.Stations[i].Addr
		p.mac, p.broadcast, p.net6 = hardware(addrInt(addr.Addr())), broadcastAddr(addr), fabric.Net6(addr)
		p.group = t.faults.groups[t.network.Stations[i].ID]
		p.detours, p.broadcasts = nil, nil
		if t.second != nil {
			p.detours = t.detours[i]
			for _, a := range t.network.Stations[i].Addresses {
				if a.Addr().Is4() && a.Bits() <= 30 {
					p.broadcasts = append(p.broadcasts, broadcastAddr(a))
				}
			}
		}
	}
	for i, g := range t.gates {
		g.down, g.vertex = t.faults.down[topology.ID(i)], topology.ID(i)
	}
}
