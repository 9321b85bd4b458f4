package netem

import (
	"encoding/binary"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"testbed/emulator/topology"
)

// What the host loses of packets is dropped by devices: where the other end's backlog is full (the variable
// net/core/netdev_max_backlog), or a burst cannot be taken apart for want of memory. What a queueing discipline drops
// is the model's, and none of it.

// losses are packets that devices have dropped, at either end of a station's devices, and at all others of a link's;
// and, counted as these are, bursts that were not taken apart as one, what stations' devices were given.
type losses struct {
	stations map[topology.ID]uint64
	links    map[topology.ID]uint64
	given    map[topology.ID]uint64
}

// passed is what a device has had.
type passed struct{ received, dropped uint64 }

// losses reads what there is of that. Spaces that cannot be read have lost nothing.
func (v *view) losses() losses {
	by := make([]map[int]passed, len(v.l.spaces))
	v.each(v.all(), func(i int) (err error) {
		if e := v.spaces[i]; e != nil {
			by[i], err = e.passed()
		}
		return err
	})
	all := losses{map[topology.ID]uint64{}, map[topology.ID]uint64{}, map[topology.ID]uint64{}}
	for i := range v.l.spaces {
		s := &v.l.spaces[i]
		for at, p := range s.ports {
			d := v.bound[portID{i, at}]
			if d == nil {
				continue
			}
			if s.station >= 0 {
				all.given[s.vertex] += by[i][d.index].received
			}
			v.l.blame(all, v.n.Topology, i, p, by[i][d.index].dropped)
		}
		if !s.medium || v.state[i] == nil {
			continue
		}
		if d := v.state[i].byName(ifbName); d != nil {
			all.links[s.vertex] += by[i][d.index].dropped
		}
	}
	return all
}

// blame says whose the packets are that the device of a space's port has dropped.
func (l *layout) blame(all losses, t *topology.Topology, i int, p port, n uint64) {
	pair := &l.pairs[p.pair]
	here, there := &l.spaces[i], &l.spaces[pair.space[1-p.end]]
	switch out := pair.egress[p.end]; {
	case here.station >= 0:
		all.stations[here.vertex] += n
	case there.station >= 0:
		all.stations[there.vertex] += n
	case out.queue:
		all.links[out.channel.Link] += n
	case t.Vertices[here.vertex].Kind == topology.Link: // along an edge of a link that is a space of its own
		all.links[here.vertex] += n
	default:
		all.links[there.vertex] += n
	}
}

// passed reads, by device, how many packets it has received and dropped.
func (e *entered) passed() (map[int]passed, error) {
	messages, err := e.dump(unix.RTM_GETLINK, unix.RTM_NEWLINK, nl.NewIfInfomsg(unix.AF_UNSPEC))
	if err != nil {
		return nil, err
	}
	all := map[int]passed{}
	for _, m := range messages {
		head := nl.DeserializeIfInfomsg(m)
		attrs, err := nl.ParseRouteAttr(m[head.Len():])
		if err != nil {
			return nil, err
		}
		for _, a := range attrs {
			if a.Attr.Type == unix.IFLA_STATS64 {
				all[int(head.Index)] = passed{counter(a.Value, 0), droppedBy(a.Value)}
			}
		}
	}
	return all, nil
}

// droppedBy sums errors of both directions and drops on sending (struct rtnl_link_stats64). Drops on receiving are
// others' frames, or the same packets at the other end.
func droppedBy(counters []byte) (n uint64) {
	const receiveErrors, sendErrors, sendDrops = 4, 5, 7
	for _, field := range []int{receiveErrors, sendErrors, sendDrops} {
		n += counter(counters, field)
	}
	return n
}

// counter is one of struct rtnl_link_stats64; 0 of one that the kernel does not have.
func counter(counters []byte, field int) uint64 {
	if len(counters) < 8*(field+1) {
		return 0
	}
	return binary.NativeEndian.Uint64(counters[8*field:])
}
