package spar

import (
	"slices"

	"testbed/emulator/workload"
)

// sort gives the tasks that are in the job their order: that of their numbers, and in a DAG, where one of a smaller
// number waits for one of a larger, that one before it. A DAG without such an order is cyclic.
func (d *dag) sort(shape workload.Shape) {
	d.order, d.place, d.cyclic = d.order[:0], cleared(d.place, len(d.numbers)), false
	for i := range d.place {
		d.place[i] = unplaced
	}
	for i := range d.numbers {
		switch {
		case !d.in[i]:
		case shape == workload.ShapeDAG:
			d.visit(i)
		default:
			d.put(i)
		}
	}
}

// The places of tasks that have none yet.
const (
	unplaced = -1
	waiting  = -2 // for those that it waits for
)

func (d *dag) put(i int) {
	d.place[i] = len(d.order)
	d.order = append(d.order, i)
}

// visit puts a task, and before it those that it waits for, directly or not. It is no recursion, for a trace may be
// anybody's, and its longest path be as long.
func (d *dag) visit(i int) {
	for d.todo = append(d.todo[:0], i); len(d.todo) > 0; {
		at := d.todo[len(d.todo)-1]
		if d.place[at] >= 0 {
			d.todo = d.todo[:len(d.todo)-1]
			continue
		}
		first := d.place[at] == unplaced
		d.place[at] = waiting
		more := false
		for _, p := range slices.Backward(d.after[at]) {
			if !d.in[p] || d.place[p] >= 0 {
				continue
			}
			if d.place[p] == waiting || !first {
				d.cyclic = true
				continue
			}
			d.todo, more = append(d.todo, p), true
		}
		if !more {
			d.todo = d.todo[:len(d.todo)-1]
			d.put(at)
		}
	}
}

// precedences are the places of the tasks in the job that a task waits for, ascending.
func (d *dag) precedences(i int) []int {
	var after []int
	for _, p := range d.after[i] {
		if d.in[p] {
			after = append(after, d.place[p])
		}
	}
	slices.Sort(after)
	return slices.Compact(after)
}
