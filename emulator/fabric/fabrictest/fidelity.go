package fabrictest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Row is one value of a network as configured and as measured.
type Row struct {
	RTT     time.Duration // configured
	Rate    units.BitRate // configured; 0: the row is of the round-trip time
	Median  time.Duration // of the round-trip time
	P99     time.Duration
	Goodput float64 // bit/s that a TCP program receives
}

// Late is by how much the median round-trip time exceeds the one configured.
func (r Row) Late() time.Duration { return r.Median - r.RTT }

// Error is the goodput's, relative to what the rate leaves after headers; negative where it is less.
func (r Row) Error() float64 { return r.Goodput/(float64(r.Rate)*measure.HeaderShare) - 1 }

// String is a line of Table.
func (r Row) String() string {
	if r.Rate == 0 {
		return fmt.Sprintf("RTT %-8v median %+.3f ms, p99 %+.3f ms",
			r.RTT, r.Late().Seconds()*1e3, (r.P99-r.RTT).Seconds()*1e3)
	}
	return fmt.Sprintf("rate %-9v at %v: goodput %.3f Mb/s, %+.2f %%", r.Rate, r.RTT, r.Goodput/1e6, 100*r.Error())
}

// Table prints rows, one a line.
func Table(rows []Row) string {
	var text strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&text, "  %v\n", r)
	}
	return text.String()
}

// Fidelity measures how well a fabric does on this kernel: the round-trip time at 0, 1, 10 and 120 ms, and
// TCP's throughput at 10, 50 and 300 Mb/s over 20 ms. It asserts nothing but that there are values.
func Fidelity(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric) []Row {
	testenv.Privileged(t)
	var rows []Row
	measured := func(name string, shape topology.Shape, take func(b *Bench, r *Row)) {
		t.Run(name, func(t *testing.T) {
			b := NewBench(t)
			b.Hosts("a", "b")
			b.Cable("a", "b", shape, shape)
			b.Apply(newFabric(t, b.Testbed))
			r := Row{RTT: 2 * shape.Delay, Rate: shape.Rate}
			take(b, &r)
			rows = append(rows, r)
		})
	}
	for _, rtt := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 120 * time.Millisecond} {
		measured("RTT-"+rtt.String(), topology.Shape{Delay: rtt / 2}, func(b *Bench, r *Row) {
			b.rtt("a", "b", 5)
			times := b.rtt("a", "b", 60)
			r.Median, r.P99 = quantile.Above(times, 0.5), quantile.Above(times, 0.99)
		})
	}
	for _, rate := range []units.BitRate{10 * units.Mbps, 50 * units.Mbps, 300 * units.Mbps} {
		measured("Rate-"+rate.String(), topology.Shape{Rate: rate, Delay: 10 * time.Millisecond}, func(b *Bench, r *Row) {
			r.Goodput = b.goodput("a", "b", 2*time.Second, 3*time.Second)
		})
	}
	t.Logf("%s:\n%s", t.Name(), Table(rows))
	return rows
}
