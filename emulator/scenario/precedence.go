package scenario

import "slices"

// precedence is the order of the tasks of a job written down.
type precedence struct {
	order []int   // the tasks' indexes in the file, each after those that it waits for; else as in the file
	after [][]int // by index in the file: the tasks that it waits for, likewise; -1: there is none of that name
	cycle []int   // tasks that wait for one another in a ring, the first again at the end; nil: there is no ring
}

// precedence works it out.
func (j *Job) precedence() precedence {
	index := make(map[string]int, len(j.Tasks))
	for i := range j.Tasks {
		index[j.Tasks[i].Name] = i
	}
	p := precedence{after: make([][]int, len(j.Tasks))}
	for i := range j.Tasks {
		for _, e := range j.Tasks[i].After {
			at, known := index[e.Task]
			if !known {
				at = -1
			}
			p.after[i] = append(p.after[i], at)
		}
	}
	p.sort()
	return p
}

// sort visits the tasks depth first, so that an order that is one already stays.
func (p *precedence) sort() {
	const unseen, open, done = 0, 1, 2
	state := make([]uint8, len(p.after))
	var way []int
	var visit func(task int)
	visit = func(task int) {
		state[task], way = open, append(way, task)
		for _, before := range p.after[task] {
			switch {
			case before < 0 || p.cycle != nil:
			case state[before] == open:
				ring := slices.Clone(way[slices.Index(way, before):])
				p.cycle = append(ring, before)
			case state[before] == unseen:
				visit(before)
			}
		}
		state[task], way = done, way[:len(way)-1]
		p.order = append(p.order, task)
	}
	for task := range p.after {
		if state[task] == unseen {
			visit(task)
		}
	}
}
