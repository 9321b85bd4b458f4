package figures

import (
	"cmp"
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// WriteCSV writes the points of all curves: model (or what they are named by), policy, x, the mean and its 95 %
// confidence interval (empty where there were fewer than two samples), and the number of samples. Numbers are written
// as Number does.
func (f *Figure) WriteCSV(w io.Writer) error {
	out, first, second := csv.NewWriter(w), "model", "policy"
	if f.ByOrder {
		first = cmp.Or(f.Named, "curve")
	}
	if f.Told != "" {
		second = f.Told
	}
	_ = out.Write([]string{ // out remembers a failure
		first, second, f.X.Column, f.Y.Column, "ci95_low", "ci95_high", "samples",
	})
	for _, c := range f.Curves {
		for _, p := range c.Points {
			_ = out.Write([]string{
				c.Model, c.Policy, Number(p.X), Number(p.Y), Number(p.Low), Number(p.High), strconv.Itoa(p.Samples),
			})
		}
	}
	out.Flush()
	return out.Error()
}

// Number is how this project writes measured and predicted figures into CSV: with nine significant digits,
// so that the last bits, in which processors may differ, do not show; empty for NaN, which says that there
// is none.
func Number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 9, 64)
}
