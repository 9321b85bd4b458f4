package alibaba

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// Write writes a trace of Spår's kind in the format that Read reads. When its tasks started is not known: they do as
// soon as those for which they wait have ended, the first when the job arrives, and none waits for a machine.
func Write(w io.Writer, t workload.Trace) error {
	var trace *spar.Trace
	switch known := t.(type) {
	case *spar.Trace:
		trace = known
	case *Trace:
		trace = known.Trace
	default:
		return fmt.Errorf("%T: %w", t, spar.ErrFormat)
	}
	out := bufio.NewWriter(w)
	for i := range trace.Jobs {
		writeJob(out, &trace.Jobs[i])
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("trace %s: %w", trace.Name, err)
	}
	return nil
}

// writeJob writes a job's rows. A failed write is remembered by the buffer and returned by Flush.
func writeJob(out *bufio.Writer, job *spar.Job) {
	arrival := job.Arrival.Seconds()
	ends := make(map[int]float64, len(job.Tasks)) // by the task's number
	for _, t := range job.Tasks {
		ends[t.Number] = arrival
	}
	byNumber := make([]*spar.Task, len(job.Tasks))
	for i := range job.Tasks {
		byNumber[i] = &job.Tasks[i]
	}
	slices.SortFunc(byNumber, func(a, b *spar.Task) int { return cmp.Compare(a.Number, b.Number) })
	for _, t := range byNumber {
		start := arrival
		for _, p := range t.Precedences {
			start = max(start, ends[p])
		}
		ends[t.Number] = start + t.Duration
		_, _ = fmt.Fprintf(out, "%s,%d,%s,1,Terminated,%s,%s,%s,%s\n", t.Name, t.Instances, job.Name(), decimal(start),
			decimal(ends[t.Number]), decimal(t.CPU), decimal(t.Mem))
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
