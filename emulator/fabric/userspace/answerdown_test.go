package userspace

import (
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// chainDown is a chain of three switches, b to d, between a and e, of which something is down.
func chainDown(t testing.TB, kind topology.Kind, down ...string) fabric.Network {
	t.Helper()
	n := chain(t, 3, kind)
	for _, name := range down {
		id, ok := n.Topology.Lookup(name)
		if !ok {
			t.Fatal("no vertex " + name)
		}
		n.Down = append(n.Down, id)
	}
	return n
}

func TestTheRouterInFrontOfWhatIsDownSaysSo(t *testing.T) {
	for _, c := range []struct {
		down, router string
		after        int64 // ms until the message arrives; 0: nobody tells
	}{
		{"b-", "", 0}, {"b", "", 0}, // no router is in front of them
		{"c-", "b", 2}, {"c", "b", 3}, {"d-", "c", 4}, {"e-", "d", 6}, {"e", "d", 7},
	} {
		m := newModel(t, chainDown(t, topology.Switch, c.down))
		four, six := sealed(frame(0, 1, 100, 0), 64), frame6(0, 1, 100, 64, 0)
		for _, f := range [][]byte{four, six} {
			m.sent = nil
			begin := m.now
			m.send(begin, 0, f)
			m.run(begin + 100*ms)
			if c.after == 0 {
				m.want(len(m.sent), 0)
				continue
			}
			if m.want(m.receivers(), "a"); len(m.sent) != 1 {
				continue
			}
			m.want(m.sent[0].at-begin, c.after*ms)
			if isIPv6(f) {
				m.wantMessage6(m.sent[0], c.router, unreachable6, addressUnknown, f)
			} else {
				m.wantMessage(m.sent[0], c.router, unreachable3, hostUnknown, f)
			}
		}
		m.want(m.drops.Down, uint64(2))
	}
}

func TestWhatIsDownIsNotToldOf(t *testing.T) {
	fault := sealed(frame(0, 1, 100, 0), 64)
	fault[ipAt+9], fault[ipAt+20] = protocolICMP, unreachable3
	foreign := sealed(frame(0, 1, 100, 0), 64)
	copy(foreign[ipAt+12:], []byte{192, 168, 0, 1}) // from nobody's address
	many := sealed(frame(0, 1, 100, 0), 1)
	copy(many[virtioLen:], everybody)
	copy(many[ipAt+16:], []byte{255, 255, 255, 255})
	m := newModel(t, chainDown(t, topology.Switch, "d-"))
	for _, f := range [][]byte{fault, foreign, many} {
		m.send(m.now, 0, f)
		m.run(m.now + 100*ms)
	}
	m.want(len(m.sent), 0)
	m.want(m.drops.Down, uint64(3))

	// Within a segment of hardware addresses switches are no routers; between two, exchanges are.
	for kind, want := range map[topology.Kind]int{topology.Switch: 0, topology.Exchange: 1} {
		m := newModel(t, withARP(chainDown(t, kind, "d-")))
		f := sealed(frame(0, 1, 100, 0), 64)
		copy(f[virtioLen:], m.table.ports[1].mac[:])
		m.send(0, 0, f)
		m.run(100 * ms)
		m.want(len(m.sent), want)
		m.want(m.drops.Down, uint64(1))
	}

	// The way back may be down as well.
	m = newModel(t, chainDown(t, topology.Switch, "d-"))
	m.send(0, 0, sealed(frame(0, 1, 100, 0), 64))
	m.run(2 * ms)
	m.change(chainDown(t, topology.Switch, "b-", "d-"))
	m.run(100 * ms)
	m.want(len(m.sent), 0)
}

// One that floods what is down gets as many messages as routers send, and burst by burst one.
func TestFloodsOfWhatIsDown(t *testing.T) {
	m := newModel(t, chainDown(t, topology.Switch, "d-"))
	m.send(0, 0, tcpBurst(0, 1, 8*1448, 1448))
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	m.want(m.drops.Down, uint64(8))
	m.sent = nil
	f := sealed(frame(0, 1, 100, 0), 64)
	for range 5000 {
		m.send(m.now, 0, f)
	}
	m.run(m.now + 1000*ms)
	if n := len(m.sent); n < 50 || n > 200 {
		t.Errorf("%d messages", n)
	}
}
