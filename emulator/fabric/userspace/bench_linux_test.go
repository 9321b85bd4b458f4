package userspace

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	vnetns "github.com/vishvananda/netns"

	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func pair(b *testing.B, shape topology.Shape) (*fabrictest.Bench, *Fabric) {
	testenv.Privileged(b)
	n := fabrictest.NewBench(b)
	n.Hosts("a", "b")
	n.Cable("a", "b", shape, shape)
	f := newFabric(b, n.Testbed)
	n.Apply(f)
	return n, f
}

// BenchmarkRTT reports by how much 200 echoes exceed the delay configured.
func BenchmarkRTT(b *testing.B) {
	for _, delay := range []time.Duration{0, 500 * time.Microsecond, 5 * time.Millisecond, 60 * time.Millisecond} {
		b.Run((2 * delay).String(), func(b *testing.B) {
			n, f := pair(b, topology.Shape{Delay: delay})
			var all []time.Duration
			for b.Loop() {
				times, err := measure.RTT(b.Context(), n.Station("a").NetNS, n.Station("b").Addr.Addr(), 200, 5*time.Millisecond)
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, times...)
			}
			slices.Sort(all)
			a, _ := f.inspect(b.Context(), true)
			b.Logf("calibration %v", a.Stats.Calibration)
			b.ReportMetric(float64(quantile.Above(all, 0.5)-2*delay)/1e3, "median-µs")
			b.ReportMetric(float64(quantile.Above(all, 0.99)-2*delay)/1e3, "p99-µs")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkGoodput reports TCP's throughput beside what the rate leaves after headers.
func BenchmarkGoodput(b *testing.B) {
	for _, c := range []topology.Shape{
		{Rate: units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 10 * units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 50 * units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 300 * units.Mbps, Delay: 10 * time.Millisecond},
		{Rate: 300 * units.Mbps, Delay: 60 * time.Millisecond},
		{Rate: units.Gbps, Delay: 10 * time.Millisecond},
	} {
		b.Run(fmt.Sprintf("%v/%v", c.Rate, c.Delay), func(b *testing.B) {
			n, _ := pair(b, c)
			var got float64
			for b.Loop() {
				got = goodput(b, n.Station("a").NetNS, n.Station("b").NetNS, n.Station("b").Addr.Addr(), 2*time.Second)
			}
			b.ReportMetric(got/1e6, "Mb/s")
			b.ReportMetric(100*(got/(float64(c.Rate)*measure.HeaderShare)-1), "error-%")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func goodput(b *testing.B, from, to netns.Ref, addr netip.Addr, warmup time.Duration) float64 {
	got, err := measure.Goodput(b.Context(), from, to, addr, warmup, 3*time.Second, "cubic")
	if err != nil {
		b.Fatal(err)
	}
	return got
}

// BenchmarkAgainstVeth compares one pair over 10 Gb/s links, and over links without a rate, with a plain
// veth pair, in turns. A veth pair has no rate, so the ratio to the lesser of it and the line is told too.
func BenchmarkAgainstVeth(b *testing.B) {
	for _, shape := range []topology.Shape{{Rate: 10 * units.Gbps}, {Rate: 10 * units.Gbps, Queue: 4 * units.MiB}, {}} {
		b.Run(fmt.Sprintf("%v-queue-%v", shape.Rate, shape.Queue), func(b *testing.B) {
			n, _ := pair(b, shape)
			one, other, addr := veth(b)
			var tap, plain []float64
			for b.Loop() {
				for range 3 {
					plain = append(plain, goodput(b, one, other, addr, time.Second))
					tap = append(tap, goodput(b, n.Station("a").NetNS, n.Station("b").NetNS, n.Station("b").Addr.Addr(), time.Second))
				}
			}
			best := median(plain)
			if line := float64(shape.Rate) * measure.HeaderShare; line > 0 {
				best = min(best, line)
			}
			b.ReportMetric(median(plain)/1e9, "veth-Gb/s")
			b.ReportMetric(median(tap)/1e9, "fabric-Gb/s")
			b.ReportMetric(median(tap)/median(plain), "of-veth")
			b.ReportMetric(median(tap)/best, "of-possible")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(v []float64) float64 {
	return quantile.Above(slices.Sorted(slices.Values(v)), 0.5)
}

// veth makes a plain pair between two namespaces of its own.
func veth(b *testing.B) (one, other netns.Ref, addr netip.Addr) {
	var spaces [2]*netns.Held
	for i := range spaces {
		space, err := netns.Hold()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = space.Close() })
		spaces[i] = space
	}
	peer, err := vnetns.GetFromPath(spaces[1].Ref().Path)
	if err != nil {
		b.Fatal(err)
	}
	defer peer.Close()
	up := func(name, cidr string) error {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, a); err != nil {
			return err
		}
		return netlink.LinkSetUp(link)
	}
	err = netns.Do(spaces[0].Ref(), func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "tb-v0"
		pair := &netlink.Veth{LinkAttrs: attrs, PeerName: "tb-v1", PeerNamespace: netlink.NsFd(peer)}
		if err := netlink.LinkAdd(pair); err != nil {
			return err
		}
		return up("tb-v0", "10.78.0.1/24")
	})
	if err == nil {
		err = netns.Do(spaces[1].Ref(), func() error { return up("tb-v1", "10.78.0.2/24") })
	}
	if err != nil {
		b.Fatal(err)
	}
	return spaces[0].Ref(), spaces[1].Ref(), netip.MustParseAddr("10.78.0.2")
}

// BenchmarkStations reports how long the fabric takes to come up and go down.
func BenchmarkStations(b *testing.B) {
	for _, count := range []int{81, 500, 1000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			testenv.Privileged(b)
			n := wheel(b, count, topology.Shape{Rate: units.Gbps})
			f := newFabric(b, n.Testbed)
			var up, down time.Duration
			for b.Loop() {
				n.Queues = map[topology.Channel]units.ByteSize{}
				begin := time.Now()
				if err := f.Apply(b.Context(), n.Network); err != nil {
					b.Fatal(err)
				}
				up = time.Since(begin)
				last := n.Station(fmt.Sprintf("h%d", count-1)).Addr.Addr()
				if rtt, err := measure.RTT(b.Context(), n.Station("h0").NetNS, last, 3, 0); err != nil || len(rtt) != 3 {
					b.Fatalf("%d of 3 echoes, %v", len(rtt), err)
				}
				begin = time.Now()
				if err := f.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
				down = time.Since(begin)
			}
			b.ReportMetric(up.Seconds()*1e3, "up-ms")
			b.ReportMetric(down.Seconds()*1e3, "down-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkChange reports how long a change of one link takes on a network that is up, and a look at it.
func BenchmarkChange(b *testing.B) {
	for _, count := range []int{81, 1000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			testenv.Privileged(b)
			n := wheel(b, count, topology.Shape{Rate: units.Gbps})
			f := newFabric(b, n.Testbed)
			n.Apply(f)
			var change, look time.Duration
			for i := 0; b.Loop(); i++ {
				n.Shape("h7-hub", 0, topology.Shape{Rate: units.BitRate(i+1) * units.Mbps})
				change += n.Apply(f)
				begin := time.Now()
				if _, err := f.Inspect(b.Context()); err != nil {
					b.Fatal(err)
				}
				look += time.Since(begin)
			}
			b.ReportMetric(change.Seconds()*1e3/float64(b.N), "change-ms")
			b.ReportMetric(look.Seconds()*1e3/float64(b.N), "inspect-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
