package userspace

import (
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func TestNothingAllocatedInSteadyState(t *testing.T) {
	m := newModel(t, star(t, 4, topology.Duplex, topology.Shape{Rate: units.Gbps}, topology.Shape{Rate: units.Gbps}))
	bench := &quiet{newCore(m.table, discard{}), 0}
	small, slow := frame(0, 1, 1514, 0), tcpBurst(2, 3, 20*1448, 1448)
	round := func() {
		bench.round(small, 0)
		bench.round(slow, 2)
	}
	round()
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

type discard struct{}

func (discard) deliver(*port, int64, []byte) {}

type quiet struct {
	*core
	now int64
}

// round sends one frame and lets it arrive.
func (q *quiet) round(data []byte, from int) {
	buffer := q.pool.buffer(len(data))
	copy(buffer, data)
	if !q.arrive(q.table.ports[from], q.now, buffer) {
		q.pool.release(buffer)
	}
	for at, any := q.next(); any; at, any = q.next() {
		q.now = at
		q.advance(at, 100)
	}
}

func BenchmarkPacket(b *testing.B) {
	for _, c := range []struct {
		name string
		rate units.BitRate
		data []byte
	}{
		{"frame", units.Gbps, frame(0, 1, 1514, 0)},
		{"burst-whole", units.Gbps, tcpBurst(0, 1, 40*1448, 1448)},
		{"burst-cut", 100 * units.Mbps, tcpBurst(0, 1, 40*1448, 1448)},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := star(b, 4, topology.Duplex, topology.Shape{Rate: c.rate}, topology.Shape{Rate: c.rate})
			table, err := newTable(n, nil)
			if err != nil {
				b.Fatal(err)
			}
			q := &quiet{newCore(table, discard{}), 0}
			b.ReportAllocs()
			for b.Loop() {
				q.round(c.data, 0)
			}
		})
	}
}

// BenchmarkBacklog keeps 10,000 packets under way.
func BenchmarkBacklog(b *testing.B) {
	n := star(b, 4, topology.Duplex, topology.Shape{Delay: time.Millisecond}, topology.Shape{})
	table, err := newTable(n, nil)
	if err != nil {
		b.Fatal(err)
	}
	c := newCore(table, discard{})
	data := frame(0, 1, 1514, 0)
	now := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		now += 100
		c.arrive(table.ports[0], now, data)
		c.advance(now, 100)
	}
}
