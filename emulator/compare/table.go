package compare

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"testbed/emulator/internal/printable"
)

// Width is how many columns of a terminal tables take at most, with two engines and the study's models.
const Width = 100

// printer writes lines and keeps the first failure.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	printable.Args(args)
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// paragraph writes words, wrapped.
func (p *printer) paragraph(words string) {
	const glue = "\x01" // a number and its % stay together
	lines := strings.Split(text.WrapSoft(strings.ReplaceAll(printable.Line(words), " %", glue+"%"), Width-2), "\n")
	for i := range lines {
		lines[i] = strings.ReplaceAll(strings.TrimRight(lines[i], " "), glue, " ")
	}
	if p.err == nil {
		_, p.err = io.WriteString(p.w, strings.Join(lines, "\n  ")+"\n")
	}
}

// newTable has a line under its header and no others, and its columns from the given one on aligned to the right.
func newTable(columns, right int) table.Writer {
	t := table.NewWriter()
	s := table.StyleLight
	s.Format.Header = text.FormatDefault
	s.Options = table.Options{SeparateHeader: true}
	s.Box.MiddleHorizontal = "-"
	t.SetStyle(s)
	var configs []table.ColumnConfig
	for i := 1; i <= columns; i++ {
		c := table.ColumnConfig{Number: i, Transformer: printable.Cell, TransformerHeader: printable.Cell}
		if i >= right {
			c.Align, c.AlignHeader = text.AlignRight, text.AlignRight
		}
		configs = append(configs, c)
	}
	t.SetColumnConfigs(configs)
	return t
}

func (p *printer) table(t table.Writer) {
	for line := range strings.SplitSeq(t.Render(), "\n") {
		p.line("%s", strings.TrimRight(line, " "))
	}
}

// WriteTable prints, for people, model × {chains, measured mean, median and p95, and for each engine
// the predicted mean and the error's median and p95}, and beneath it the state checks, whether the study's
// order holds, and how far the models are ranked as predicted. quantity is total, network or processing.
// The reports are of one set of chains.
func WriteTable(w io.Writer, reports []*Report, quantity string) error {
	p := &printer{w: w}
	if len(reports) == 0 || len(reports[0].Models) == 0 {
		p.line("No chains were measured.")
		return p.err
	}
	t := modelTable(reports, quantity)
	for i := range reports[0].Models {
		t.AppendRow(modelRow(reports, i, quantity))
	}
	p.table(t)
	p.sampled(reports[0])
	p.starts(reports[0])
	p.undisturbed(reports, quantity)
	p.picks(reports, quantity)
	p.states(reports[0])
	p.order(reports[0].Order)
	p.orderUndisturbed(reports[0])
	for _, r := range reports {
		p.ranks(r)
	}
	for _, r := range reports {
		p.branches(r)
		p.instances(r)
	}
	return p.err
}

// sampled says what the chains of a sample stand for.
func (p *printer) sampled(r *Report) {
	if g := &r.Models[0]; g.Jobs > 0 {
		p.line("Means, medians and percentiles are of %.0f jobs, for which the chains stand by their weights", g.Jobs)
	}
}

