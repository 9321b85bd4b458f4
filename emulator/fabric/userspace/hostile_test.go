package userspace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// allKinds are networks of two stations at least in which frames meet all that the core does with them.
func allKinds(t testing.TB) []fabric.Network {
	shared := func(s topology.Shape) fabric.Network { return star(t, 2, topology.Shared, s, topology.Shape{}) }
	kinds := []fabric.Network{
		shared(topology.Shape{Queue: 2000}),
		shared(topology.Shape{Rate: units.Mbps, Queue: 2000}),
		shared(topology.Shape{Rate: units.Gbps, Queue: 2000}),
		shared(topology.Shape{Corrupt: 1, Duplicate: 0.5, Reorder: 0.5, Loss: 0.1, Delay: 1000}),
		chain(t, 0, topology.Switch), // no router
		chain(t, 3, topology.Exchange),
		narrowed(t), starRouted(t), chainDown(t, topology.Switch, "d-"), chainDown(t, topology.Exchange, "d"),
	}
	for _, n := range slices.Clone(kinds) {
		kinds = append(kinds, withARP(n))
	}
	return kinds
}

// survives lets a station of each kind of network send a frame, and holds that nothing of it stays under way.
func survives(t *testing.T, kinds []fabric.Network, data []byte) {
	t.Helper()
	for i, n := range kinds {
		m := newModel(t, n)
		m.send(0, 0, slices.Clone(data[:min(len(data), largeBuffer)]))
		m.run(1 << 60)
		if _, any := m.next(); any {
			t.Errorf("network %d: something is still under way", i)
		}
	}
}

// hostile are frames that no stack would send.
func hostile() [][]byte {
	short := frame(0, 1, 1514, 0)
	var all [][]byte
	for words := range byte(16) { // of the header, as it says
		f := slices.Clone(short)
		f[ipAt] = 0x40 | words
		all = append(all, f)
	}
	return append(all,
		sealed(frame(0, 1, 100, 0), 0), frame6(0, 1, 100, 0, 0), // no hop is left
		frame(0, 1, 100, 0)[:ipAt], // nothing but Ethernet's header
		frame(0, 1, 100, 0)[:virtioLen], []byte{}, make([]byte, 1500),
		frame6(0, 1, 1514, 64, 0)[:ipAt+40],
	)
}

// TestNoFrameEndsTheFabric: whatever a station sends, in whatever network, the others go on.
func TestNoFrameEndsTheFabric(t *testing.T) {
	kinds := allKinds(t)
	for _, f := range hostile() {
		survives(t, kinds, f)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	seeds := [][]byte{frame(0, 1, 1514, 0), tcpBurst(0, 1, 3000, 1448), frame6(0, 1, 1514, 3, 0),
		tcpBurst6(0, 1, 3000, 1428), many(0, 1)}
	for range 300 {
		f := slices.Clone(seeds[rng.IntN(len(seeds))])
		for range 1 + rng.IntN(4) {
			f[rng.IntN(min(len(f), ipAt+60))] = byte(rng.Uint32())
		}
		survives(t, kinds, f[:rng.IntN(len(f)+1)])
		survives(t, kinds, f)
	}
}

func FuzzArrive(f *testing.F) {
	for _, seed := range append(hostile(), frame(0, 1, 100, 0), tcpBurst(0, 1, 3000, 1448), many(0, 1), many(0, 0),
		sealed(frame(0, 1, 100, 0), 1), sealed(frame(0, 9, 100, 0), 64), tcpBurst6(0, 1, 3000, 1428)) {
		f.Add(seed)
	}
	kinds := allKinds(f)
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, kinds, data) })
}
