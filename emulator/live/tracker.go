package live

import (
	"slices"
	"sync"
	"time"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/record"
)

const (
	window    = 10 * time.Second // over which the rate is taken
	remembers = 4096             // latencies of each model, the last ones
	fewest    = 5                // errors and events that are kept
)

// Tracker follows a run. It is a record.Sink, so that it sees every chain. Its methods may be called from
// several goroutines.
type Tracker struct {
	mu     sync.Mutex
	now    func() time.Time
	status Status
	models map[string]*model
	done   []time.Time // ends of chains within the window
	links  func() []Link
	counts record.Counts
}

type model struct {
	Model
	latencies []float64 // a ring once it is full
	next      int
}

// NewTracker follows the run that first describes. links, which may be nil, tells the links used most.
func NewTracker(first Status, links func() []Link) *Tracker {
	t := &Tracker{now: time.Now, status: first, models: map[string]*model{}, links: links}
	t.status.Began = t.now()
	return t
}

// Plan tells how many chains of a model there will be. Models are shown in the order of these calls.
func (t *Tracker) Plan(name string, chains int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.models[name] = &model{Model: Model{Model: name, Planned: chains}}
	t.status.Models = append(t.status.Models, Model{Model: name})
	t.status.Total += chains
}

// Phase tells what the run is at.
func (t *Tracker) Phase(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status.Phase = text
}

// Event tells of something that happened, in words.
func (t *Tracker) Event(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status.Events = last(append(t.status.Events, text))
}

// End tells that the run has ended.
func (t *Tracker) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status.Ended, t.status.Phase = true, "ended"
}

// Write implements record.Sink.
func (t *Tracker) Write(chain record.Chain, _ []record.Step) error {
	if chain.Superseded {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.Written++
	m := t.models[chain.Model]
	if m == nil {
		m = &model{Model: Model{Model: chain.Model}}
		t.models[chain.Model] = m
		t.status.Models = append(t.status.Models, Model{Model: chain.Model})
	}
	m.Done++
	m.Starts += chain.Starts
	t.status.Done++
	t.done = append(t.done, t.now())
	if chain.OK() {
		m.add(chain.Measured.Latency)
		return nil
	}
	m.Failed++
	t.status.Failed++
	t.status.Errors = last(append(t.status.Errors, chain.Model+" "+chain.Job+": "+chain.Error))
	return nil
}

// Flush implements record.Sink.
func (t *Tracker) Flush() error { return nil }

// Close implements record.Sink.
func (t *Tracker) Close() error { return nil }

// Counts implements record.Sink.
func (t *Tracker) Counts() record.Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}

// Status is how the run stands now.
func (t *Tracker) Status() Status {
	var links []Link
	if t.links != nil {
		links = t.links()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s := t.status
	s.Updated, s.Links, s.Rate = now, links, t.rate(now)
	s.Errors, s.Events = slices.Clone(s.Errors), slices.Clone(s.Events)
	s.Models = make([]Model, len(t.status.Models))
	for i, m := range t.status.Models {
		s.Models[i] = t.models[m.Model].summary()
	}
	return s
}

// rate is the number of chains that ended within the window, by its length or, at the start, the time so far.
func (t *Tracker) rate(now time.Time) float64 {
	old, _ := slices.BinarySearchFunc(t.done, now.Add(-window), time.Time.Compare)
	t.done = slices.Delete(t.done, 0, old)
	if len(t.done) < 2 {
		return 0
	}
	return float64(len(t.done)-1) / max(now.Sub(t.done[0]).Seconds(), 1e-3)
}

func (m *model) add(latency float64) {
	if len(m.latencies) < remembers {
		m.latencies = append(m.latencies, latency)
		return
	}
	m.latencies[m.next] = latency
	m.next = (m.next + 1) % remembers
}

func (m *model) summary() Model {
	s := m.Model
	if len(m.latencies) > 0 {
		sorted := slices.Sorted(slices.Values(m.latencies))
		s.Median, s.P95 = quantile.Above(sorted, 0.5), quantile.Above(sorted, 0.95)
	}
	return s
}

func last(list []string) []string { return list[max(0, len(list)-fewest):] }
