// Package sampler samples what goes on beside the chains while a run is under way: the counters of every
// link's queues, and the load of the host. It hands the samples to a sink and keeps the latest for a live
// view. It works on a goroutine of its own and keeps out of the replay's way: where asking takes longer
// than the interval, samples are left out.
package sampler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/record"
	"testbed/emulator/topology"
)

// Inspector tells what a network's queues have done. Every fabric.Fabric is one.
type Inspector interface {
	Inspect(ctx context.Context) (fabric.Status, error)
}

// Defaults.
const (
	DefaultInterval = time.Second
	shortest        = 10 * time.Millisecond // of intervals
)

// Config says what to sample and where samples go.
type Config struct {
	Fabric   Inspector
	Topology *topology.Topology // for the links' classes; may be nil
	Tags     record.Tags        // Run, Testbed, Scenario, Fabric, Runtime and Factors are taken from it
	Sink     record.Observer    // may be nil
	Interval time.Duration      // 0: DefaultInterval

	// Hosts are other machines whose load is sampled beside this one's, by name; nil: there are none. Each is asked for
	// what its kernel prints. Machine is the name of the one that carries a queue; nil: they are all on one.
	Hosts   map[string]func(context.Context) (Texts, error)
	Machine func(link string, dir int) string
}

// Texts are /proc/stat, /proc/loadavg and /proc/meminfo of a machine.
type Texts struct{ Stat, Loadavg, Meminfo string }

// Snapshot is the latest sample.
type Snapshot struct {
	Time   time.Time
	Links  []record.Link // by use, the highest first; of equal use, by name
	Host   *record.Host  // nil: not known
	Missed int           // intervals so far of which there is no sample, or none that could be recorded
	Err    error         // of the latest attempt to ask or to record; nil: it succeeded
}

// Sampler samples until Stop.
type Sampler struct {
	config  Config
	classes map[string]string
	stop    context.CancelFunc
	done    chan struct{}

	previous map[queue]counters // of the goroutine only
	at       time.Time          // of previous
	host     *meter
	meters   map[string]*meter // of other machines
	health   *health.Health    // nil: not known

	mu     sync.Mutex
	latest Snapshot
}

// queue names one queue of a link.
type queue struct {
	link string
	dir  int
}

// counters are a queue's: as the fabric told them last, and what has come together since the start.
type counters struct {
	bytes, packets, dropped, lost uint64
	sum                           [4]int64
}

// Start begins to sample. Counters count from its first sample on, which is made at once.
func Start(c Config) *Sampler {
	if c.Interval <= 0 {
		c.Interval = DefaultInterval
	}
	c.Interval = max(c.Interval, shortest)
	s := &Sampler{config: c, classes: map[string]string{}, done: make(chan struct{}), host: newMeter()}
	if c.Topology != nil {
		for _, id := range c.Topology.Links() {
			s.classes[c.Topology.Vertices[id].Name] = c.Topology.Vertices[id].Class
		}
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	go s.run(ctx)
	return s
}

// Stop makes a last sample, for which it waits no longer than an interval, and ends the sampler. It may be
// repeated.
func (s *Sampler) Stop() {
	s.stop()
	<-s.done
}

// Latest is the latest sample. Its slices are the caller's own.
func (s *Sampler) Latest() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	latest := s.latest
	latest.Links = slices.Clone(latest.Links)
	return latest
}

func (s *Sampler) run(ctx context.Context) {
	defer close(s.done)
	s.sample(ctx)
	ticker := time.NewTicker(s.config.Interval) // which drops ticks that nobody takes
	defer ticker.Stop()
	due := time.Now().Add(s.config.Interval)
	for {
		select {
		case <-ctx.Done():
			s.skipped(time.Since(due)) // while the fabric kept one waiting
			if time.Since(s.at) >= shortest {
				last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Interval)
				defer cancel()
				s.sample(last)
			}
			return
		case now := <-ticker.C:
			s.skipped(now.Sub(due))
			due = now.Add(s.config.Interval)
			s.sample(ctx)
		}
	}
}

