package run

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
)

// buckets is the number of times at which series have a value, at most.
const buckets = 400

// Series is a quantity over the run: value i holds from i to i+1 times Width after the run's start. NaN is
// where there was no sample.
type Series []float64

// Queue is how much one queue of a link was used.
type Queue struct {
	Link  string
	Class string
	Dir   int
	Use   Series // share of the rate, mean of each bucket; of a queue without a rate 0
	Peak  float64
	Bytes int64 // sent on since the run's start
	mean  float64
}

// Load is the use of links.
type Load struct {
	Width    time.Duration      // of a bucket
	Interval time.Duration      // of the samples
	Queues   []*Queue           // the most used first
	Wire     map[string][]At    // by model: bytes on all links together, where models ran one after the other
	Peaks    map[string]float64 // by link: the highest use of its queues in any sample
}

// At is a number of bytes sent until an instant, since the model's first chain.
type At struct {
	Time  time.Time
	Bytes float64
}

// HostLoad is the load of the machine.
type HostLoad struct {
	Width      time.Duration
	Interval   time.Duration // of the samples
	Busy       Series
	Steal      Series
	Load1      Series
	Memory     Series // bytes used
	MemoryAll  int64
	Processors int
	MeanBusy   float64
	MeanSteal  float64
	MaxSteal   float64
	Samples    int
}

// readLoad streams the samples of links and of the host.
func (r *Run) readLoad() error {
	path := filepath.Join(r.Dir, record.SamplesFile)
	links, in := newLinks(r), r.window()
	err := record.ReadLinks(path, func(l record.Link) error {
		if !in.holds(l.Time, l.Interval) {
			return nil
		}
		return links.add(&l)
	})
	if errors.Is(err, fs.ErrNotExist) {
		r.miss("There is no %s: nothing is known of the links' use and the host's load.", record.SamplesFile)
		return nil
	}
	cut := errors.Is(err, record.ErrTruncated)
	if err != nil && !cut {
		return err
	}
	r.Load = links.finish()
	host := &hosts{clock: clock{start: in.from}}
	err = record.ReadHost(path, func(h record.Host) error {
		// Of several machines the mean of all: the controller's host carries nothing then.
		if in.holds(h.Time, h.Interval) && (h.Machine != "") == r.several() {
			host.add(&h)
		}
		return nil
	})
	if err != nil && !errors.Is(err, record.ErrTruncated) {
		return err
	}
	r.Host = host.finish()
	if cut {
		r.miss("The last line of %s is cut off, as a crash leaves it, and is left out.", record.SamplesFile)
	}
	if len(r.Load.Queues) == 0 {
		r.miss("No samples of the links' use: the run is of a version that did not take them, or was too short.")
	}
	if r.Host.Samples == 0 {
		r.miss("No samples of the host's load: the run is of a version that did not take them, or was too short.")
	}
	return nil
}

// several says whether the run was on several machines.
func (r *Run) several() bool {
	return r.Manifest.Validity != nil && len(r.Manifest.Validity.Machines) > 0
}

// window is the time in which chains ran: what the links carry before and after it, such as the probes of
// verify, says nothing of the workload. Its start is time zero of all series. Where no chain has come to
// its end it is all of the run.
func (r *Run) window() span {
	w := span{from: r.Manifest.Start}
	for i := range r.Chains {
		c := &r.Chains[i]
		if !c.OK {
			continue
		}
		if w.to.IsZero() || c.Start.Before(w.from) {
			w.from = c.Start
		}
		if c.End.After(w.to) {
			w.to = c.End
		}
	}
	return w
}

// holds says whether the middle of a sample's interval is within the span.
func (s span) holds(t time.Time, interval float64) bool {
	middle := t.Add(-time.Duration(interval / 2 * float64(time.Second)))
	return !middle.Before(s.from) && (s.to.IsZero() || !middle.After(s.to))
}

type queueKey struct {
	link string
	dir  int
}

// links collects the samples of links.
type links struct {
	clock
	grids    map[queueKey]*grid
	queues   map[queueKey]*Queue
	peaks    map[string]float64
	spans    []span
	wire     map[string][]At
	interval time.Duration
}

func newLinks(r *Run) *links {
	return &links{clock: clock{start: r.window().from}, grids: map[queueKey]*grid{}, queues: map[queueKey]*Queue{},
		peaks: map[string]float64{}, spans: r.spans(), wire: map[string][]At{}}
}

