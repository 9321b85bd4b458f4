package replay

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/record"
	"testbed/emulator/topology"
)

// reporter keeps the spells that somebody tells of: the fabric, or a node's agent.
type reporter struct {
	ask func(ctx context.Context, since uint64) (health.Report, error)

	mu     sync.Mutex
	begun  bool
	next   uint64
	known  int64 // all spells that ended before this instant are known
	spells []health.Spell

	asked time.Time // at this moment, or later, the reporter's clock showed told
	told  int64
}

// mostAsked bounds how often a reporter is asked for more, for whom there is always more.
const mostAsked = 64

// until makes sure that all spells before an instant are known, and forgets those that ended before another.
func (r *reporter) until(ctx context.Context, instant, forget int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spells = slices.DeleteFunc(r.spells, func(s health.Spell) bool { return s.To < forget })
	for range mostAsked {
		if r.begun && r.known >= instant {
			return nil
		}
		report, err := r.ask(ctx, r.next)
		if err != nil {
			return err
		}
		r.take(report)
	}
	return errors.New("it tells of times of its lateness without end")
}

// take keeps a report. The caller holds mu.
func (r *reporter) take(report health.Report) {
	if r.begun && report.Since > r.next { // forgotten: what lies between may have been late altogether
		to := report.Now
		if len(report.Spells) > 0 {
			to = report.Spells[0].To
		}
		r.spells = append(r.spells, health.Spell{From: r.known, To: to, Why: health.Forgotten})
	}
	r.spells = append(r.spells, report.Spells...)
	if more := len(report.Spells) > 0 && !report.Last; !more {
		r.known = report.Now
	}
	r.begun, r.next = true, report.Next
}

// during copies the spells of an interval that are about one of the stations named, or about all.
func (r *reporter) during(from, to int64, stations map[string]bool) []health.Spell {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []health.Spell
	for _, s := range r.spells {
		if s.To > from && s.From < to && (s.Station == "" || stations[s.Station]) {
			all = append(all, s)
		}
	}
	return all
}

// lateness knows how much of a chain's time the host may have added.
type lateness struct {
	fabric *reporter // nil: it does not tell
	agent  func(topology.ID) Agent
	name   func(topology.ID) (name, class string)
	keep   time.Duration        // for how long spells may be of interest
	wrong  func() time.Duration // as Config.ClockError

	mu    sync.Mutex
	nodes map[topology.ID]*reporter
}

func newLateness(c *Config, agent func(topology.ID) Agent) *lateness {
	l := &lateness{agent: agent, name: c.Name, keep: c.Timeout + time.Minute, nodes: map[topology.ID]*reporter{},
		wrong: c.ClockError}
	if c.Spells != nil {
		l.fabric = &reporter{ask: c.Spells}
	}
	return l
}

func (l *lateness) node(id topology.ID) *reporter {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.nodes[id]
	if r == nil {
		agent := l.agent(id)
		r = &reporter{ask: func(ctx context.Context, since uint64) (health.Report, error) {
			return agent.Spells(ctx, since, 0)
		}}
		l.nodes[id] = r
	}
	return r
}

// watch begins (1) or ends (-1) to watch over a chain's nodes. Errors are the chain's own, which will say them better.
func (l *lateness) watch(ctx context.Context, nodes []topology.ID, change int) {
	var all sync.WaitGroup
	for _, id := range nodes {
		all.Go(func() {
			r := l.node(id)
			r.mu.Lock()
			defer r.mu.Unlock()
			asked := time.Now()
			if report, err := l.agent(id).Spells(ctx, r.next, change); err == nil {
				r.take(report)
				r.asked, r.told = asked, report.Now
			}
		})
	}
	if change > 0 && l.fabric != nil {
		_ = l.fabric.until(ctx, 0, 0)
	}
	all.Wait()
}

// instant is when a node that is watched had an instant of its clock, or some time before that; zero: it is not known.
func (l *lateness) instant(id topology.ID, t int64) time.Time {
	r := l.node(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked.IsZero() {
		return time.Time{}
	}
	return r.asked.Add(time.Duration(t - r.told))
}

// of is by how much the host may have made a chain longer that went on between two instants: the time, none of it
// counted twice, in which the fabric did nothing, or something was overdue to one of the chain's nodes, or one of them
// was kept from running. It is nil where that is not known.
func (l *lateness) of(ctx context.Context, nodes []topology.ID, from, to int64) *record.HostLate {
	if l.wrong != nil { // spells of other machines' clocks may lie elsewhere by as much
		wrong := int64(l.wrong())
		from, to = from-wrong, to+wrong
	}
	forget := from - int64(l.keep)
	names := map[string]bool{}
	var fabric, agents []health.Spell
	for _, id := range nodes {
		name, _ := l.name(id)
		names[name] = true
		r := l.node(id)
		if r.until(ctx, to, forget) != nil {
			return nil
		}
		agents = append(agents, r.during(from, to, nil)...)
	}
	late := &record.HostLate{}
	if l.fabric != nil {
		if l.fabric.until(ctx, to, forget) != nil {
			return nil
		}
		fabric = l.fabric.during(from, to, names)
		late.FabricKnown = true
	}
	late.Fabric = health.Overlap(fabric, from, to).Seconds()
	late.Nodes = health.Overlap(agents, from, to).Seconds()
	late.All = health.Overlap(append(fabric, agents...), from, to).Seconds()
	return late
}

// nodesOf are the nodes that may take part in a chain, each once.
func nodesOf(spec *faas.ChainSpec) []topology.ID {
	all := []topology.ID{spec.Client}
	for i := range spec.Invocations {
		inv := &spec.Invocations[i]
		all = append(all, spec.Candidates(inv)...)
		for _, s := range inv.States {
			all = append(append(all, s.Node), s.Replicas...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
