package transport

import (
	"testing"
	"time"

	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// withMTU lets a link of a line have an MTU.
func withMTU(t *testing.T, net *topology.Topology, link string, mtu int) {
	t.Helper()
	id, known := net.Lookup(link)
	if !known {
		t.Fatal("no " + link)
	}
	for d := range net.Vertices[id].Shape {
		net.Vertices[id].Shape[d].MTU = mtu
	}
}

// TestSegmentsFillTheLeastMTU: of an IP packet 52 bytes are headers, with IPv6 72, and of its frame 14 more; what is
// more than one of them holds takes another, and a long message the share of the rate that they leave.
func TestSegmentsFillTheLeastMTU(t *testing.T) {
	for _, c := range []struct {
		name    string
		mtu     int // of the second of three links; 0: none is given
		six     bool
		segment int64
	}{
		{"Ethernet", 0, false, 1448}, {"Ethernet, IPv6", 0, true, 1428}, {"a tunnel", 1400, false, 1348},
		{"the least", 1280, false, 1228}, {"the least, IPv6", 1280, true, 1208},
	} {
		t.Run(c.name, func(t *testing.T) {
			fast := both(100*units.Mbps, time.Millisecond)
			net, a, b := line(t, fast, both(50*units.Mbps, 5*time.Millisecond), fast)
			if c.mtu > 0 {
				withMTU(t, net, "link1", c.mtu)
			}
			o := OptionsOf(predict.Setting{Topology: net, IPv6: c.six, ReceiveWindow: 16 * units.MiB})
			o.Header, o.InitialWindow, o.Queues = 0, 2000, map[topology.Channel]units.ByteSize{}
			took := func(from, to topology.ID, bytes int64) float64 {
				e, err := New(net, speed, o)
				if err != nil {
					t.Fatal(err)
				}
				return oneWay(t, newReplay(e), from, to, bytes)
			}
			headers := map[bool]int64{false: 66, true: 86}[c.six]
			frame := float64(c.segment + headers)
			for _, ends := range [][2]topology.ID{{a, b}, {b, a}} {
				all := frame * 8 * (2/100e6 + 1/50e6)
				near(t, "a full segment", took(ends[0], ends[1], c.segment), all+0.007, tick)
				// The second frame, a short one, catches up with the first at the last link.
				more := float64(headers+1) * 8 / 100e6
				near(t, "a byte more", took(ends[0], ends[1], c.segment+1), all+more+0.007, tick)
				near(t, "a thousand", took(ends[0], ends[1], 1000*c.segment), all+999*frame*8/50e6+0.007, 1000*tick)
			}
		})
	}
}

// TestAHostTakesNoLargerSegmentsThanAnyOfItsLinks: it says so when a connection is opened, whichever link that goes by.
func TestAHostTakesNoLargerSegmentsThanAnyOfItsLinks(t *testing.T) {
	net, a, b := line(t, both(50*units.Mbps, 5*time.Millisecond))
	aside, err := net.Add(topology.Vertex{Name: "aside"})
	if err != nil {
		t.Fatal(err)
	}
	tunnel, err := net.Add(topology.Vertex{Name: "tunnel", Kind: topology.Link})
	if err != nil {
		t.Fatal(err)
	}
	net.Join(tunnel, b, 0)
	net.Join(tunnel, aside, 0)
	withMTU(t, net, "tunnel", 1280)
	e, err := New(net, speed, bare())
	if err != nil {
		t.Fatal(err)
	}
	near(t, "to the host", oneWay(t, newReplay(e), a, b, 1229), (1294+67)*8/50e6+0.005, tick)
	near(t, "from the host", oneWay(t, newReplay(e), b, a, 1229), (1294+67)*8/50e6+0.005, tick)
}

// TestTheReceiversWindowIsInBytes: smaller segments, more of them.
func TestTheReceiversWindowIsInBytes(t *testing.T) {
	net, a, b := line(t, both(0, 10*time.Millisecond))
	withMTU(t, net, "link0", 1280)
	o := bare()
	o.ReceiveWindow, o.InitialWindow, o.QuickAcks = 12_280, 100, 1000
	e, err := New(net, speed, o)
	if err != nil {
		t.Fatal(err)
	}
	// Ten segments a round trip.
	near(t, "ten segments", oneWay(t, newReplay(e), a, b, 12_280), 0.010, tick)
	near(t, "a byte more", oneWay(t, newReplay(e), a, b, 12_281), 0.030, tick)
}