// skipped counts the intervals that have passed whole since the time at which a sample was due.
func (s *Sampler) skipped(late time.Duration) {
	if missed := int(late / s.config.Interval); missed > 0 {
		s.mu.Lock()
		s.latest.Missed += missed
		s.mu.Unlock()
	}
}

// sample makes one sample. What it cannot ask it leaves as it was.
func (s *Sampler) sample(ctx context.Context) {
	queues, err := fabric.Counters(ctx, s.config.Fabric)
	if ctx.Err() != nil {
		return
	}
	now := time.Now()
	if err != nil {
		s.missed(fmt.Errorf("asking the fabric for its counters: %w", err))
		return
	}
	first := s.previous == nil
	elapsed := now.Sub(s.at).Seconds()
	links := s.links(queues, now, elapsed)
	host, others := s.host.sample(s.config.Tags, now, elapsed), s.others(ctx, now, elapsed)
	if late := s.late(ctx); host != nil {
		host.Late = late
	}
	s.at = now
	if first {
		return // there is nothing to compare with
	}
	if s.config.Sink != nil {
		err = s.config.Sink.Observe(links, host)
		for _, h := range others {
			err = errors.Join(err, s.config.Sink.Observe(nil, h))
		}
	}
	slices.SortStableFunc(links, func(a, b record.Link) int {
		return cmp.Or(
			cmp.Compare(b.Utilisation, a.Utilisation),
			cmp.Compare(b.BitRate, a.BitRate),
			cmp.Compare(a.Link, b.Link),
			cmp.Compare(a.Dir, b.Dir),
		)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = Snapshot{Time: now, Links: links, Host: host, Missed: s.latest.Missed, Err: err}
	if err != nil {
		s.latest.Missed++
	}
}

func (s *Sampler) missed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest.Missed++
	s.latest.Err = errors.Join(err)
}

// links turns queues into samples, and remembers their counters.
func (s *Sampler) links(queues []fabric.QueueStatus, now time.Time, elapsed float64) []record.Link {
	next := make(map[queue]counters, len(queues))
	maps.Copy(next, s.previous) // a queue that is away for a while keeps its sums
	links := make([]record.Link, 0, len(queues))
	for i := range queues {
		q := &queues[i]
		key := queue{q.Link, q.Dir}
		old, known := s.previous[key]
		new := counters{bytes: q.Bytes, packets: q.Packets, dropped: q.Dropped, lost: q.Lost, sum: old.sum}
		if !known && s.previous == nil {
			old = new // what was before the start does not count
		}
		sent := since(old.bytes, new.bytes)
		new.sum[0] += sent
		new.sum[1] += since(old.packets, new.packets)
		new.sum[2] += since(old.dropped, new.dropped)
		new.sum[3] += since(old.lost, new.lost)
		next[key] = new
		if s.previous != nil {
			links = append(links, s.link(q, new, float64(sent)*8/elapsed, now, elapsed))
		}
	}
	s.previous = next
	return links
}

// since is how much a counter has grown; one that has become smaller has begun at 0 again.
func since(old, new uint64) int64 {
	if new < old {
		return int64(new)
	}
	return int64(new - old)
}

func (s *Sampler) link(q *fabric.QueueStatus, c counters, bitRate float64, now time.Time, elapsed float64) record.Link {
	t := s.config.Tags
	l := record.Link{
		Run: t.Run, Testbed: t.Testbed, Scenario: t.Scenario, Fabric: t.Fabric, Runtime: t.Runtime, Factors: t.Factors,
		Machine: s.machine(q), Link: q.Link, Class: s.classes[q.Link], Dir: q.Dir, Time: now, Interval: elapsed,
		Bytes: c.sum[0], Packets: c.sum[1], Dropped: c.sum[2], Lost: c.sum[3], BitRate: bitRate, Rate: q.Rate,
	}
	if q.Rate > 0 {
		// A fabric may count a packet when it joins the queue, so that a burst counts before it has left.
		l.Utilisation = min(1, bitRate/float64(q.Rate))
	}
	return l
}

// machine is the one that carries a queue; empty: there is only one.
func (s *Sampler) machine(q *fabric.QueueStatus) string {
	if s.config.Machine == nil {
		return ""
	}
	return s.config.Machine(q.Link, q.Dir)
}
