package azure

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// least is how many characters of a hash a function's name has at least.
const least = 8

// name gives the functions their names.
func (t *reader) name() {
	t.Apps = len(t.apps)
	apps, functions := make([]string, len(t.keys)), make([]string, len(t.keys))
	for i, k := range t.keys {
		apps[i], functions[i] = k.app, k.function
	}
	a, f := enough(apps), enough(functions)
	for _, k := range t.keys {
		t.Functions = append(t.Functions, k.app[:min(a, len(k.app))]+"-"+k.function[:min(f, len(k.function))])
	}
}

// enough is how many first characters tell all words from one another, at least as many as least.
func enough(words []string) int {
	words = slices.Compact(slices.Sorted(slices.Values(words)))
	n := least
	for i := 1; i < len(words); i++ {
		same := 0
		for same < min(len(words[i-1]), len(words[i])) && words[i-1][same] == words[i][same] {
			same++
		}
		n = max(n, same+1)
	}
	return n
}

// Len is the number of invocations.
func (t *Trace) Len() int {
	n := 0
	for _, b := range t.blocks {
		n += len(b)
	}
	return n
}

func (t *Trace) at(i int32) *invocation { return &t.blocks[i/block][i%block] }

// Each makes a job of each invocation, in the order in which they start: one task, of the function that the row names,
// which keeps one core busy for the duration. The first starts at 0. Bytes are the options'; there are no states.
func (t *Trace) Each(opts workload.Options) iter.Seq[workload.Job] {
	return func(yield func(workload.Job) bool) {
		if !opts.Stateless.Keep(false) {
			return
		}
		if t.Len() >= rows.Many {
			defer rows.Sparing()()
		}
		order := t.order()
		var first time.Duration
		if len(order) > 0 {
			first = t.at(order[0]).start
		}
		for _, i := range order {
			v := t.at(i)
			name := t.Functions[v.function]
			job := workload.Job{
				Name: "i_" + strconv.Itoa(int(v.line)), Arrival: v.start - first, Result: t.Result,
				Tasks: []workload.Task{{
					Name: name, Function: name, Ops: rows.Round(v.duration * opts.Factors.Ops), Argument: t.Argument,
				}},
			}
			if !yield(job) {
				return
			}
		}
	}
}

// order is the invocations' order by their start, and of one instant that of their rows.
func (t *Trace) order() []int32 {
	order := make([]int32, t.Len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(t.at(a).start, t.at(b).start), cmp.Compare(a, b))
	})
	return order
}

// Notes say what was left out, and what the trace does not say.
func (t *Trace) Notes(workload.Options) []string {
	var notes []string
	if note := t.Note(""); note != "" {
		notes = append(notes, note)
	}
	return append(notes, fmt.Sprintf("the trace says nothing of bytes and processors: each invocation takes %d bytes, "+
		"returns %d and keeps one core busy for its duration", t.Argument, t.Result))
}

// Errors are about the rows that are not in the format: the first most, and one that counts the rest.
func (t *Trace) Errors(most int) []error { return t.Left.Errors(t.Name, most) }

// Stateless says why there are no jobs.
func (t *Trace) Stateless(opts workload.Options) error {
	if t.Len() == 0 {
		return fmt.Errorf("%s is empty; a row of a trace is %s", t.Name, RowFormat)
	}
	return fmt.Errorf("invocations of Azure Functions have no states in %s: write workload.stateless: keep", t.Name)
}

// Row names, for messages, the row of a job, by file and line.
func (t *Trace) Row(job, _ string, _ workload.Factors) string {
	line, ok := strings.CutPrefix(job, "i_")
	if !ok || t.path == "" {
		return job
	}
	return fmt.Sprintf("%s:%s: invocation %s", t.path, line, job)
}
