package fabrictest

import (
	"context"
	"math"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Run holds a fabric to what every fabric promises. newFabric returns one for the testbed of that name,
// which it closes with the test. Bounds are generous, so that a busy machine passes; benchmarks and the
// verify command tell how good it is.
func Run(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric) {
	testenv.Privileged(t)
	for name, test := range map[string]func(*testing.T, func(*testing.T, string) fabric.Fabric){
		"Reachability":  reachability,
		"RoundTripTime": roundTripTime,
		"Rates":         rates,
		"SharedMedium":  sharedMedium,
		"LongFatLink":   longFatLink,
		"Loss":          loss,
		"Counters":      counters,
		"Change":        change,
		"Restart":       restart,
		"Failure":       failure,
	} {
		t.Run(name, func(t *testing.T) { test(t, newFabric) })
	}
}

func (b *Bench) rtt(from, to string, count int) []time.Duration {
	b.t.Helper()
	times, err := measure.RTT(b.t.Context(), b.Station(from).NetNS, b.Station(to).Addr.Addr(), count, time.Millisecond)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(times) == 0 {
		b.t.Fatalf("%s does not reach %s", from, to)
	}
	return times
}

func (b *Bench) goodput(from, to string, warmup, duration time.Duration) float64 {
	b.t.Helper()
	rate, err := measure.Goodput(b.t.Context(), b.Station(from).NetNS, b.Station(to).NetNS, b.Station(to).Addr.Addr(), warmup, duration, "cubic")
	if err != nil {
		b.t.Fatal(err)
	}
	return rate
}

// within checks a rate against a link's.
func (b *Bench) within(what string, got float64, rate units.BitRate, tolerance float64) {
	b.t.Helper()
	want := float64(rate) * measure.HeaderShare
	b.t.Logf("%s: %.3f Mb/s of %.3f (%+.2f %%)", what, got/1e6, want/1e6, 100*(got/want-1))
	if math.Abs(got/want-1) > tolerance {
		b.t.Errorf("%s: %.3f Mb/s, want %.3f", what, got/1e6, want/1e6)
	}
}

func duplex(rate units.BitRate, delay time.Duration) (there, back topology.Shape) {
	s := topology.Shape{Rate: rate, Delay: delay}
	return s, s
}

func reachability(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	names := []string{"a", "b", "c", "d"}
	b.Hosts(names...)
	b.Switch("s1")
	b.Switch("s2")
	there, back := duplex(100*units.Mbps, 0)
	b.Cable("a", "s1", there, back)
	b.Cable("b", "s1", there, back)
	b.Cable("s1", "s2", there, back)
	b.Medium("air", there, "s2", "c", "d")
	b.Apply(newFabric(t, b.Testbed))
	for _, from := range names {
		for _, to := range names {
			if got := len(b.rtt(from, to, 3)); got != 3 {
				t.Errorf("%s to %s: %d of 3 echoes", from, to, got)
			}
		}
	}
}

func roundTripTime(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	for _, sum := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 60 * time.Millisecond} {
		t.Run(sum.String(), func(t *testing.T) {
			b := NewBench(t)
			b.Hosts("a", "b")
			b.Switch("s")
			// Differing delays: a round trip crosses each cable both ways.
			b.Cable("a", "s", topology.Shape{Delay: sum / 4}, topology.Shape{Delay: 3 * sum / 4})
			b.Cable("s", "b", topology.Shape{Delay: sum / 2}, topology.Shape{Delay: sum / 2})
			b.Apply(newFabric(t, b.Testbed))
			times := b.rtt("a", "b", 40)
			middle, high := measure.Quantile(times, 0.5)-2*sum, measure.Quantile(times, 0.99)-2*sum
			t.Logf("beyond %v: median %v, p99 %v", 2*sum, middle, high)
			if middle < -200*time.Microsecond || middle > 2*time.Millisecond {
				t.Errorf("median round-trip time %v, want %v", middle+2*sum, 2*sum)
			}
		})
	}
}

func rates(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{Rate: 10 * units.Mbps, Delay: 5 * time.Millisecond}, topology.Shape{Rate: 50 * units.Mbps, Delay: 5 * time.Millisecond})
	b.Apply(newFabric(t, b.Testbed))
	b.within("there", b.goodput("a", "b", time.Second, 2*time.Second), 10*units.Mbps, 0.05)
	b.within("back", b.goodput("b", "a", time.Second, 2*time.Second), 50*units.Mbps, 0.05)
}

func sharedMedium(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b", "c", "d")
	b.Medium("air", topology.Shape{Rate: 20 * units.Mbps, Delay: time.Millisecond}, "a", "b", "c", "d")
	b.Apply(newFabric(t, b.Testbed))
	other := make(chan float64, 1)
	go func() {
		rate, err := measure.Goodput(b.t.Context(), b.Station("b").NetNS, b.Station("c").NetNS, b.Station("c").Addr.Addr(), time.Second, 3*time.Second, "cubic")
		if err != nil {
			b.t.Error(err)
		}
		other <- rate
	}()
	one := b.goodput("d", "a", time.Second, 3*time.Second)
	// Together they have the medium, of which acknowledgements take up to 5 %: one of 66 bytes for two
	// frames at most, in the same queue.
	b.within("together", one+<-other, 20*units.Mbps, 0.1)
}

