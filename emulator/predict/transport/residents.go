package transport

import (
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// Stateful instances (see package faas) stay where they are placed until a move takes them elsewhere. A caller sends to
// where it believes the instance to be. There a request waits while the instance is held, and is sent back with the new
// place where it is not there; the caller sends it again, and remembers.

// residents are those of a model's chains.
type residents struct {
	groups  plan.Groups
	byRoot  map[plan.Seat]*resident
	all     []*resident // by node, client and name
	movers  []*mover
	tracked bool                    // somebody may move
	planned map[[2]topology.ID]bool // clients and workers between which connections are made beforehand
	model   plan.Model
	standby *predict.Standby
	begin   int64
	round   int   // of rebalancing: the next; -1: the chains have ended
	next    int64 // when that is
}

// resident is a stateful instance.
type resident struct {
	plan.Group
	at      topology.ID // where it is
	known   topology.ID // where its client believes it to be
	moving  *mover      // nil: it is not
	held    bool        // nothing may begin
	running int         // invocations at work
	waiting []asker     // requests, since it is held
	load    loadSeen
	states  map[residentState]*residentValue
	order   []residentState // of states, in which they came
}

// residentState is a state that outlives chains or, without a name, one of a chain.
type residentState struct {
	name  string
	chain *chain
	state int
}

type residentValue struct{ bytes, version int64 }

// mostFunctions is of how many functions an instance is, at most.
const mostFunctions = 1000

// settleIn finds the instances of a model's chains, which begin at a time, and plans their moves. What it returns ends
// those that are under way.
func (r *replay) settleIn(plans []*plan.Plan, begin int64) (end func()) {
	o := &r.engine.options
	r.residents = residents{byRoot: map[plan.Seat]*resident{}, begin: begin, planned: map[[2]topology.ID]bool{},
		tracked: len(o.Moves) > 0 || o.Rebalance != nil}
	all := &r.residents
	if !all.tracked {
		return func() {}
	}
	all.standby = predict.NewStandby(o.Starts, r.plans, plans[0].Model)
	for _, p := range plans {
		all.model = p.Model
		all.groups.AddPlan(p)
		for i := range p.Invocations {
			all.planned[[2]topology.ID{p.Invocations[i].Caller, p.Invocations[i].Worker}] = true
		}
	}
	for _, g := range all.groups.Stateful(mostFunctions) {
		one := &resident{Group: g, at: g.Root.Node, known: g.Root.Node, states: map[residentState]*residentValue{}}
		all.byRoot[g.Root] = one
		all.all = append(all.all, one)
	}
	for _, p := range plans {
		for i := range p.Invocations {
			if one := all.of(p, &p.Invocations[i]); one != nil {
				one.keep(p, &p.Invocations[i], nil)
			}
		}
	}
	r.planMoves(begin)
	r.planRebalance()
	return func() {
		all.round = -1
		for _, m := range all.movers {
			m.over = true
		}
	}
}

// of is the instance that executes an invocation, at the place that the plan has for it; nil: none.
func (a *residents) of(p *plan.Plan, inv *plan.Invocation) *resident {
	if !a.tracked || p.Messages != nil {
		return nil
	}
	return a.byRoot[a.groups.Root(plan.Seat{Node: inv.Worker, Client: p.Client, Function: inv.Function})]
}

// keep gives an instance the states of an invocation: of a chain those that end with it, without one those that outlive
// chains.
func (one *resident) keep(p *plan.Plan, inv *plan.Invocation, c *chain) {
	for _, s := range inv.States {
		key := keyOf(p, s.State, c)
		if (key.name == "") != (c != nil) || one.states[key] != nil {
			continue
		}
		one.states[key] = &residentValue{bytes: s.Bytes}
		one.order = append(one.order, key)
	}
}

func keyOf(p *plan.Plan, state int, c *chain) residentState {
	if name := p.Outlives(state).Name; name != "" {
		return residentState{name: name}
	}
	return residentState{chain: c, state: state}
}

// seat finds the instances of a chain that begins.
func (r *replay) seat(c *chain) {
	if !r.residents.tracked {
		return
	}
	p := c.plan
	for i := range p.Invocations {
		inv := &p.Invocations[i]
		one := r.residents.of(p, inv)
		if one == nil {
			continue
		}
		if c.residents == nil {
			c.residents = map[int]*resident{}
			c.plan = p.Movable()
		}
		c.residents[inv.Task] = one
		one.keep(p, inv, c)
	}
}

// unseat forgets the states of a chain that has ended.
func (r *replay) unseat(c *chain) {
	for _, one := range c.residents {
		one.order = slices.DeleteFunc(one.order, func(key residentState) bool { return key.chain == c })
		for key := range one.states {
			if key.chain == c {
				delete(one.states, key)
			}
		}
	}
}

// address sends the request of an invocation, step i, to where its instance is believed to be.
func (r *replay) address(c *chain, i int) {
	if one := c.residents[c.plan.Steps[i].Task]; one != nil {
		c.follow(i, one.known)
	}
}

// follow lets the invocation of a step be executed elsewhere.
func (c *chain) follow(step int, at topology.ID) {
	task := c.plan.Steps[step].Task
	number := slices.IndexFunc(c.plan.Invocations, func(inv plan.Invocation) bool { return inv.Task == task })
	if c.plan.Invocations[number].Worker != at {
		c.plan.Follow(number, at)
	}
}

// received looks at a request that is at its worker. It is false where it is not taken in: it waits, or is sent back.
func (r *replay) received(c *chain, i int) bool {
	one, p := c.residents[c.plan.Steps[i].Task], &c.steps[i]
	if one == nil {
		return true
	}
	if p.sentBack {
		r.sendOn(c, i, one)
		return false
	}
	switch {
	case c.plan.Steps[i].To != one.at:
		r.sendBack(c, i)
	case one.held:
		one.waiting = append(one.waiting, asker{c, i})
	default:
		one.load.begin(r.now)
		one.running++
		return true
	}
	return false
}

// sendBack answers a request with the place of its instance.
func (r *replay) sendBack(c *chain, i int) {
	p, again := &c.steps[i], &repetition{}
	if at := c.held[c.plan.Steps[i].Pair]; at != nil {
		again.errands = []errand{{at, true, int64(r.engine.options.Header), trip}}
	}
	p.place, p.sentBack = c.residents[c.plan.Steps[i].Task].at, true
	p.again, p.next = again, 0
	r.proceedStep(c, i)
}

// sendOn sends a request again that came back.
func (r *replay) sendOn(c *chain, i int, one *resident) {
	p, pair := &c.steps[i], c.plan.Steps[i].Pair
	if at := c.held[pair]; at != nil {
		delete(c.held, pair)
		r.give(at)
	}
	one.known = p.place
	c.follow(i, p.place)
	s, again := &c.plan.Steps[i], &repetition{}
	if s.From != s.To {
		if key := [2]topology.ID{s.From, s.To}; r.pools[key] == nil && !r.residents.planned[key] {
			r.pools[key] = &pool{}
		}
		at, cold := r.take(s.From, s.To)
		if cold {
			set := r.newConnection(s.From, s.To)
			again.errands = append(again.errands, errand{set, false, 0, setUp}, errand{set, true, 0, setUp})
		}
		again.errands = append(again.errands, errand{at, false, s.Bytes + int64(r.engine.options.Header), body})
		c.held[pair] = at
	}
	p.sentBack, p.again, p.next = false, again, 0
	r.proceedStep(c, i)
}

// changed ends an invocation's execution, step i: its states have new versions.
func (r *replay) changed(c *chain, i int) {
	one := c.residents[c.plan.Steps[i].Task]
	if one == nil {
		return
	}
	for _, s := range c.invocations[c.plan.Steps[i].Task].States {
		if v := one.states[keyOf(c.plan, s.State, c)]; v != nil {
			v.version++
		}
	}
	one.load.end(c.executing(i, r.now))
	if one.running--; one.running == 0 && one.held {
		r.drained(one.moving)
	}
}
