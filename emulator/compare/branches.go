package compare

import (
	"fmt"

	"testbed/emulator/plan"
)

// Branches say of a model's jobs that are DAGs what it brings that branches run side by side, and through which tasks
// the critical path leads. Times are means, in seconds.
type Branches struct {
	Model     plan.Model `json:"model"`
	Jobs      int        `json:"jobs"` // whose steps were all measured and predicted
	Measured  Overlap    `json:"measured"`
	Predicted Overlap    `json:"predicted"`
	// Other are the jobs whose critical path led through other tasks than predicted, and First says of one of them where,
	// from its end on, they part.
	Other int    `json:"other_path"`
	First string `json:"first_other_path,omitempty"`
}

// Overlap is what the steps of a job take one after the other, and what they take as they run.
type Overlap struct {
	Line float64 `json:"line_s"`
	Span float64 `json:"span_s"`
}

// Gain is how many times as long the line takes.
func (o Overlap) Gain() float64 {
	if o.Span <= 0 {
		return 1
	}
	return o.Line / o.Span
}

// branches add up a model's jobs that are DAGs.
type branches struct {
	jobs, other         int
	weight              float64
	measured, predicted Overlap
	first               string
}

// rounding is within what times are the same, in seconds.
const rounding = 1e-9

// timed is a step. Times are in seconds since the chain's begin.
type timed struct {
	task       int
	role       plan.Role
	begin, end float64
}

// overlaps says whether steps are predicted to run side by side.
func (f *forecast) overlaps() bool {
	end := 0.0
	for i := range f.steps {
		s := &f.steps[i]
		if s.begin < end-rounding*(1+end) {
			return true
		}
		end = max(end, s.begin+s.duration)
	}
	return false
}

// add takes in a chain whose steps were all measured and predicted.
func (b *branches) add(m *Chain, f *forecast) {
	if len(m.Steps) == 0 || len(m.Steps) != len(f.steps) {
		return
	}
	w := m.weight()
	measured, predicted := make([]timed, len(m.Steps)), make([]timed, len(m.Steps))
	var lines Overlap // measured, predicted
	for i := range m.Steps {
		s := &m.Steps[i]
		if s.Index < 0 || s.Index >= len(f.steps) {
			return
		}
		p := &f.steps[s.Index]
		measured[i] = timed{s.Task, s.Role, s.Begin, s.Begin + s.Duration}
		predicted[i] = timed{s.Task, s.Role, p.begin, p.begin + p.duration}
		lines.Line += s.Duration
		lines.Span += p.duration
	}
	b.jobs++
	b.weight += w
	b.measured.Line += w * lines.Line
	b.measured.Span += w * m.Total
	b.predicted.Line += w * lines.Span
	b.predicted.Span += w * f.total
	was, expected := critical(measured), critical(predicted)
	if at := parting(was, expected); at != "" {
		if b.other++; b.first == "" {
			b.first = m.Job + ": " + at
		}
	}
}

// critical are the tasks on the longest path, last to first. It begins with the step that ended last and goes on with
// the one that it waited for: of its own task's steps that had ended when it began the last one or, where it is the
// first, of all others. Requests of a task come from different ones, and do not wait for each other.
func critical(steps []timed) []int {
	at := 0
	for i := range steps {
		if steps[i].end >= steps[at].end {
			at = i
		}
	}
	path := []int{steps[at].task}
	for at = before(steps, at); at >= 0; at = before(steps, at) {
		if task := steps[at].task; task != path[len(path)-1] {
			path = append(path, task)
		}
	}
	return path
}

// before is the step that another one waited for; -1: none.
func before(steps []timed, at int) int {
	s, own, other := &steps[at], -1, -1
	for i := range at {
		b := &steps[i]
		if b.end > s.begin+rounding {
			continue
		}
		best := &other
		if b.task == s.task {
			if best = &own; b.role == plan.Request && s.role == plan.Request {
				continue
			}
		}
		if *best < 0 || b.end >= steps[*best].end {
			*best = i
		}
	}
	if own >= 0 {
		return own
	}
	return other
}

// parting says where two paths part, from their end on; empty: they are the same.
func parting(measured, predicted []int) string {
	task := func(path []int, i int) string {
		if i < len(path) {
			return fmt.Sprintf("task %d", path[i])
		}
		return "no task"
	}
	for i := range max(len(measured), len(predicted)) {
		m, p := task(measured, i), task(predicted, i)
		if m == p {
			continue
		}
		if i == 0 {
			return fmt.Sprintf("%s was the last, predicted was %s", m, p)
		}
		return fmt.Sprintf("task %d waited for %s, predicted was %s", measured[i-1], m, p)
	}
	return ""
}

// branchesOf are what is reported, by model in the order of the keys.
func (e *engine) branchesOf(keys []groupKey) (all []Branches) {
	for _, k := range keys {
		b := e.branches[k.model]
		if k.length != 0 || b == nil || b.jobs == 0 {
			continue
		}
		mean := func(o Overlap) Overlap { return Overlap{o.Line / b.weight, o.Span / b.weight} }
		all = append(all, Branches{Model: k.model, Jobs: b.jobs, Measured: mean(b.measured), Predicted: mean(b.predicted),
			Other: b.other, First: b.first})
	}
	return all
}