func longFatLink(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	there, back := duplex(300*units.Mbps, 60*time.Millisecond)
	b.Cable("a", "b", there, back)
	b.Apply(newFabric(t, b.Testbed))
	b.within("60 ms one way", b.goodput("a", "b", 3*time.Second, 2*time.Second), 300*units.Mbps, 0.1)
}

func loss(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	const probability, sent = 0.05, 4000
	b.Cable("a", "b", topology.Shape{Loss: probability}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	got, err := Datagrams(t.Context(), b.Station("a").NetNS, b.Station("b").NetNS, b.Station("b").Addr.Addr(), sent, 100)
	if err != nil {
		t.Fatal(err)
	}
	lost, deviation := float64(sent-got), math.Sqrt(sent*probability*(1-probability))
	t.Logf("%v of %d lost", lost, sent)
	if math.Abs(lost-sent*probability) > 5*deviation {
		t.Errorf("%v of %d lost, want %v ± %.0f", lost, sent, sent*probability, deviation)
	}
	if q := queue(t, f, "a-b", 0); q.Lost > 0 && float64(q.Lost) != lost {
		t.Errorf("%d counted as lost", q.Lost)
	}
}

func queue(t *testing.T, f fabric.Fabric, link string, dir int) fabric.QueueStatus {
	t.Helper()
	all, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		if q.Link == link && q.Dir == dir {
			return q
		}
	}
	t.Fatalf("no queue %s %d in %v", link, dir, all)
	return fabric.QueueStatus{}
}

func counters(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	there, back := topology.Shape{Rate: units.Gbps, Delay: time.Millisecond}, topology.Shape{Rate: 2 * units.Gbps}
	b.Cable("a", "b", there, back)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	before := [2]fabric.QueueStatus{queue(t, f, "a-b", 0), queue(t, f, "a-b", 1)}
	const count = 10
	b.rtt("a", "b", count)
	for dir, from := range []string{"a", "b"} {
		q := queue(t, f, "a-b", dir)
		packets, bytes := q.Packets-before[dir].Packets, q.Bytes-before[dir].Bytes
		// An echo of 64 bytes of ICMP is a frame of 98.
		if packets != count || bytes != count*98 {
			t.Errorf("direction %d: %d packets, %d bytes; want %d and %d", dir, packets, bytes, count, count*98)
		}
		want := [2]topology.Shape{there, back}[dir]
		if q.From != from || q.Rate != want.Rate || q.Delay != want.Delay || q.Limit < topology.MinimumQueue {
			t.Errorf("direction %d in force: %+v", dir, q)
		}
	}
}

func change(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	there, back := duplex(20*units.Mbps, 20*time.Millisecond)
	b.Cable("a", "b", there, back)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	running := make(chan int, 1)
	go func() {
		times, err := measure.RTT(t.Context(), b.Station("a").NetNS, b.Station("b").Addr.Addr(), 20, 20*time.Millisecond)
		if err != nil {
			t.Error(err)
		}
		running <- len(times)
	}()
	time.Sleep(200 * time.Millisecond)
	b.Shape("a-b", 0, topology.Shape{Rate: 5 * units.Mbps, Delay: 2 * time.Millisecond})
	b.Shape("a-b", 1, topology.Shape{Delay: 3 * time.Millisecond})
	b.Apply(f)
	if got := <-running; got != 20 {
		t.Errorf("%d of 20 echoes answered across the change", got)
	}
	if m := measure.Quantile(b.rtt("a", "b", 20), 0.5); m < 4800*time.Microsecond || m > 8*time.Millisecond {
		t.Errorf("round-trip time after the change %v, want 5ms", m)
	}
	b.within("after the change", b.goodput("a", "b", time.Second, 2*time.Second), 5*units.Mbps, 0.05)
}

func restart(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for range 2 {
		if err := f.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Inspect(t.Context()); err == nil {
		t.Error("Inspect after Close: no error")
	}
	b.Apply(f)
	b.rtt("a", "b", 3)
}

func failure(t *testing.T, newFabric func(*testing.T, string) fabric.Fabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	good := b.Stations[1].NetNS
	b.Stations[1].NetNS = "/proc/self/ns/no-such"
	if err := f.Apply(t.Context(), b.Network); err == nil {
		t.Fatal("a namespace that does not exist: no error")
	}
	b.Stations[1].NetNS = good
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Apply(ended, b.Network); err == nil {
		t.Error("a context that has ended: no error")
	}
	b.Apply(f)
	b.rtt("a", "b", 3)
}
