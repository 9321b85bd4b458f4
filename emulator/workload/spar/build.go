package spar

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload/rows"
)

// Builder is a trace that is put together row by row.
type Builder struct {
	*Trace
	from         io.Reader // for its length
	dependencies int
	jobs         map[int]int         // index of a job, by its number; nil as long as they ascend
	block        []Task              // where tasks are put
	defined      map[int]map[int]int // of jobs of many tasks: index of a task, by its number
	labels       map[string]*Label
	demands      map[Demand]*Demand
}

// NewBuilder begins a trace, which is read from r, or nil; name is the file's, for messages.
func NewBuilder(r io.Reader, name string) *Builder {
	return &Builder{Trace: &Trace{Name: name}, from: r, labels: map[string]*Label{}, demands: map[Demand]*Demand{}}
}

// shared is how many labels and demands are shared among rows: a trace has some hundreds of each, and one that has
// been made to have more is not searched for them.
const shared = 1 << 14

// Label is what a task's name says.
func (b *Builder) Label(name string) (*Label, error) {
	if known := b.labels[name]; known != nil {
		return known, nil
	}
	label := &Label{Name: strings.Clone(name)} // the row is not kept
	var err error
	if label.Number, label.Precedences, err = parseName(label.Name); err != nil {
		return nil, err
	}
	if len(b.labels) < shared {
		b.labels[label.Name] = label
	}
	return label, nil
}

// Demand is one that is shared with other tasks.
func (b *Builder) Demand(d Demand) *Demand {
	if known := b.demands[d]; known != nil {
		return known
	}
	kept := new(Demand) // not d itself, which would then be allocated for those that are known, too
	*kept = d
	if len(b.demands) < shared {
		b.demands[d] = kept
	}
	return kept
}

// Begin adds a job without tasks, and is its index.
func (b *Builder) Begin(job Job) (at int) {
	at = len(b.Jobs)
	if at == cap(b.Jobs) {
		b.Jobs = slices.Grow(b.Jobs, max(rows.Room(b.from, at)-at, 64))
	}
	b.Jobs = append(b.Jobs, job)
	if b.jobs != nil {
		b.jobs[job.Number] = at
	}
	return at
}

// Add adds a task to the job at an index. It fails where the job has one of that number.
func (b *Builder) Add(at int, task Task) error {
	job := &b.Jobs[at]
	if i, twice := b.find(at, task.Number); twice {
		other := &job.Tasks[i]
		if same(other, &task) {
			return fmt.Errorf("the job has this row already: %w", ErrIrrelevant)
		}
		return fmt.Errorf("the job %s has a task of number %d already: %s; number jobs and tasks apart",
			job.Name(), task.Number, other.Name)
	}
	b.dependencies += len(task.Precedences)
	b.append(job, task)
	b.define(at)
	return nil
}

// AddIndependent adds a task that waits for none and that none waits for, whatever its name says, to the job at an
// index.
func (b *Builder) AddIndependent(at int, name string, task Task) error {
	number := maxTask + 1 + len(b.Jobs[at].Tasks) // no other's: a job only grows
	task.Label = &Label{Name: name, Number: number}
	return b.Add(at, task)
}

// Independent says whether the task was added as such.
func (t *Task) Independent() bool { return t.Number > maxTask }

// Bounded fails where there is more than is read, at a line of the file.
func (b *Builder) Bounded(line int) error {
	if b.dependencies > maxDependencies {
		return fmt.Errorf("%s:%d: at most %d dependencies are read: %w", b.Name, line, maxDependencies, readfile.ErrLimit)
	}
	return nil
}

// lookup is the index of the job of a number. Where jobs come in ascending order, which is usual, they are their own
// index; the first that does not makes one of all.
func (b *Builder) lookup(number int) (at int, known bool) {
	if b.jobs != nil {
		at, known = b.jobs[number]
		return at, known
	}
	if last := len(b.Jobs) - 1; last < 0 || number > b.Jobs[last].Number {
		return 0, false
	} else if number == b.Jobs[last].Number {
		return last, true
	}
	at, known = slices.BinarySearchFunc(b.Jobs, number, func(j Job, n int) int { return cmp.Compare(j.Number, n) })
	if !known {
		b.jobs = make(map[int]int, 2*len(b.Jobs))
		for i := range b.Jobs {
			b.jobs[b.Jobs[i].Number] = i
		}
	}
	return at, known
}

// block is how many tasks are allocated at once.
const block = 1024

// append adds a task to a job. The rows of a job mostly follow one another, so that its tasks stand together at the end
// of a block.
func (b *Builder) append(job *Job, task Task) {
	n := len(job.Tasks)
	if end := len(b.block); n > 0 && (end < n || end == cap(b.block) || &b.block[end-1] != &job.Tasks[n-1]) {
		job.Tasks = append(job.Tasks, task) // there is nothing behind its last task that is another's
		return
	} else if end == cap(b.block) {
		b.block = make([]Task, 0, block)
	}
	b.block = append(b.block, task)
	job.Tasks = b.block[len(b.block)-n-1 : len(b.block) : len(b.block)]
}

// few tasks of a job are searched one by one.
const few = 32

// find is the index of the task of a number in the job at an index.
func (b *Builder) find(at, number int) (int, bool) {
	tasks := b.Jobs[at].Tasks
	if len(tasks) > few {
		i, there := b.defined[at][number]
		return i, there
	}
	i := slices.IndexFunc(tasks, func(other Task) bool { return other.Number == number })
	return i, i >= 0
}

// define makes the last task of a job known to find.
func (b *Builder) define(at int) {
	tasks := b.Jobs[at].Tasks
	if len(tasks) <= few {
		return
	}
	if b.defined == nil {
		b.defined = map[int]map[int]int{}
	}
	index := b.defined[at]
	if index == nil {
		index = make(map[int]int, 2*few)
		b.defined[at] = index
		for i := range tasks {
			index[tasks[i].Number] = i
		}
	}
	index[tasks[len(tasks)-1].Number] = len(tasks) - 1
}

// same says whether two rows say the same of a task.
func same(a, b *Task) bool {
	return a.Name == b.Name && a.Duration == b.Duration && a.CPU == b.CPU && a.Mem == b.Mem && a.Instances == b.Instances
}
