package figures

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// WriteCSV writes the points of all curves: model, policy, x, the mean and its 95 % confidence interval
// (empty where there were fewer than two samples), and the number of samples. Numbers have nine
// significant digits, so that the last bits, in which machines may differ, do not show.
func (f *Figure) WriteCSV(w io.Writer) error {
	out, first, second := csv.NewWriter(w), "model", "policy"
	if f.ByOrder {
		first = "curve"
	}
	if f.Told != "" {
		second = f.Told
	}
	_ = out.Write([]string{first, second, f.X.Column, f.Y.Column, "ci95_low", "ci95_high", "samples"}) // out remembers a failure
	for _, c := range f.Curves {
		for _, p := range c.Points {
			_ = out.Write([]string{c.Model, c.Policy, number(p.X), number(p.Y), number(p.Low), number(p.High), strconv.Itoa(p.Samples)})
		}
	}
	out.Flush()
	return out.Error()
}

func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 9, 64)
}
