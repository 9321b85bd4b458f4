package transport

import (
	"math"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// Branches of a DAG may change one state at the same time. Versions are optimistic, as in the FaaS: a write of another
// version than the one that was read is refused, and whoever is refused reads, computes and writes again, in the step
// that was refused; so is an execution whose state was changed in its own node. Who is first is decided when a write
// arrives, so that two that arrive within the hosts' noise may be predicted the other way round than measured; the sum
// of both is then the same, if they take equally long. The same holds for chains that change a state which outlives
// them (plan.Plan.Lasting). What is left out: the text of a refusal, some hundred bytes.

// kept is a value of a state that a node keeps.
type kept struct {
	plan.Lasting     // of a state that outlives chains
	state        int // of another: its number in the chain
	node         topology.ID
}

// versions are those of a chain's states; nil: no two of its steps can be under way at the same time, nor others'.
type versions struct {
	own    map[kept]int
	shared map[kept]int // of states that outlive chains
	read   map[accessed]int
}

// accessed is a task's use of a state.
type accessed struct {
	task int
	at   kept
}

func newVersions(p *plan.Plan, shared map[kept]int) *versions {
	if predict.Linear(p) && p.Lasting == nil {
		return nil
	}
	return &versions{own: map[kept]int{}, shared: shared, read: map[accessed]int{}}
}

// of is where the version of a value is.
func (v *versions) of(at kept) map[kept]int {
	if at.Name != "" {
		return v.shared
	}
	return v.own
}

// begin notes which version a task reads.
func (v *versions) begin(task int, at kept) { v.read[accessed{task, at}] = v.of(at)[at] }

// commit writes the next version, if the one that the task has read is there.
func (v *versions) commit(task int, at kept) bool {
	if v.read[accessed{task, at}] != v.of(at)[at] {
		return false
	}
	v.of(at)[at]++
	return true
}

// keeps is a node's value of one of the chain's states.
func (c *chain) keeps(state int, node topology.ID) kept {
	if of := c.plan.Outlives(state); of.Name != "" {
		return kept{Lasting: of, node: node}
	}
	return kept{state: state, node: node}
}

// repetition is what a step does once more.
type repetition struct {
	errands []errand
	other   *connection // of the request that is made again, where the client writes
}

// at is the step's errand of a number.
func (p *progress) at(number int) *errand {
	if p.again != nil {
		return &p.again.errands[number]
	}
	return &p.errands[number]
}

// errandsLeft says whether the step has another.
func (p *progress) errandsLeft() bool {
	if p.again != nil {
		return p.next < len(p.again.errands)
	}
	return p.next < p.count
}

// arrived looks at the errand that was the last: a GET reads a version, a PUT is accepted or refused.
func (r *replay) arrived(c *chain, i int) {
	if c.isMember(i) {
		return
	}
	p, s := &c.steps[i], &c.plan.Steps[i]
	if c.versions == nil || p.next == 0 {
		return
	}
	e := p.at(p.next - 1)
	switch {
	case e.kind == work:
	case e.response:
		if p.again != nil && e.connection == p.again.other {
			r.give(e.connection)
		}
	case e.kind == trip:
		c.versions.begin(s.Task, c.keptBy(s))
	case e.kind == body && s.Role == plan.Write && e.connection == p.last:
		p.refused = !c.versions.commit(s.Task, c.keptBy(s))
	}
}

// keptBy is the value that a read or a write is of.
func (c *chain) keptBy(s *plan.Step) kept {
	if s.Role == plan.Write {
		return c.keeps(s.State, s.To)
	}
	return c.keeps(s.State, s.From)
}

// within looks at a read or write that stays in its node.
func (c *chain) within(i int) {
	switch s := &c.plan.Steps[i]; {
	case c.versions == nil:
	case s.Role == plan.Read:
		c.versions.begin(s.Task, c.keptBy(s))
	case s.Role == plan.Write:
		c.steps[i].refused = !c.versions.commit(s.Task, c.keptBy(s))
	}
}

// repeatWrite lists what a refused write does once more: it reads the state, lets the function compute, by a request
// where the client is who writes, and writes.
func (r *replay) repeatWrite(c *chain, i int) {
	s, p, inv := &c.plan.Steps[i], &c.steps[i], c.invocations[c.plan.Steps[i].Task]
	header, around := int64(r.engine.options.Header), r.framing(c.plan)
	again := &repetition{}
	add := func(e errand) { again.errands = append(again.errands, e) }
	if s.From == s.To {
		c.versions.begin(s.Task, c.keptBy(s))
	} else {
		add(errand{p.last, false, around.ReadRequest, trip})
		add(errand{p.last, true, s.Bytes + around.ReadResponse, body})
	}
	if inv != nil && inv.Worker != s.From {
		var cold bool
		if again.other, cold = r.take(s.From, inv.Worker); cold {
			set := r.newConnection(s.From, inv.Worker)
			add(errand{set, false, 0, setUp})
			add(errand{set, true, 0, setUp})
		}
		add(errand{again.other, false, inv.Argument + header, body})
		add(errand{kind: work})
		add(errand{again.other, true, inv.Result + header, body})
	} else {
		add(errand{kind: work})
	}
	if s.From != s.To {
		add(errand{p.last, false, s.Bytes + around.WriteRequest, body})
		add(errand{p.last, true, around.WriteResponse, trip})
	}
	p.again, p.next, p.refused = again, 0, false
}

// written ends a round of a write: true where it is accepted; else it is prepared to do it once more.
func (r *replay) written(c *chain, i int) bool {
	p := &c.steps[i]
	if s := &c.plan.Steps[i]; p.again != nil && s.From == s.To {
		p.refused = !c.versions.commit(s.Task, c.keptBy(s))
	}
	if !p.refused {
		return true
	}
	r.repeatWrite(c, i)
	return false
}

// computeAgain lets the function of a write that was refused compute once more.
func (r *replay) computeAgain(c *chain, i int) {
	step := plan.Step{Kind: plan.Compute}
	if inv := c.invocations[c.plan.Steps[i].Task]; inv != nil {
		step.Task, step.From, step.Ops, step.Program, step.Took = inv.Task, inv.Worker, inv.Ops, inv.Program, inv.Took
	}
	r.work(c, i, &step)
}

// contest notes the versions of the states that an execution changes at the same time as others.
func (c *chain) contest(i int) {
	if c.versions == nil {
		return
	}
	for _, at := range c.contestedBy(i) {
		c.versions.begin(c.plan.Steps[i].Task, at)
	}
}

func (c *chain) contestedBy(i int) (all []kept) {
	if inv := c.invocations[c.plan.Steps[i].Task]; inv != nil {
		for _, s := range inv.States {
			if s.Contested {
				all = append(all, c.keeps(s.State, s.Node))
			}
		}
	}
	return all
}

// executed ends an execution: false where a state was changed meanwhile in its node, so that it computes again.
func (r *replay) executed(c *chain, i int) bool {
	if c.versions == nil {
		return true
	}
	s, p := &c.plan.Steps[i], &c.steps[i]
	all := c.contestedBy(i)
	for ; p.committed < len(all); p.committed++ {
		if !c.versions.commit(s.Task, all[p.committed]) {
			c.versions.begin(s.Task, all[p.committed])
			r.work(c, i, s)
			return false
		}
	}
	return true
}

// work computes a step's function once more.
func (r *replay) work(c *chain, i int, step *plan.Step) {
	p := &c.steps[i]
	p.working = true
	speed := r.engine.speed(step.From)
	if r.engine.options.Compute == predict.Shared && divides(step, speed) {
		r.share(r.processor(step.From, speed), float64(step.Ops), c, i, max(r.now, p.now))
		return
	}
	load := 1
	if r.engine.options.Compute == predict.Allotted {
		load = max(load, r.load(c, step))
	}
	r.worked(c, i, int64(math.Round(step.Takes(speed, load)*float64(second))))
}

// worked is the end of that, after so long.
func (r *replay) worked(c *chain, i int, took int64) {
	p := &c.steps[i]
	p.working = false
	p.waited(&c.parts[i], took)
	kind := messageThere
	if c.plan.Steps[i].Kind == plan.Compute {
		kind = stepEnds
	} else {
		p.next++
	}
	r.agenda.push(event{at: p.now, kind: kind, chain: c, step: int32(i)})
}

// waited adds what a step did once more to its parts: it is the others' fault.
func (p *progress) waited(parts *predict.Parts, took int64) {
	parts.Queueing += took
	p.now += took
	if p.took > 0 {
		p.took += predict.Seconds(took)
	}
}
