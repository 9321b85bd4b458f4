package transport

import (
	"math"
	"slices"
)

// processor is a node's, shared equally by the tasks at work: each of k proceeds with speed/k, as in package faas. It
// keeps the operations that a task present throughout would have got (virtual time).
type processor struct {
	speed      float64 // operations/s
	tasks      []sharedTask
	virtual    float64 // operations
	at         int64   // when virtual was right
	generation uint32
}

type sharedTask struct {
	finish float64 // virtual time
	chain  *chain
	step   int32
}

func (p *processor) advance(now int64) {
	if k := len(p.tasks); k > 0 {
		p.virtual += float64(now-p.at) / float64(second) * p.speed / float64(k)
	} else {
		p.virtual = 0
	}
	p.at = now
}

// first is the task that is done first, if none comes or goes before.
func (p *processor) first() int {
	best := 0
	for i := range p.tasks {
		if p.tasks[i].finish < p.tasks[best].finish {
			best = i
		}
	}
	return best
}

// share puts a task of so many operations to work at now.
func (r *replay) share(p *processor, ops float64, c *chain, step int, now int64) {
	p.advance(now)
	p.tasks = append(p.tasks, sharedTask{p.virtual + ops, c, int32(step)})
	r.schedule(p)
}

// schedule notes when the next task of the processor is done.
func (r *replay) schedule(p *processor) {
	p.generation++
	if len(p.tasks) == 0 {
		return
	}
	left := (p.tasks[p.first()].finish - p.virtual) * float64(len(p.tasks)) / p.speed
	at := p.at + int64(math.Round(max(0, left)*float64(second)))
	r.agenda.push(event{at: at, kind: processorDone, processor: p, generation: p.generation})
}

// done ends the task that is first.
func (r *replay) done(p *processor, now int64) {
	p.advance(now)
	i := p.first()
	task := p.tasks[i]
	p.tasks = slices.Delete(p.tasks, i, i+1)
	r.schedule(p)
	r.computed(task.chain, int(task.step), now)
}
