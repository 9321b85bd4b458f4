package spar

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// Write writes the trace in the format that Read reads: rows that were skipped or malformed are not in it.
func Write(w io.Writer, trace *Trace) error {
	out := bufio.NewWriter(w)
	for i := range trace.Jobs {
		job := &trace.Jobs[i]
		arrival := strconv.FormatFloat(job.Arrival.Seconds(), 'f', -1, 64)
		for j := range job.Tasks {
			t := &job.Tasks[j]
			// A failed write is remembered by the buffer and returned by Flush.
			_, _ = fmt.Fprintf(out, "%s,j_%d,%s,%s,%s,%s,%d\n", arrival, job.Number, t.Name,
				formatFloat(t.Duration), formatFloat(t.CPU), formatFloat(t.Mem), t.Instances)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("trace %s: %w", trace.Name, err)
	}
	return nil
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
