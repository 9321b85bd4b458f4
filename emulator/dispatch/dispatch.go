// Package dispatch picks the worker of an invocation when it is made. Each client node has a Dispatcher of its own,
// which knows what the node itself has under way, how long its invocations have taken, and what workers have told in
// their responses. The agents of the FaaS and the transport model use the same one.
package dispatch

import (
	"math"
	"math/rand/v2"
	"time"

	"testbed/emulator/topology"
)

// Choice is a dispatcher with what was chosen for it.
type Choice struct {
	Rule
	HalfLife time.Duration `json:"half_life"` // after so long half of what was measured is forgotten; 0: at once
	Seed     uint64        `json:"seed"`      // of the candidates that are drawn, beside the client's number
}

// Dispatcher is that of one client node. It is not safe for concurrent use. Times are since any common instant and do
// not go back.
type Dispatcher struct {
	choice  Choice
	first   int // where a client begins among workers of which it knows nothing, so that not all begin with the same one
	random  *rand.Rand
	workers map[topology.ID]*worker
	picks   uint64
	drawn   []int
}

// worker is what a client node knows of a worker.
type worker struct {
	own    int     // invocations under way there that are the client's own
	picked uint64  // the number of the pick that was the last; 0: never
	others float64 // invocations of others that were under way there when it responded
	told   time.Duration
	level  float64       // s that an invocation took, exponentially forgotten
	last   time.Duration // when level was right
	known  bool          // level is
}

// New makes the dispatcher of a client node.
func New(c Choice, client topology.ID) *Dispatcher {
	return &Dispatcher{
		choice: c, first: max(0, int(client)), workers: map[topology.ID]*worker{},
		random: rand.New(rand.NewPCG(c.Seed, uint64(client))),
	}
}

// Begin picks one of the candidates, of which there is at least one, for an invocation that begins now: the one of
// least cost and, of several, the one that was picked longest ago.
func (d *Dispatcher) Begin(now time.Duration, candidates []topology.ID) topology.ID {
	var best topology.ID
	var chosen *worker
	least := 0.0
	quickest := d.quickest(candidates)
	for _, i := range d.sample(len(candidates)) {
		id := candidates[i]
		w := d.of(id)
		cost := d.cost(w, now, quickest)
		if chosen == nil || cost < least || cost == least && w.picked < chosen.picked {
			best, chosen, least = id, w, cost
		}
	}
	d.picks++
	chosen.own, chosen.picked = chosen.own+1, d.picks
	return best
}

// End notes that an invocation of a worker has ended, which took so long, and that the worker had so many others under
// way when it responded, of whichever clients.
func (d *Dispatcher) End(now time.Duration, id topology.ID, took time.Duration, underWay int) {
	w := d.workers[id]
	if w == nil || w.own == 0 {
		return
	}
	w.own--
	w.others, w.told = float64(max(0, underWay-w.own)), now
	sample := max(0, took.Seconds())
	if w.known {
		kept := d.kept(now - w.last)
		sample = w.level*kept + sample*(1-kept)
	}
	w.level, w.last, w.known = sample, now, true
}

// Fail notes that an invocation of a worker has ended without a response.
func (d *Dispatcher) Fail(id topology.ID) {
	if w := d.workers[id]; w != nil && w.own > 0 {
		w.own--
	}
}

// UnderWay is how many of the client's own invocations are at a worker.
func (d *Dispatcher) UnderWay(id topology.ID) int {
	if w := d.workers[id]; w != nil {
		return w.own
	}
	return 0
}

func (d *Dispatcher) of(id topology.ID) *worker {
	w := d.workers[id]
	if w == nil {
		w = &worker{}
		d.workers[id] = w
	}
	return w
}

// sample is the indexes of those of n candidates that are compared.
func (d *Dispatcher) sample(n int) []int {
	d.drawn = d.drawn[:0]
	for i := range n {
		d.drawn = append(d.drawn, (d.first+i)%n)
	}
	size := d.choice.Sample
	if size <= 0 || size >= n {
		return d.drawn
	}
	for i := range size { // without replacement
		j := i + d.random.IntN(n-i)
		d.drawn[i], d.drawn[j] = d.drawn[j], d.drawn[i]
	}
	return d.drawn[:size]
}

// cost is what an invocation is expected to cost at a worker, of any unit. What was measured is forgotten in favour of
// the quickest worker's latency, so that one that was slow once is tried again, and one that is unknown is tried.
func (d *Dispatcher) cost(w *worker, now time.Duration, quickest float64) float64 {
	switch d.choice.Cost {
	case Outstanding:
		return float64(w.own) + w.others*d.kept(now-w.told)
	case Latency:
		level := quickest
		if w.known {
			level += (w.level - quickest) * d.kept(now-w.last)
		}
		return level * float64(w.own+1)
	}
	return 0
}

// quickest is the least that invocations of one of the candidates took, in s; 1 where none was measured.
func (d *Dispatcher) quickest(candidates []topology.ID) float64 {
	best := math.Inf(1)
	if d.choice.Cost == Latency {
		for _, id := range candidates {
			if w := d.workers[id]; w != nil && w.known {
				best = min(best, w.level)
			}
		}
	}
	if math.IsInf(best, 1) {
		return 1
	}
	return best
}

// kept is the share of what was measured so long ago that is not forgotten, 0 to 1.
func (d *Dispatcher) kept(age time.Duration) float64 {
	if d.choice.HalfLife <= 0 {
		return 0
	}
	return math.Exp2(-float64(max(0, age)) / float64(d.choice.HalfLife))
}
