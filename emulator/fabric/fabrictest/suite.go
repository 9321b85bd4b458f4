package fabrictest

import (
	"errors"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// NewFabric returns a fabric for the testbed of that name, which it closes with the test. It may be called
// more than once for a name, as by different processes, which share the testbed's directory.
type NewFabric = func(t *testing.T, testbed string) fabric.Fabric

// Run holds a fabric to what every fabric promises. Bounds are generous, so that a slow or busy machine
// passes, or need be met once in many tries; Fidelity, `make fidelity` and the verify command tell how good it is.
func Run(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric) {
	each(t, newFabric, append(behaviour(), measured()...))
}

// Behaviour is Run without what takes its time to measure delays and rates: for a fabric that leaves them to another,
// which is held to them.
func Behaviour(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric) {
	each(t, newFabric, behaviour())
}

func each(t *testing.T, newFabric NewFabric, promises []promise) {
	testenv.Privileged(t)
	for _, c := range promises {
		t.Run(c.name, func(t *testing.T) { c.test(t, newFabric) })
	}
}

// promise is one thing that every fabric promises.
type promise struct {
	name string
	test func(*testing.T, NewFabric)
}

func behaviour() []promise {
	return []promise{
		{"Reachability", reachability},
		{"RoundTripTime", roundTripTime},
		{"Counters", counters},
		{"Change", change},
		{"Reshape", reshape},
		{"Down", down},
		{"UnderWay", underWay},
		{"Partition", partition},
		{"Restart", restart},
		{"Stranger", stranger},
		{"TearDown", tearDown},
		{"SideBySide", sideBySide},
		{"Failure", failure},
		{"HalfWay", halfWay},
		{"HandMade", handMade},
		{"Absent", absent},
		{"ComeAndGo", comeAndGo},
		{"OtherValue", otherValue},
	}
}

func measured() []promise {
	return []promise{
		{"AsymmetricRoutes", asymmetricRoutes},
		{"SeveralInterfaces", severalInterfaces},
		{"Jitter", jitter},
		{"Rates", rates},
		{"SharedMedium", sharedMedium},
		{"LongFatLink", longFatLink},
		{"QueueLimit", queueLimit},
		{"Loss", loss},
		{"Reorder", reorder},
		{"Duplicate", duplicate},
		{"Corrupt", corrupt},
		{"ChangeUnderLoad", func(t *testing.T, f NewFabric) { LiveChange(t, f, false) }},
	}
}

// rtt are the times of some of count echoes, in order.
func (b *Bench) rtt(from, to string, count int) []time.Duration {
	b.t.Helper()
	return b.echoes(from, to, count, 1)
}

// Answer checks that each of count echoes is answered.
func (b *Bench) Answer(from, to string, count int) { b.t.Helper(); b.echoes(from, to, count, count) }

// echoes are the times of count echoes, in order, of which so many are answered: at once, or at another try, for an
// answer that a host kept waiting counts as lost.
func (b *Bench) echoes(from, to string, count, least int) (times []time.Duration) {
	b.t.Helper()
	for range echoTries {
		var err error
		times, err = measure.RTT(b.t.Context(), b.Station(from).NetNS, b.Station(to).Addr.Addr(), count, time.Millisecond)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(times) >= least {
			slices.Sort(times)
			return times
		}
		b.t.Logf("%s to %s: %d of %d echoes, want %d", from, to, len(times), count, least)
	}
	b.t.Fatalf("%s reaches %s with %d of %d echoes, want %d", from, to, len(times), count, least)
	return nil
}

// Goodput is a rate in bit/s. What ends a measurement on a host that stood still is met by another one.
func (b *Bench) Goodput(from, to string, warmup, duration time.Duration) (rate float64) {
	b.t.Helper()
	var err error
	for range rateTries {
		if rate, err = b.tryGoodput(from, to, warmup, duration); err == nil {
			return rate
		}
		b.t.Log(err)
	}
	b.t.Fatal(err)
	return rate
}

func (b *Bench) tryGoodput(from, to string, warmup, duration time.Duration) (float64, error) {
	return measure.Goodput(b.t.Context(), b.Station(from).NetNS, b.Station(to).NetNS,
		b.Station(to).Addr.Addr(), warmup, duration, "cubic")
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

// stream sends one from the host a to the host b, and fails where it cannot be sent.
func (b *Bench) stream(s Stream) []Arrival {
	b.t.Helper()
	all, err := s.Send(b.t.Context(), b.Station("a").NetNS, b.Station("b").NetNS, b.Station("b").Addr.Addr())
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// wantPass checks whether datagrams get through: all of some, or none.
func (b *Bench) wantPass(from, to string, pass bool) {
	b.t.Helper()
	const count = 10
	want := 0
	datagrams := Stream{Count: count, Interval: time.Millisecond, Quiet: 200 * time.Millisecond}
	if pass {
		want, datagrams.Want = count, count
	}
	all, err := datagrams.Send(b.t.Context(), b.Station(from).NetNS, b.Station(to).NetNS, b.Station(to).Addr.Addr())
	if errors.Is(err, syscall.EADDRNOTAVAIL) && !pass {
		return // the station's interface is gone with its address
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if got := len(all); got != want {
		b.t.Errorf("%s to %s: %d of %d datagrams arrive, want %d", from, to, got, count, want)
	}
}

// binomial checks a number of events in trials of a probability: five standard deviations are allowed.
func (b *Bench) binomial(what string, got, trials int, probability float64) {
	b.t.Helper()
	mean := float64(trials) * probability
	deviation := math.Sqrt(mean * (1 - probability))
	b.t.Logf("%s: %d of %d, expected %.0f ± %.1f", what, got, trials, mean, deviation)
	if math.Abs(float64(got)-mean) > 5*deviation {
		b.t.Errorf("%s: %d of %d, want %.0f ± %.1f", what, got, trials, mean, deviation)
	}
}

func (b *Bench) queue(f fabric.Fabric, link string, dir int) fabric.QueueStatus {
	b.t.Helper()
	all, err := f.Inspect(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, q := range all.Queues {
		if q.Link == link && q.Dir == dir {
			return q
		}
	}
	b.t.Fatalf("no queue %s %d in %v", link, dir, all)
	return fabric.QueueStatus{}
}

func duplex(rate units.BitRate, delay time.Duration) (there, back topology.Shape) {
	s := topology.Shape{Rate: rate, Delay: delay}
	return s, s
}
