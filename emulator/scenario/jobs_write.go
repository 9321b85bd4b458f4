package scenario

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/workload"
)

// WriteJobs writes jobs, which others derived from a trace, as a section workload with the list jobs, which Parse reads
// as the same jobs. Names that cannot stand there get hyphens for other characters and, where they are taken, a number.
// It keeps no more than the jobs' names, so that a trace may be long. The error is the writer's.
func WriteJobs(to io.Writer, jobs iter.Seq[workload.Job]) error {
	out := &printer{bufio.NewWriter(to)}
	out.printf("workload:\n  jobs:\n")
	taken := map[string]bool{}
	for job := range jobs {
		writeJob(out, &job, fitting(job.Name, "job", taken))
	}
	return out.Flush()
}

// printer keeps the first error of writing until Flush.
type printer struct{ *bufio.Writer }

func (p *printer) printf(format string, args ...any) { _, _ = fmt.Fprintf(p, format, args...) }

func writeJob(out *printer, job *workload.Job, name string) {
	out.printf("    - name: %s\n", spelled(name))
	if job.Client != "" {
		out.printf("      client: %s\n", spelled(job.Client))
	}
	if job.Arrival > 0 {
		out.printf("      at: %v\n", job.Arrival)
	}
	states := make([]string, len(job.States))
	for i, bytes := range job.States {
		states[i] = fmt.Sprintf("s%d: %s", i, formatSize(float64(bytes)))
	}
	if len(states) > 0 {
		out.printf("      states: {%s}\n", strings.Join(states, ", "))
	}
	out.printf("      tasks:\n")
	names, taken := make([]string, len(job.Tasks)), map[string]bool{}
	for i := range job.Tasks {
		names[i] = fitting(job.Tasks[i].Name, "task", taken)
	}
	outputs, sent := job.Outputs(nil), make([]int64, len(job.Tasks))
	for i := range job.Tasks {
		for k, before := range job.Tasks[i].After {
			sent[before] += job.Tasks[i].Edge(k)
		}
	}
	for i := range job.Tasks {
		out.printf("        %s: {%s}\n", spelled(names[i]), taskKeys(&job.Tasks[i], names, outputs[i]-sent[i]))
	}
}

// taskKeys are a task's keys; result are the bytes of it that the client gets.
func taskKeys(t *workload.Task, names []string, result int64) string {
	keys := []string{"ops: " + strconv.FormatInt(t.Ops, 10)}
	if t.Function != "" {
		keys = append(keys, "function: "+spelled(fitting(t.Function, "function", nil)))
	}
	if input := t.Input(); input > 0 {
		keys = append(keys, "argument: "+formatSize(float64(input)))
	}
	edges := make([]string, len(t.After))
	for k, before := range t.After {
		edges[k] = spelled(names[before]) + ": " + formatSize(float64(t.Edge(k)))
	}
	if len(edges) > 0 {
		keys = append(keys, "after: {"+strings.Join(edges, ", ")+"}")
	}
	states := make([]string, len(t.States))
	for k, s := range t.States {
		states[k] = "s" + strconv.Itoa(s)
	}
	if len(states) > 0 {
		keys = append(keys, "states: ["+strings.Join(states, ", ")+"]")
	}
	if result > 0 {
		keys = append(keys, "result: "+formatSize(float64(result)))
	}
	return strings.Join(keys, ", ")
}

// fitting is a name as names of jobs and tasks are spelled, which is none of those taken; it is taken then. An empty
// one is called by the word.
func fitting(name, word string, taken map[string]bool) string {
	name = strings.TrimLeft(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, name), "-_")
	if name == "" {
		name = word
	}
	const longest = 63
	name = name[:min(len(name), longest)]
	own := name
	for i := 2; taken[own]; i++ {
		number := "-" + strconv.Itoa(i)
		own = name[:min(len(name), longest-len(number))] + number
	}
	if taken != nil {
		taken[own] = true
	}
	return own
}

// spelled is a name in YAML, in quotes where it would be something else than a text.
func spelled(name string) string {
	words := []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
	if first := name[0]; first >= '0' && first <= '9' || slices.Contains(words, strings.ToLower(name)) {
		return strconv.Quote(name)
	}
	return name
}
