package sampler

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/topology"
)

// fake is a network whose second queue carries as much as its rate allows, and the first half of that.
type fake struct {
	mu    sync.Mutex
	begin time.Time
	delay time.Duration
	err   error
	asked int
	base  uint64
}

const rate = 8_000_000 // bit/s: a byte each microsecond

func (f *fake) Inspect(ctx context.Context) (fabric.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.delay > 0 {
		select {
		case <-time.After(f.delay):
		case <-ctx.Done():
			return fabric.Status{}, ctx.Err()
		}
	}
	n := f.base + uint64(time.Since(f.begin).Microseconds())
	return fabric.Status{Queues: []fabric.QueueStatus{
		{Link: "half", Rate: rate, Bytes: n / 2, Packets: n / 200},
		{Link: "full", Dir: 1, Rate: rate, Bytes: n, Packets: n / 100, Dropped: n / 1000, Lost: n / 2000},
		{Link: "open", Bytes: 10},
	}}, f.err
}

func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// sink keeps what it gets.
type sink struct {
	mu    sync.Mutex
	links []record.Link
	hosts int
}

func (s *sink) Observe(links []record.Link, host *record.Host) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links = append(s.links, links...)
	if host != nil {
		s.hosts++
	}
	return nil
}

func (s *sink) of(link string) []record.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []record.Link
	for _, l := range s.links {
		if l.Link == link {
			all = append(all, l)
		}
	}
	return all
}

func TestSampler(t *testing.T) {
	graph := topology.New("t")
	if _, err := graph.Add(topology.Vertex{Name: "full", Kind: topology.Link, Class: "wlan"}); err != nil {
		t.Fatal(err)
	}
	network, got := &fake{begin: time.Now(), base: 1 << 40}, &sink{}
	s := Start(Config{
		Fabric:   network,
		Topology: graph,
		Tags:     record.Tags{Run: "r", Fabric: "f"},
		Sink:     got,
		Interval: 50 * time.Millisecond,
	})
	testenv.Eventually(t, "five samples", func() bool { return len(got.of("full")) >= 5 })
	latest := s.Latest()
	s.Stop()
	s.Stop()
	if len(latest.Links) != 3 || latest.Links[0].Link != "full" || latest.Links[1].Link != "half" || latest.Err != nil {
		t.Fatalf("%+v", latest)
	}
	samples := got.of("full")
	var bytes int64
	for i, l := range samples {
		if l.Run != "r" || l.Class != "wlan" || l.Dir != 1 || l.Bytes <= bytes || l.Bytes > 1<<30 {
			t.Fatalf("sample %d: %+v after %d bytes", i, l, bytes)
		}
		if wanted := float64(l.Bytes-bytes) * 8; math.Abs(l.BitRate*l.Interval-wanted) > 1 {
			t.Errorf("sample %d: %g bit, not %g", i, l.BitRate*l.Interval, wanted)
		}
		if l.Utilisation < 0 || l.Utilisation > 1 || math.Abs(l.Utilisation-min(1, l.BitRate/rate)) > 1e-9 {
			t.Errorf("sample %d: use %g at %g bit/s", i, l.Utilisation, l.BitRate)
		}
		bytes = l.Bytes
	}
	for _, l := range got.of("open") {
		if l.Utilisation != 0 || l.Bytes != 0 {
			t.Errorf("a queue that carries nothing: %+v", l)
		}
	}
}

// A network that is slow to answer, or fails, costs samples and nothing else; Stop does not wait for it.
func TestSlowNetwork(t *testing.T) {
	network, got := &fake{begin: time.Now()}, &sink{}
	s := Start(Config{Fabric: network, Sink: got, Interval: 10 * time.Millisecond})
	testenv.Eventually(t, "a sample", func() bool { return len(got.of("full")) > 0 })
	network.set(func(f *fake) { f.err = errors.New("gone") })
	testenv.Eventually(t, "the failure shows", func() bool {
		l := s.Latest()
		return l.Err != nil && l.Missed > 0 && len(l.Links) == 3
	})
	network.set(func(f *fake) { f.err, f.delay = nil, 60*time.Millisecond })
	missed := s.Latest().Missed
	testenv.Eventually(t, "ticks are left out", func() bool { return s.Latest().Missed > missed+3 })
	network.set(func(f *fake) { f.delay = time.Hour })
	begin := time.Now()
	s.Stop()
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("stopping took %v", took)
	}
}

// A counter that begins again, as that of a queue made anew does, never makes a sum smaller.
func TestCountersBeginAgain(t *testing.T) {
	s := &Sampler{}
	at := func(n uint64) int64 {
		all := s.links([]fabric.QueueStatus{{Link: "a", Bytes: n}}, time.Now(), 1)
		if len(all) == 0 {
			return -1
		}
		return all[0].Bytes
	}
	for i, want := range []struct {
		counter uint64
		sum     int64
	}{{100, -1}, {150, 50}, {30, 80}, {31, 81}} {
		if got := at(want.counter); got != want.sum {
			t.Errorf("%d: %d, want %d", i, got, want.sum)
		}
	}
	s.links(nil, time.Now(), 1)
	if got := at(41); got != 91 {
		t.Errorf("after an absence: %d", got)
	}
}
