package userspace

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// ethernet is a frame of a type and a payload from one station of a model to a hardware address.
func (m *model) ethernet(from int, dest []byte, typ uint16, payload []byte) []byte {
	b := make([]byte, ipAt+max(len(payload), 46))
	copy(b[virtioLen:], dest)
	copy(b[virtioLen+6:], m.table.ports[from].mac[:])
	binary.BigEndian.PutUint16(b[virtioLen+12:], typ)
	copy(b[ipAt:], payload)
	return b
}

var everybody = []byte{255, 255, 255, 255, 255, 255}

// ask is an ARP request of a station.
func (m *model) ask(from int, target netip.Addr) []byte {
	p := m.table.ports[from]
	own := m.table.network.Stations[from].Addr.Addr().As4()
	a := []byte{0, 1, 8, 0, 6, 4, 0, arpRequest}
	a = append(append(append(append(a, p.mac[:]...), own[:]...), 0, 0, 0, 0, 0, 0), target.AsSlice()...)
	return m.ethernet(from, everybody, etherARP, a)
}

func withARP(n fabric.Network) fabric.Network {
	n.ARP = true
	return n
}

func TestFramesGoByHardwareAddress(t *testing.T) {
	m := newModel(t, withARP(chain(t, 3, topology.Switch)))
	a, e := m.table.ports[0], m.table.ports[1]
	foreign := sealed(frame(0, 9, 100, 7), 1) // for an address that no station has, by way of e
	copy(foreign[virtioLen:], e.mac[:])
	six := frame6(0, 9, 100, 1, 7)
	copy(six[virtioLen:], e.mac[:])
	lldp := m.ethernet(0, e.mac[:], 0x88cc, []byte("any"))
	for _, f := range [][]byte{foreign, six, lldp} {
		m.sent = nil
		begin, was := m.now, slices.Clone(f)
		m.send(begin, 0, f)
		m.run(begin + 100*ms)
		m.want(len(m.sent), 1)
		m.want(m.sent[0].to, "e")
		m.want(m.sent[0].at-begin, 4*ms)
		if !slices.Equal(m.sent[0].data, was) { // switches change nothing
			t.Errorf("% x came, % x was sent", m.sent[0].data[virtioLen:], was[virtioLen:])
		}
	}
	for _, dest := range [][]byte{everybody, {2, 1, 2, 3, 4, 5}, {0x33, 0x33, 0, 0, 0, 1}} { // what a switch does not know
		m.sent = nil
		m.send(m.now, 0, m.ethernet(0, dest, 0x88cc, []byte("any")))
		m.run(m.now + 100*ms)
		m.want(m.receivers(), "e")
	}
	m.sent = nil
	m.send(m.now, 0, m.ask(0, netip.MustParseAddr("10.0.0.1"))) // the station itself answers
	m.run(m.now + 100*ms)
	m.want(m.receivers(), "e")
	m.want(a.unreachable+a.ignored, uint64(0))
	m.send(m.now, 0, m.ethernet(0, a.mac[:], 0x88cc, nil))
	m.want(a.ignored, uint64(1))
}

func TestExchangesAnswerForOtherSegments(t *testing.T) {
	m := newModel(t, withARP(chain(t, 1, topology.Exchange)))
	a, c := m.table.ports[0], m.table.ports[1]
	m.send(0, 0, m.ask(0, netip.MustParseAddr("10.0.0.1")))
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	got := m.sent[0]
	m.want(got.to, "a")
	m.want(got.at, 2*ms) // to the exchange and back
	m.want([6]byte(got.data[virtioLen:]), a.mac)
	arp := got.data[ipAt:]
	m.want(binary.BigEndian.Uint16(arp[6:]), uint16(arpReply))
	m.want([6]byte(arp[8:]), c.mac)
	m.want([4]byte(arp[14:]), [4]byte{10, 0, 0, 1})
	m.want([6]byte(arp[18:]), a.mac)
	m.want([4]byte(arp[24:]), [4]byte{10, 0, 0, 0})

	solicit := frame6(0, 1, etherLen+header6+32, 255, 0)
	copy(solicit[virtioLen:], []byte{0x33, 0x33, 0xff, 0, 0, 1})
	copy(solicit[virtioLen+6:], a.mac[:])
	solicit[ipAt+6] = protocolICMP6
	icmp := solicit[ipAt+header6:]
	icmp[0] = solicitation6
	copy(icmp[8:], solicit[dest6At:dest6At+16])
	copy(solicit[dest6At:], netip.MustParseAddr("ff02::1:ff00:1").AsSlice())
	m.sent = nil
	begin := m.now
	m.send(begin, 0, solicit)
	m.run(begin + 100*ms)
	m.want(len(m.sent), 1)
	m.want(m.sent[0].at-begin, 2*ms)
	ip := m.sent[0].data[ipAt:]
	icmp = ip[header6:]
	m.want(icmp[0], byte(advertisement6))
	m.want([6]byte(icmp[26:]), c.mac)
	m.want([16]byte(ip[8:]), [16]byte(icmp[8:]))
	m.want(fold(uint32(fold(sum(ip[8:40])+uint32(len(icmp))+protocolICMP6))+uint32(fold(sum(icmp)))), uint16(0xffff))

	f := sealed(frame(0, 1, 100, 7), 64) // and what is sent there is routed
	copy(f[virtioLen:], c.mac[:])
	m.sent = nil
	m.send(m.now, 0, f)
	m.run(m.now + 100*ms)
	m.want(m.receivers(), "c")
	m.want(m.sent[0].data[ttlAt], byte(63))
	m.sent = nil
	m.send(m.now, 0, m.ask(0, netip.MustParseAddr("10.0.0.9"))) // nobody's: no exchange forwards the question
	m.run(m.now + 100*ms)
	m.want(len(m.sent), 0)
}

func TestPartitionsPartFramesToo(t *testing.T) {
	n := withARP(star(t, 3, topology.Duplex, topology.Shape{Delay: time.Millisecond}, topology.Shape{}))
	n.Partition = [][]topology.ID{{0}}
	m := newModel(t, n)
	m.send(0, 0, m.ethernet(0, m.table.ports[1].mac[:], 0x88cc, nil))
	m.send(0, 0, m.ask(0, netip.MustParseAddr("10.0.0.1")))
	m.run(100 * ms)
	m.want(len(m.sent), 0)
}
