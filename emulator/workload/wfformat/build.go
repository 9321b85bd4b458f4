package wfformat

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/workload/rows"
)

// builder makes a trace of a document.
type builder struct {
	trace    *Trace
	tasks    []task
	files    []file
	executed []executed

	index  map[string]int     // of a task, by its ID
	bytes  map[string]float64 // of a file, by its ID
	after  [][]int            // of each task: those that it waits for, ascending
	place  []int              // of each task: its place in the order
	writes []map[string]bool  // of each task
}

func (b *builder) build() error {
	for _, step := range []func() error{b.number, b.measure, b.precede, b.sort} {
		if err := step(); err != nil {
			return err
		}
	}
	b.connect()
	return b.time()
}

// number gives each ID its task. Older files name parents by their names, so these are known, too, where they are one
// task's alone.
func (b *builder) number() error {
	b.index = map[string]int{}
	for i := range b.tasks {
		id := b.tasks[i].ID
		if _, twice := b.index[id]; id == "" || twice {
			return named(id, errors.New("its ID is empty or another's"))
		}
		b.index[id] = i
	}
	names := map[string]int{}
	for i := range b.tasks {
		name := b.tasks[i].Name
		if _, twice := names[name]; twice {
			i = several
		}
		names[name] = i
	}
	for name, i := range names {
		if _, id := b.index[name]; !id && i != several {
			b.index[name] = i
		}
	}
	return nil
}

// several stands for the tasks that have one name.
const several = -1

// measure gives each file its size.
func (b *builder) measure() error {
	b.bytes = map[string]float64{}
	for _, f := range b.files {
		size, err := quantity("sizeInBytes", f.Bytes, 0)
		if err != nil {
			return fmt.Errorf("file %s: %w", rows.Quote(f.ID), err)
		}
		if before, twice := b.bytes[f.ID]; twice && before != size {
			return fmt.Errorf("file %s: it has two sizes, %g and %g", rows.Quote(f.ID), before, size)
		}
		if f.Bytes == nil {
			b.trace.Sizeless++
		}
		b.bytes[f.ID] = size
	}
	for i := range b.tasks {
		for _, of := range [][]string{b.tasks[i].Inputs, b.tasks[i].Outputs} {
			for _, id := range of {
				if _, known := b.bytes[id]; !known {
					b.trace.Sizeless++
					b.bytes[id] = 0
				}
			}
		}
	}
	return nil
}

// precede works out who waits for whom, by parents or by children.
func (b *builder) precede() error {
	b.after = make([][]int, len(b.tasks))
	for i := range b.tasks {
		t := &b.tasks[i]
		for _, p := range t.Parents {
			at, known := b.index[p]
			if !known {
				return named(t.ID, fmt.Errorf("there is no task %s, its parent", rows.Quote(p)))
			}
			b.after[i] = append(b.after[i], at)
		}
		for _, c := range t.Children {
			at, known := b.index[c]
			if !known {
				return named(t.ID, fmt.Errorf("there is no task %s, its child", rows.Quote(c)))
			}
			b.after[at] = append(b.after[at], i)
		}
	}
	for i := range b.after {
		slices.Sort(b.after[i])
		b.after[i] = slices.Compact(b.after[i])
	}
	return nil
}

// sort puts the tasks in an order in which each comes after those that it waits for.
func (b *builder) sort() error {
	left, next := make([]int, len(b.tasks)), make([][]int, len(b.tasks))
	var ready []int
	for i, after := range b.after {
		if left[i] = len(after); left[i] == 0 {
			ready = append(ready, i)
		}
		for _, p := range after {
			next[p] = append(next[p], i)
		}
	}
	b.place = make([]int, len(b.tasks))
	for k := 0; k < len(ready); k++ {
		at := ready[k]
		b.place[at] = k
		for _, n := range next[at] {
			if left[n]--; left[n] == 0 {
				ready = append(ready, n)
			}
		}
	}
	if len(ready) < len(b.tasks) {
		at := slices.IndexFunc(left, func(n int) bool { return n > 0 })
		return named(b.tasks[at].ID, errCycle)
	}
	b.trace.Tasks = make([]Task, len(b.tasks))
	for i, at := range b.place {
		t := &b.trace.Tasks[at]
		t.ID = b.tasks[i].ID
		for _, p := range b.after[i] {
			t.After = append(t.After, b.place[p])
		}
		slices.Sort(t.After)
	}
	return nil
}

// connect puts the files' bytes on the edges: a file that one of those writes for which a task waits comes from the
// first of them, another from the client, and what nobody reads who waits for its writer returns to the client.
func (b *builder) connect() {
	b.writes = make([]map[string]bool, len(b.tasks)) // by place
	writers := map[string][]int{}                    // places
	for i, at := range b.place {
		b.writes[at] = map[string]bool{}
		for _, f := range b.tasks[i].Outputs {
			if !b.writes[at][f] {
				b.writes[at][f] = true
				writers[f] = append(writers[f], at)
			}
		}
	}
	sent := make([]map[string]bool, len(b.tasks)) // files that one who waits for the writer reads
	around := map[string]bool{}
	for i, at := range b.place {
		t := &b.trace.Tasks[at]
		t.Edges = make([]float64, len(t.After))
		for _, f := range unique(b.tasks[i].Inputs) {
			k := slices.IndexFunc(t.After, func(p int) bool { return b.writes[p][f] })
			if k >= 0 {
				t.Edges[k] += b.bytes[f]
				if sent[t.After[k]] == nil {
					sent[t.After[k]] = map[string]bool{}
				}
				sent[t.After[k]][f] = true
				continue
			}
			t.Input += b.bytes[f]
			if slices.ContainsFunc(writers[f], func(w int) bool { return w != at }) {
				around[f] = true
			}
		}
	}
	b.trace.Around = len(around)
	for i, at := range b.place {
		for _, f := range unique(b.tasks[i].Outputs) {
			if !sent[at][f] || around[f] {
				b.trace.Tasks[at].Output += b.bytes[f]
			}
		}
	}
}

// unique are the words of a list, each once.
func unique(words []string) []string {
	var all []string
	seen := make(map[string]bool, len(words))
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	return all
}

// time gives each task its work and its function.
func (b *builder) time() error {
	by := make(map[string]*executed, len(b.executed))
	for i := range b.executed {
		e := &b.executed[i]
		at, known := b.index[e.ID]
		if !known {
			b.trace.Strange++
			continue
		}
		if by[b.tasks[at].ID] != nil {
			return named(e.ID, errors.New("workflow.execution has it twice"))
		}
		by[b.tasks[at].ID] = e
	}
	for i, at := range b.place {
		t, e := &b.trace.Tasks[at], by[b.tasks[i].ID]
		if e == nil {
			e = &executed{}
		}
		if e.Runtime == nil {
			b.trace.Timeless++
		}
		seconds, err := quantity("runtimeInSeconds", e.Runtime, 0)
		if err != nil {
			return named(t.ID, err)
		}
		cores, err := quantity("coreCount", e.Cores, 1)
		if err != nil {
			return named(t.ID, err)
		}
		t.Seconds, t.Function = seconds*cores, function(e.Command.Program, b.tasks[i].Name)
	}
	return nil
}
