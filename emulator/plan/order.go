package plan

import (
	"slices"

	"testbed/emulator/workload"
)

// order is which tasks of a DAG come before which.
type order struct {
	before [][]uint64 // by task: the set of those that must be finished when it begins
}

// follow says that the next task, in ascending order, comes after those given.
func (o *order) follow(after []int) {
	at := len(o.before)
	set := make([]uint64, at/64+1)
	for _, a := range after {
		set[a/64] |= 1 << (a % 64)
		for w, bits := range o.before[a] {
			set[w] |= bits
		}
	}
	o.before = append(o.before, set)
}

// precedes says whether task a must be finished when task b begins, for a < b.
func (o *order) precedes(a, b int) bool { return o.before[b][a/64]&(1<<(a%64)) != 0 }

// waits are what each task waits for: its After and, where it is sent states that others are sent as well, the task
// before it that is, in ascending order. A state that travels has one owner, and its versions are one after the other.
// serialised is how many tasks wait for one that their After does not let them wait for.
func waits(job *workload.Job, carried func(task int) bool) (after [][]int, o *order, serialised int) {
	after = make([][]int, len(job.Tasks))
	o = &order{}
	last := make([]int, len(job.States)) // by state: the task that had it last; -1: none
	for s := range last {
		last[s] = -1
	}
	for i := range job.Tasks {
		task := &job.Tasks[i]
		after[i] = task.After
		o.follow(task.After)
		if !carried(i) {
			continue
		}
		for _, s := range task.States {
			if before := last[s]; before >= 0 && !o.precedes(before, i) {
				after[i] = append(slices.Clip(after[i]), before)
				o.before = o.before[:i]
				o.follow(after[i])
			}
			last[s] = i
		}
		if len(after[i]) > len(task.After) {
			slices.Sort(after[i])
			serialised++
		}
	}
	return after, o, serialised
}

// contest marks those accesses of states that workers keep during which another invocation at the same worker may
// change the same state.
func (p *Plan) contest(o *order) {
	type user struct{ task, access int }
	users := map[place][]user{}
	for i := range p.Invocations {
		for k, s := range p.Invocations[i].States {
			if s.Location == Local {
				at := place{s.State, s.Node}
				users[at] = append(users[at], user{i, k})
			}
		}
	}
	for _, all := range users {
		for n, b := range all {
			for _, a := range all[:n] {
				if !o.precedes(a.task, b.task) {
					p.Invocations[a.task].States[a.access].Contested = true
					p.Invocations[b.task].States[b.access].Contested = true
				}
			}
		}
	}
}
