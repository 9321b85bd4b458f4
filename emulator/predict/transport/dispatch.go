package transport

import (
	"slices"
	"time"

	"testbed/emulator/dispatch"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// dispatching are the dispatchers of all client nodes, and what workers tell them.
type dispatching struct {
	clients  map[topology.ID]*dispatch.Dispatcher
	underWay map[topology.ID]int // invocations at a worker: received, and not responded to
}

func newDispatching() dispatching {
	return dispatching{map[topology.ID]*dispatch.Dispatcher{}, map[topology.ID]int{}}
}

// picked is what is known of an invocation whose worker was picked.
type picked struct {
	at   int64 // when
	told int   // invocations that its worker had under way beside it when it responded
}

// dispatcher is that of a chain's client.
func (r *replay) dispatcher(c *chain) *dispatch.Dispatcher {
	d := r.dispatching.clients[c.plan.Client]
	if d == nil {
		d = dispatch.New(*c.plan.Dispatch, c.plan.Client)
		r.dispatching.clients[c.plan.Client] = d
	}
	return d
}

// pick picks the worker of the invocation whose request, step i, begins now, and moves it there.
func (r *replay) pick(c *chain, i int) {
	number := c.dispatched(i)
	if number < 0 {
		return
	}
	worker := r.dispatcher(c).Begin(instant(r.now), c.plan.Invocations[number].Candidates)
	c.plan.Move(number, worker)
	c.picked[number].at = r.now
}

// responds notes that an invocation's worker begins with its response, step i.
func (r *replay) responds(c *chain, i int) {
	if number := c.dispatched(i); number >= 0 {
		worker := c.plan.Invocations[number].Worker
		r.dispatching.underWay[worker]--
		c.picked[number].told = r.dispatching.underWay[worker]
	}
}

// over notes that step i has ended: a request is at its worker, or a response with the client.
func (r *replay) over(c *chain, i int) {
	number := c.dispatched(i)
	if number < 0 {
		return
	}
	worker, p := c.plan.Invocations[number].Worker, &c.picked[number]
	switch c.plan.Steps[i].Role {
	case plan.Request:
		r.dispatching.underWay[worker]++
	case plan.Response:
		r.dispatcher(c).End(instant(r.now), worker, instant(r.now-p.at), p.told)
	}
}

// dispatched is the number of the invocation that a step is of, where its worker is picked; otherwise -1.
func (c *chain) dispatched(step int) int {
	if c.plan.Dispatch == nil {
		return -1
	}
	task := c.plan.Steps[step].Task
	return slices.IndexFunc(c.plan.Invocations, func(inv plan.Invocation) bool {
		return inv.Task == task && len(inv.Candidates) > 0
	})
}

// dispatched says whether workers of a plan are picked.
func dispatched(p *plan.Plan) bool { return p.Dispatch != nil }

// workers are those that were picked, by invocation; nil: none was.
func (c *chain) workers() []topology.ID {
	if c.plan.Dispatch == nil {
		return nil
	}
	all := make([]topology.ID, len(c.plan.Invocations))
	for i := range all {
		all[i] = c.plan.Invocations[i].Worker
	}
	return all
}

// instant is a time of the model's clock.
func instant(picoseconds int64) time.Duration { return time.Duration(picoseconds / 1000) }
