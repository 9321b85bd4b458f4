package topology

import (
	"testing"
	"time"
)

// A link's jitter may be as large as its delay and that of the edges around it, on the shortest way through.
func TestJitterAgainstDelay(t *testing.T) {
	const ms = time.Millisecond
	build := func(kind LinkType, own, jitter time.Duration) (*Topology, ID) {
		topo := New("t")
		id := func(v Vertex) ID {
			id, err := topo.Add(v)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		a, b := id(Vertex{Name: "a"}), id(Vertex{Name: "b"})
		l := id(Vertex{Name: "l", Kind: Link, LinkType: kind, Shape: [2]Shape{{Delay: own, Jitter: jitter}, {Delay: own}}})
		topo.Connect(a, l, ms)
		topo.Connect(l, b, 2*ms)
		if kind == Duplex || kind == Shared {
			topo.Connect(b, l, 2*ms)
			topo.Connect(l, a, ms)
		}
		if kind == Shared { // a way in and out, without delay
			up := id(Vertex{Name: "up", Kind: Link, LinkType: Uplink, Shape: [2]Shape{{Delay: time.Second}}})
			down := id(Vertex{Name: "down", Kind: Link, LinkType: Downlink, Shape: [2]Shape{{Delay: time.Second}}})
			topo.Connect(l, up, 0)
			topo.Connect(down, l, 0)
		}
		return topo, l
	}
	for _, c := range []struct {
		kind        LinkType
		own, jitter time.Duration
		delay       time.Duration // said in the error; 0: none
	}{
		{Duplex, 0, 0, 0}, {Duplex, 5 * ms, 5 * ms, 0}, {Duplex, 5 * ms, 8 * ms, 0}, {Duplex, 5 * ms, 9 * ms, 8 * ms},
		{Uplink, 0, 3 * ms, 0}, {Uplink, 0, 4 * ms, 3 * ms}, {Shared, 0, ms, 0}, {Shared, 0, 2 * ms, ms},
	} {
		topo, id := build(c.kind, c.own, c.jitter)
		errs := topo.CheckJitter(nil)
		switch {
		case (len(errs) > 0) != (c.delay > 0):
			t.Errorf("%+v: %v", c, errs)
		case len(errs) == 1 && (errs[0].Delay != c.delay || errs[0].Link != "l" || errs[0].Jitter != c.jitter):
			t.Errorf("%+v: %+v", c, errs[0])
		}
		if other := topo.CheckJitter([]ID{0, id}); len(other) != len(errs) {
			t.Errorf("%+v: %v of the link alone", c, other)
		}
	}
	// The queue of the other direction counts on a duplex link, and is none on others.
	if err := CheckJitter([2]Shape{{}, {Jitter: 1}}, Duplex, 0); err == nil {
		t.Error("the second queue is not looked at")
	}
	if err := CheckJitter([2]Shape{{}, {Jitter: 1}}, Shared, 0); err != nil {
		t.Error(err)
	}
}
