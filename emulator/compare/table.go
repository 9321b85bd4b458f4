package compare

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// WriteTable prints, for people, model × {chains, measured mean, median and p95, and for each engine
// the predicted mean and the error, state checks} and beneath it whether the study's order holds.
// quantity is total, network or processing. The reports are of one set of chains.
func WriteTable(w io.Writer, reports []*Report, quantity string) error {
	if len(reports) == 0 || len(reports[0].Models) == 0 {
		_, err := fmt.Fprintln(w, "No chains were measured.")
		return err
	}
	t := table.NewWriter()
	t.SetStyle(style())
	top, head := table.Row{"", "", "measured " + quantity, "measured " + quantity, "measured " + quantity}, table.Row{"model", "chains", "mean ms", "median ms", "p95 ms"}
	for _, r := range reports {
		name := strings.TrimSpace("predicted: " + r.Engine)
		top = append(top, name, name, name)
		head = append(head, "mean ms", "error median %", "error p95 %")
	}
	t.AppendHeader(append(top, ""), table.RowConfig{AutoMerge: true})
	t.AppendHeader(append(head, "states ok"))
	columns := []table.ColumnConfig{}
	for i := 2; i <= len(head)+1; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for i := range reports[0].Models {
		t.AppendRow(row(reports, i, quantity))
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return err
	}
	return writeOrder(w, reports[0].Order)
}

func style() table.Style {
	s := table.StyleLight
	s.Format.Header = text.FormatDefault
	return s
}

func row(reports []*Report, model int, quantity string) table.Row {
	g := &reports[0].Models[model]
	chains := fmt.Sprint(g.Chains)
	if g.Errors > 0 {
		chains = fmt.Sprintf("%d (%d failed)", g.Chains, g.Errors)
	}
	m := g.quantity(quantity).Measured
	out := table.Row{string(g.Model), chains, millis(m.Mean), millis(m.Median), millis(m.P95)}
	for _, r := range reports {
		if model >= len(r.Models) || r.Models[model].Paired == 0 {
			out = append(out, "-", "-", "-")
			continue
		}
		q := r.Models[model].quantity(quantity)
		out = append(out, millis(q.Predicted.Mean), percent(q.Error.Median), percent(q.Error.P95))
	}
	return append(out, fmt.Sprintf("%d/%d", g.States.Passed, g.States.Checked))
}

func millis(s float64) string  { return fmt.Sprintf("%.1f", 1000*s) }
func percent(r float64) string { return fmt.Sprintf("%.1f", 100*r) }

// writeOrder prints the relations, with their numbers.
func writeOrder(w io.Writer, o Order) error {
	if len(o.Relations) == 0 {
		return nil
	}
	verdict := "holds"
	if !o.Holds {
		verdict = "does not hold"
	}
	lines := []string{"Order of the study, by mean network latency measured: " + verdict}
	for _, r := range o.Relations {
		mark := "yes"
		if !r.Holds {
			mark = "NO"
		}
		lines = append(lines, fmt.Sprintf("  %s %s %s: %s ms, %s ms; difference %s ms [%s, %s] over %d chains: %s",
			r.Left, r.Relation, r.Right, millis(r.LeftMean), millis(r.RightMean),
			millis(r.Difference.Mean), millis(r.Difference.Low), millis(r.Difference.High), r.Chains, mark))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// WriteRoles prints where the difference to one engine's predictions arises: model × role.
func WriteRoles(w io.Writer, r *Report) error {
	t := table.NewWriter()
	t.SetStyle(style())
	t.AppendHeader(table.Row{"model", "step", "steps", "measured mean ms", "predicted mean ms", "difference ms/chain", "share %"})
	columns := []table.ColumnConfig{{Number: 1, AutoMerge: true}}
	for i := 3; i <= 7; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, g := range r.Models {
		for _, s := range g.Roles {
			t.AppendRow(table.Row{string(g.Model), s.Role, s.Steps, fine(s.Measured), fine(s.Predicted), fine(s.PerChain), percent(s.Share)})
		}
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func fine(s float64) string { return fmt.Sprintf("%.3f", 1000*s) }