// add takes in a sample. What is kept of each queue is much more than a sample, so there is a limit to them.
func (l *links) add(sample *record.Link) error {
	k := queueKey{sample.Link, sample.Dir}
	q := l.queues[k]
	if q == nil {
		if len(l.queues) == record.MaxQueues || sample.Dir < 0 || sample.Dir > 1 {
			return fmt.Errorf("link %.100q, direction %d: a link has two, and at most %d queues are read: %w",
				sample.Link, sample.Dir, record.MaxQueues, readfile.ErrLimit)
		}
		// What was sent before the first sample here is of no chain; the sample's own interval is.
		before := sample.Bytes - int64(sample.BitRate*sample.Interval/8+0.5)
		q = &Queue{Link: sample.Link, Class: sample.Class, Dir: sample.Dir, Bytes: max(0, before)}
		l.queues[k], l.grids[k] = q, &grid{}
	}
	l.interval = max(l.interval, time.Duration(sample.Interval*float64(time.Second)))
	// A sample holds for the interval that ends with it.
	middle := sample.Time.Add(-time.Duration(sample.Interval / 2 * float64(time.Second)))
	at := l.bucket(middle, func() {
		for _, g := range l.grids {
			g.halve()
		}
	})
	l.grids[k].add(at, sample.Utilisation)
	q.Peak = max(q.Peak, sample.Utilisation)
	l.peaks[sample.Link] = max(l.peaks[sample.Link], sample.Utilisation)
	l.charge(sample.Time, middle, float64(sample.Bytes-q.Bytes))
	q.Bytes = sample.Bytes
	return nil
}

// mostRounds bounds what is kept of a model's bytes over time: the rest counts at the last round.
const mostRounds = 1_000_000

// charge adds bytes to the model that ran at the time.
func (l *links) charge(t, middle time.Time, bytes float64) {
	for _, s := range l.spans {
		if middle.Before(s.from) || middle.After(s.to) {
			continue
		}
		list := l.wire[s.model]
		if n := len(list); n > 0 && (n == mostRounds ||
			t.Sub(list[n-1].Time) < 20*time.Millisecond) { // the same round of samples
			list[n-1].Bytes += bytes
			return
		}
		sum := 0.0
		if n := len(list); n > 0 {
			sum = list[n-1].Bytes
		}
		l.wire[s.model] = append(list, At{t, sum + bytes})
		return
	}
}

func (l *links) finish() Load {
	load := Load{Width: l.width, Interval: l.interval, Wire: l.wire, Peaks: l.peaks}
	for model, list := range l.wire {
		if len(list) < leastRounds {
			delete(l.wire, model) // at its begin and end a round is of two models
		}
	}
	for k, q := range l.queues {
		q.Use = l.grids[k].series()
		for _, v := range q.Use {
			if v > 0 {
				q.mean += v
			}
		}
		load.Queues = append(load.Queues, q)
	}
	slices.SortFunc(load.Queues, func(a, b *Queue) int {
		return cmp.Or(cmp.Compare(b.mean, a.mean), cmp.Compare(a.Link, b.Link), cmp.Compare(a.Dir, b.Dir))
	})
	return load
}

// span is the time in which a model's chains ran.
type span struct {
	model    string
	from, to time.Time
}

// leastRounds is the number of samples from which on the bytes on the links are put down to a model.
const leastRounds = 10

// Unattributed are the models of which it is not known what they sent.
func (r *Run) Unattributed() []string {
	var missing []string
	for _, m := range r.Models {
		if len(r.Load.Wire[m]) == 0 {
			missing = append(missing, m)
		}
	}
	return missing
}

// spans are those of the models; none where they overlap, so that traffic cannot be told apart.
func (r *Run) spans() []span {
	var all []span
	for _, m := range r.Models {
		s := span{model: m}
		for i := range r.Chains {
			if c := &r.Chains[i]; c.Model == m {
				if s.from.IsZero() || c.Start.Before(s.from) {
					s.from = c.Start
				}
				if c.End.After(s.to) {
					s.to = c.End
				}
			}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	for i := 1; i < len(all); i++ {
		if all[i].from.Before(all[i-1].to) {
			return nil
		}
	}
	return all
}
