package compare

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"testbed/emulator/record"
)

// EdgeNote says what the columns of the table are.
const EdgeNote = "Payload as planned, each transfer once; " +
	"links: what those to and from the cloud counted, frames with headers and ACKs"

// EdgeHeads are the columns of what leaves the edge, without the model; those of costs come last, where there are any.
func EdgeHeads(all []record.Edge) (heads []string) {
	heads = []string{"out kB", "in kB", "messages", "out kB (links)", "in kB (links)", "MB/h"}
	if priced(all) {
		heads = append(heads, "cost", "cost (links)")
	}
	return heads
}

// EdgeCells are the numbers below them, of a job on average; an hour is one of the workload's own times. Costs are
// those of a million jobs.
func EdgeCells(all []record.Edge, e *record.Edge) []string {
	kB := func(bytes float64) string { return fmt.Sprintf("%.1f", bytes/1e3) }
	p, hour := e.PlannedPerJob(), "-"
	cells := []string{kB(p.Out), kB(p.In), fmt.Sprintf("%.1f", p.MessagesOut+p.MessagesIn)}
	if e.JobsPerHour > 0 {
		hour = fmt.Sprintf("%.1f", (p.Out+p.In)*e.JobsPerHour/1e6)
	}
	if e.Measured != nil {
		out, in := e.MeasuredPerJob()
		cells = append(cells, kB(out), kB(in), hour)
	} else {
		cells = append(cells, "-", "-", hour)
	}
	if priced(all) {
		planned, measured := e.Cost()
		cells = append(cells, fmt.Sprintf("%.2f", planned))
		if e.Measured != nil {
			cells = append(cells, fmt.Sprintf("%.2f", measured))
		} else {
			cells = append(cells, "-")
		}
	}
	return cells
}

// EdgeJobs is how many jobs the chains stand for where they are a sample; 0: they are none.
func EdgeJobs(all []record.Edge) (jobs float64) {
	for i := range all {
		jobs = max(jobs, all[i].Jobs)
	}
	return jobs
}

func priced(all []record.Edge) bool { return len(all) > 0 && all[0].Prices != nil }

// WriteEdge prints what leaves the edge, by model; nothing where no link leads to the cloud.
func WriteEdge(w io.Writer, all []record.Edge) error {
	if len(all) == 0 {
		return nil
	}
	p := &printer{w: w}
	heads := EdgeHeads(all)
	t := newTable(1+len(heads), 2)
	head := table.Row{"model"}
	for _, h := range heads {
		head = append(head, h)
	}
	t.AppendHeader(head)
	for i := range all {
		row := table.Row{all[i].Model}
		for _, c := range EdgeCells(all, &all[i]) {
			row = append(row, c)
		}
		t.AppendRow(row)
	}
	p.line("What leaves the edge for the cloud, and comes from there, a job")
	p.table(t)
	p.paragraph(EdgeNote)
	if jobs := EdgeJobs(all); jobs > 0 {
		text := fmt.Sprintf("A job is one of %.0f, for which the chains stand by their weights", jobs)
		if slices.ContainsFunc(all, func(e record.Edge) bool { return e.Measured != nil }) {
			text += "; what links counted is of the chains, scaled by what was planned of jobs and of chains"
		}
		p.paragraph(text)
	}
	if priced(all) {
		p.line("Costs are of a million jobs, by the scenario's prices")
	}
	return p.err
}
