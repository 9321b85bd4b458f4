package fabrictest

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func roundTripTime(t *testing.T, newFabric NewFabric) {
	for _, sum := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 60 * time.Millisecond} {
		t.Run(sum.String(), func(t *testing.T) {
			b := NewBench(t)
			b.Hosts("a", "b")
			b.Switch("s")
			// Differing delays: a round trip crosses each cable both ways.
			b.Cable("a", "s", topology.Shape{Delay: sum / 4}, topology.Shape{Delay: 3 * sum / 4})
			b.Cable("s", "b", topology.Shape{Delay: sum / 2}, topology.Shape{Delay: sum / 2})
			b.Apply(newFabric(t, b.Testbed))
			b.exactRTT("a", "b", 20, 2*sum)
		})
	}
}

// jitter: of packets far apart each has its own delay, within the bounds and all over them.
func jitter(t *testing.T, newFabric NewFabric) {
	const delay, most = 12 * time.Millisecond, 8 * time.Millisecond
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{Delay: delay, Jitter: most}, topology.Shape{})
	b.Apply(newFabric(t, b.Testbed))
	testenv.Repeat(t, rateTries, func() error { return b.spreads(delay, most) })
}

// spreads measures once whether each packet has its own delay. A host that stood still is in one measurement.
func (b *Bench) spreads(delay, most time.Duration) error {
	b.t.Helper()
	times := b.rtt("a", "b", 150)
	var sum, squares float64
	for _, at := range times {
		sum += at.Seconds()
		squares += at.Seconds() * at.Seconds()
	}
	n := float64(len(times))
	mean := time.Duration(sum / n * 1e9)
	deviation := time.Duration(math.Sqrt(squares/n-sum/n*sum/n) * 1e9)
	low, high := quantile.Above(times, 0), quantile.Above(times, 0.95)
	b.t.Logf("least %v, mean %v, 95 %% below %v, deviation %v", low, mean, high, deviation)
	// Uniform: the deviation is most/√3 = 4.6 ms, and that of the mean 0.4 ms. What is late adds to all of them.
	late := lateness(b.t)
	if low < delay-most-200*time.Microsecond {
		b.t.Fatalf("least %v, want no less than %v: nothing that runs makes a packet early", low, delay-most)
	}
	if high > delay+most+late {
		return fmt.Errorf("from %v to %v, want within %v ± %v", low, high, delay, most)
	}
	widest := time.Duration(math.Hypot(float64(most)*3/4, float64(late)/2))
	if mean < delay-1500*time.Microsecond || mean > delay+time.Millisecond+late ||
		deviation < most*4/10 || deviation > widest {
		return fmt.Errorf("mean %v, deviation %v; want %v and %v", mean, deviation, delay,
			time.Duration(float64(most)/math.Sqrt(3)))
	}
	return nil
}

func rates(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	there, back := carried(10*units.Mbps), carried(50*units.Mbps)
	b.Cable("a", "b", topology.Shape{Rate: there, Delay: 5 * time.Millisecond},
		topology.Shape{Rate: back, Delay: 5 * time.Millisecond})
	b.Apply(newFabric(t, b.Testbed))
	b.exactRate("a", "b", time.Second, 2*time.Second, there)
	b.exactRate("b", "a", time.Second, 2*time.Second, back)
}

func sharedMedium(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b", "c", "d")
	const tolerance = 0.1
	rate := carried(20 * units.Mbps)
	b.Medium("air", topology.Shape{Rate: rate, Delay: time.Millisecond}, "a", "b", "c", "d")
	b.Apply(newFabric(t, b.Testbed))
	// Together they have the medium, of which acknowledgements take up to 5 %: one of 66 bytes for two
	// frames at most, in the same queue.
	best := 0.0
	for try := 1; try <= rateTries && best < float64(rate)*measure.HeaderShare*(1-tolerance); try++ {
		var rates [2]float64
		var errs [2]error
		var both sync.WaitGroup
		for i, way := range [][2]string{{"b", "c"}, {"d", "a"}} {
			both.Go(func() { rates[i], errs[i] = b.tryGoodput(way[0], way[1], time.Second, 3*time.Second) })
		}
		both.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Log(err)
			continue
		}
		best = max(best, rates[0]+rates[1])
	}
	b.within("together", best, rate, tolerance)
}

func longFatLink(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	f := newFabric(t, b.Testbed)
	rate := 300 * units.Mbps
	switch {
	case f.Name() == "netem" && !emulated():
		rate = 100 * units.Mbps // every packet goes alone
	case emulated():
		rate = 20 * units.Mbps // a processor that is emulated, on a host with other work, carries no more of them
	}
	there, back := duplex(rate, 60*time.Millisecond)
	b.Cable("a", "b", there, back)
	b.Apply(f)
	b.carries("60 ms one way", "a", "b", 4*time.Second, rate, 0.1)
}

// queueLimit: of a burst about as many packets arrive as the queue may hold. A fabric may count those
// under way or being sent as waiting too, or not.
func queueLimit(t *testing.T, newFabric NewFabric) {
	const packets, sent = 40, 400
	b := NewBench(t)
	b.Hosts("a", "b")
	narrow := topology.Shape{Rate: 2 * units.Mbps, Delay: time.Millisecond, Queue: packets * 1514}
	b.Cable("a", "b", narrow, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.rtt("a", "b", 2)
	begin := time.Now()
	before := b.queue(f, "a-b", 0)
	var took time.Duration // of sending: what left meanwhile made room
	got := len(b.stream(Stream{Count: sent, Size: 1472, Sent: func() { took = time.Since(begin) }}))
	after := b.queue(f, "a-b", 0)
	extra := int(took.Seconds()*2e6/8/1514) + 4
	t.Logf("%d of %d arrive at %v for %d", got, sent, after.Limit, packets)
	if got < packets*9/10 || got > packets+packets/4+extra {
		t.Errorf("%d packets arrive; the queue holds %d, and up to %d left meanwhile", got, packets, extra)
	}
	if after.Limit != packets*1514 {
		t.Errorf("limit %v in force, want %v", after.Limit, units.ByteSize(packets*1514))
	}
	if counted := after.Dropped + after.Lost - before.Dropped - before.Lost; counted != uint64(sent-got) {
		t.Errorf("%d counted as dropped or lost, of %d", counted, sent-got)
	}
}
