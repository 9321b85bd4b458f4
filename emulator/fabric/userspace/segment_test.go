package userspace

import (
	"fmt"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// many is a frame to all stations (group 0) or a group of them.
func many(from int, group byte) []byte {
	f := sealed(frame(from, 0, 1250, 9), 1) // programs' default
	to := []byte{255, 255, 255, 255}
	if group > 0 {
		to = []byte{239, 200, 1, group}
	}
	copy(f[ipAt+16:], to)
	return sealed(f, 1)
}

func (m *model) receivers() string {
	all := ""
	for _, s := range m.sent {
		all += s.to
	}
	return all
}

func TestFramesToManyCrossEachQueueOnce(t *testing.T) {
	there, back := topology.Shape{Rate: 10 * units.Mbps, Delay: time.Millisecond}, topology.Shape{Rate: 100 * units.Mbps}
	m := newModel(t, star(t, 4, topology.Duplex, there, back))
	m.send(0, 1, many(1, 5))
	m.run(100 * ms)
	m.want(m.receivers(), "acd")
	for _, s := range m.sent {
		m.want(s.at, 2*ms+100*us)
		m.want(s.tag, byte(9))
		m.want(s.data[ttlAt], byte(1))
		m.want(fmt.Sprintf("%x", s.data[virtioLen:virtioLen+6]), "01005e480105")
	}
	up, down := uint64(0), uint64(0)
	for i, q := range m.table.queues {
		if m.table.channels[i].Dir == 0 {
			up += q.packets
		} else {
			down += q.packets
		}
	}
	m.want(up, uint64(1))
	m.want(down, uint64(3))
}

func TestFramesToAllOccupyAMediumOnce(t *testing.T) {
	m := newModel(t, star(t, 3, topology.Shared, topology.Shape{Rate: units.Mbps}, topology.Shape{}))
	directed := many(1, 0)
	copy(directed[ipAt+16:], []byte{10, 0, 255, 255})
	for i, f := range [][]byte{many(1, 0), sealed(directed, 64)} {
		m.sent = nil
		m.send(int64(i)*100*ms, 1, f)
		m.run(int64(i)*100*ms + 50*ms)
		m.want(m.receivers(), "ac")
		for _, s := range m.sent {
			m.want(s.at-int64(i)*100*ms, 10*ms)
			m.want(fmt.Sprintf("%x", s.data[virtioLen:virtioLen+6]), "ffffffffffff")
		}
		m.want(m.table.queues[0].packets, uint64(i+1))
	}
	m.want(m.table.ports[1].ignored+m.table.ports[1].unreachable, uint64(0))
}

func TestSegmentEndsAtExchanges(t *testing.T) {
	for kind, want := range map[topology.Kind]string{topology.Switch: "e", topology.Exchange: ""} {
		m := newModel(t, chain(t, 3, kind))
		m.send(0, 0, many(0, 0))
		m.run(100 * ms)
		m.want(m.receivers(), want)
	}
}

func TestPartitionsAndDownHoldForFramesToMany(t *testing.T) {
	n := star(t, 4, topology.Duplex, topology.Shape{}, topology.Shape{})
	m := newModel(t, n)
	hub, _ := n.Topology.Lookup("hub")
	cable, _ := n.Topology.Lookup("cablec")
	n.Partition = [][]topology.ID{{n.Stations[3].ID}}
	n.Down = []topology.ID{cable}
	m.change(n)
	m.send(0, 0, many(0, 1))
	m.run(10 * ms)
	m.want(m.receivers(), "b")
	n.Down = []topology.ID{hub}
	m.change(n)
	m.send(20*ms, 0, many(0, 1))
	m.run(30 * ms)
	m.want(m.receivers(), "b")
}

func TestNothingAllocatedForFramesToMany(t *testing.T) {
	m := newModel(t, star(t, 4, topology.Duplex, topology.Shape{Rate: units.Gbps}, topology.Shape{Rate: units.Gbps}))
	bench := &quiet{newCore(m.table, discard{}), 0}
	data := many(0, 3)
	bench.round(data, 0)
	if n := testing.AllocsPerRun(100, func() { bench.round(data, 0) }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
