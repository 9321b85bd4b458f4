package capacity

import (
	"math"
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// Rate is what a network carries in a second: packets, and the links that they cross.
type Rate struct{ Packets, Crossings float64 }

func (r Rate) times(f float64) Rate { return Rate{r.Packets * f, r.Crossings * f} }

func (r Rate) plus(o Rate) Rate { return Rate{r.Packets + o.Packets, r.Crossings + o.Crossings} }

// larger is the one of more packets.
func (r Rate) larger(o Rate) Rate {
	if o.Packets > r.Packets {
		return o
	}
	return r
}

// Demand is an estimate of what a scenario asks of the host at its busiest.
type Demand struct {
	Nodes  int
	Model  string  // the execution model that asks most of the network
	Open   bool    // chains begin when it is time, whatever became of those before
	Users  int     // closed loops: chains under way at a time
	Chains float64 // open loops: chains/s at the busiest
	Rate   Rate    // packets/s at the busiest
}

// What the estimate takes TCP for, in bytes and packets: the headers of a segment, an acknowledgement for two, and
// what a request and its answer have besides. From the rate of bursts on, hosts send several segments at a time, which
// a fabric carries as one packet: at most 44, but as many as that only once the window is open.
const (
	headers   = 52 // of IPv4 and of TCP with timestamps
	longer    = 20 // IPv6's
	perTwo    = 0.5
	beside    = 2
	bursts    = 200e6 // bit/s, of the slowest link on the way
	burst     = 20
	leastTime = 1.0 // s, of the busiest time of open loops
)

// Of is what a scenario asks, as an estimate, of models whose plans can be made.
func Of(e *resolved.Scenario) (*Demand, error) {
	d := &Demand{Nodes: len(e.Topology.Hosts()), Users: 1}
	ways := &ways{of: e, trees: map[topology.ID]*topology.Tree{}, known: map[way]path{}}
	for _, model := range e.Models {
		plans, err := e.Chains(model)
		if err != nil {
			return nil, err
		}
		chains := make([]chain, len(plans))
		jobs := make([]int, len(plans))
		for i, p := range plans {
			chains[i], jobs[i] = ways.chain(p), p.Index
		}
		var due []float64
		users := e.Arrival.Alive(jobs, func(times []float64) int {
			due = slices.Clone(times)
			return 1
		})
		var rate Rate
		count := 0.0
		if len(due) == len(chains) && len(due) > 0 {
			d.Open = true
			rate, count = openLoop(chains, due)
		} else {
			d.Users = max(users, 1)
			rate = closedLoop(chains, d.Users)
		}
		if d.Model == "" || rate.Packets > d.Rate.Packets {
			d.Model, d.Rate, d.Chains = string(model), rate, count
		}
	}
	return d, nil
}

// closedLoop is the busiest of so many users, each of whom has one chain after the other: one transfer that fills its
// link, or all users' chains as they are on average.
func closedLoop(chains []chain, users int) Rate {
	var busiest, sum Rate
	seconds := 0.0
	for _, c := range chains {
		busiest, sum, seconds = busiest.larger(c.busiest), sum.plus(c.sent), seconds+c.seconds
	}
	if seconds > 0 {
		busiest = busiest.larger(sum.times(float64(users) / seconds))
	}
	return busiest
}

// openLoop is the busiest time of chains that begin at the given times, in s: a second, or as long as a chain takes.
func openLoop(chains []chain, due []float64) (busiest Rate, perSecond float64) {
	order := make([]int, len(due))
	window := 0.0
	for i := range order {
		order[i] = i
		busiest = busiest.larger(chains[i].busiest)
		window += chains[i].seconds / float64(len(due))
	}
	window = max(window, leastTime)
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case due[a] < due[b]:
			return -1
		case due[a] > due[b]:
			return 1
		}
		return a - b
	})
	first := 0
	var sum Rate
	for n, i := range order {
		sum = sum.plus(chains[i].sent)
		for ; due[order[first]] <= due[i]-window; first++ {
			sum = sum.plus(chains[order[first]].sent.times(-1))
		}
		busiest = busiest.larger(sum.times(1 / window))
		perSecond = max(perSecond, float64(n-first+1)/window)
	}
	return busiest, perSecond
}

// chain is what one chain sends: altogether, in a time that it takes alone, and at its busiest in a second.
type chain struct {
	sent    Rate
	seconds float64
	busiest Rate
}

// ways knows the paths between nodes.
type ways struct {
	of    *resolved.Scenario
	trees map[topology.ID]*topology.Tree
	known map[way]path
}

type way struct{ from, to topology.ID }

// path is a way's number of links, delay in s, s for a byte at the slowest of them, and the payload of a segment.
type path struct {
	links          int
	delay, perByte float64
	payload        int64
}

func (w *ways) path(from, to topology.ID) path {
	if p, ok := w.known[way{from, to}]; ok {
		return p
	}
	if w.trees[to] == nil {
		w.trees[to] = w.of.Topology.TreeTo(to)
	}
	hops, delay := w.trees[to].Hops(nil, from)
	p := path{links: len(hops), delay: delay.Seconds()}
	if p.payload = int64(w.of.Topology.PathMTU(from, to, hops) - headers); w.of.Source.IP == 6 {
		p.payload -= longer
	}
	for _, hop := range hops {
		if rate := w.of.Topology.Vertices[hop.Link].Shape[hop.Dir].Rate; rate > 0 {
			p.perByte = max(p.perByte, 8/float64(rate))
		}
	}
	w.known[way{from, to}] = p
	return p
}

// chain adds a plan's transfers up. One that waits for its link and not for its delay fills it.
func (w *ways) chain(p *plan.Plan) (c chain) {
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Kind == plan.Compute {
			c.seconds += s.Takes(w.of.Speed(s.From), max(s.Load, 1))
			continue
		}
		if s.From == s.To {
			continue
		}
		at := w.path(s.From, s.To)
		segments := float64((s.Bytes + at.payload - 1) / at.payload)
		if at.perByte <= 8/bursts {
			segments = math.Ceil(segments / burst)
		}
		packets := segments*(1+perTwo) + beside
		sent := Rate{packets, packets * float64(at.links)}
		filling := at.perByte * float64(s.Bytes)
		c.sent, c.seconds = c.sent.plus(sent), c.seconds+2*at.delay+filling
		if filling > 2*at.delay {
			c.busiest = c.busiest.larger(sent.times(1 / filling))
		}
	}
	return c
}
