package experiment

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"

	"testbed/emulator/report/figures"
)

// SummaryFile has the pooled summary: a row a combination of levels, engine and model.
const SummaryFile = "summary.csv"

// csv is the summary as a table.
func (p *Pooled) csv() ([]byte, error) {
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	head := append([]string{}, p.Factors...)
	head = append(head, "engine", "model", "runs", "chains", "failed")
	for _, q := range []string{"latency", "network", "processing"} {
		for _, part := range []string{"mean", "runs_low", "runs_high", "chains_low", "chains_high"} {
			head = append(head, q+"_"+part+"_s")
		}
	}
	_ = out.Write(append(head, "error_mean", "error_median", "error_p95")) // memory takes everything
	for i := range p.Groups {
		g := &p.Groups[i]
		var row []string
		for f, level := range g.Levels {
			if !math.IsNaN(g.values[f]) {
				level = decimal(g.values[f])
			}
			row = append(row, level)
		}
		row = append(row, g.Engine, g.Model, strconv.Itoa(g.Runs), strconv.Itoa(g.Chains), strconv.Itoa(g.Failed))
		for _, e := range []Estimate{g.Latency, g.Network, g.Processing} {
			row = append(row, figures.Number(e.Mean), optional(e.RunsLow), optional(e.RunsHigh),
				figures.Number(e.ChainsLow), figures.Number(e.ChainsHigh))
		}
		e := Error{Mean: math.NaN(), Median: math.NaN(), P95: math.NaN()}
		if g.Errors != nil {
			e = *g.Errors
		}
		_ = out.Write(append(row, figures.Number(e.Mean), figures.Number(e.Median), figures.Number(e.P95)))
	}
	out.Flush()
	return text.Bytes(), out.Error()
}

func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return figures.Number(*v)
}