// modelTable has a row for each model.
func modelTable(reports []*Report, quantity string) table.Writer {
	top := table.Row{"", "", "measured", quantity, "ms"}
	head := table.Row{"model", "chains", "mean", "median", "p95"}
	for _, r := range reports {
		top = append(top, or(r.Engine, "predicted"), "error", "error")
		head = append(head, "mean", "median", "p95")
	}
	t := newTable(len(head), 2)
	t.AppendHeader(top)
	t.AppendHeader(head)
	return t
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func modelRow(reports []*Report, model int, quantity string) table.Row {
	g := &reports[0].Models[model]
	m := g.quantity(quantity).Measured
	out := table.Row{string(g.Model), fmt.Sprint(g.Chains - g.Errors), millis(m.Mean), millis(m.Median), millis(m.P95)}
	for _, r := range reports {
		if model >= len(r.Models) {
			out = append(out, "-", "-", "-")
			continue
		}
		out = append(out, r.Models[model].quantity(quantity).cells(r.Models[model].Paired)...)
	}
	return out
}

// cells are those of a prediction, of so many pairs.
func (q *Quantity) cells(pairs int) table.Row {
	if pairs == 0 {
		return table.Row{"-", "-", "-"}
	}
	return table.Row{millis(q.Predicted.Mean), percent(q.Error.Median), percent(q.Error.P95)}
}

func millis(s float64) string  { return fmt.Sprintf("%.1f", 1000*s) }
func percent(r float64) string { return fmt.Sprintf("%.1f %%", 100*r) }

// states writes what failed, and the checks of states.
func (p *printer) states(r *Report) {
	var sum States
	for _, g := range r.Models {
		s := g.States
		sum.Checked, sum.Passed, sum.Failed = sum.Checked+s.Checked, sum.Passed+s.Passed, sum.Failed+s.Failed
		if g.Errors > 0 || g.States.Failed > 0 {
			p.line("%s: %d of %s failed, %d of %s were wrong",
				g.Model, g.Errors, printable.Count(g.Chains, "chain"), s.Failed, printable.Count(s.Checked, "state"))
		}
	}
	p.line("States: %d of %d as expected after their chain", sum.Passed, sum.Checked)
}

// order writes the study's relations, with their numbers.
func (p *printer) order(o Order) {
	if len(o.Relations) == 0 {
		return
	}
	p.line("Order of the study, by mean network latency measured (%s of paired chains): %s",
		printable.Count(len(o.Relations), "comparison"),
		o.Verdict.words())
	for _, r := range o.Relations {
		mark := string(r.Verdict)
		switch {
		case r.Verdict == No:
			mark = "NO"
		case r.ToDecide > 0:
			mark += fmt.Sprintf(" (about %s would decide it)", printable.Count(r.ToDecide, "chain"))
		}
		p.line("  %s %s %s: %s, %s ms; difference %s [%s, %s], %s: %s",
			r.Left, r.Relation, r.Right, millis(r.LeftMean), millis(r.RightMean),
			millis(r.Difference.Mean), millis(r.Difference.Low), millis(r.Difference.High), chains(r.Chains), mark)
	}
}

func (p *printer) ranks(r *Report) {
	for _, k := range r.Ranks {
		p.line("Rank by %s, measured against %s: tau %.2f, rho %.2f; %d of %s in the same order",
			k.Quantity, r.Engine, k.Kendall, k.Spearman, k.SameOrder, printable.Count(k.Jobs, "job"))
	}
}

// WriteVerdict prints the verdict on one engine's predictions.
func WriteVerdict(w io.Writer, r *Report) error {
	p := &printer{w: w}
	for _, words := range r.Verdict.Text {
		p.paragraph(words)
	}
	return p.err
}

// WriteLengths prints model × chain length: means with the relative difference's interval, and the outcome.
func WriteLengths(w io.Writer, r *Report) error {
	p := &printer{w: w}
	t := newTable(7, 2)
	t.AppendHeader(table.Row{
		"model", "length", "pairs", "measured ms", or(r.Engine, "predicted") + " ms", "difference %",
		fmt.Sprintf("within %s %%", trim(100*r.Verdict.Within)),
	})
	last := ""
	for i := range r.Lengths {
		g := &r.Lengths[i]
		f, ok := g.finding(r.Verdict.Within)
		if !ok {
			continue
		}
		name := string(g.Model)
		if name == last {
			name = ""
		} else {
			last = name
		}
		predicted, relative := g.Total.Predicted.Mean, f.Relative
		t.AppendRow(table.Row{
			name, g.Length, g.Paired, millis(predicted + g.Total.Difference.Mean), millis(predicted),
			fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*relative.Ratio, 100*relative.Low, 100*relative.High),
			string(f.Outcome),
		})
	}
	p.table(t)
	return p.err
}
