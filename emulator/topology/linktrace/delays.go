package linktrace

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
)

// SpreadOptions say how delays of a distribution follow one another: see Spread.
type SpreadOptions struct {
	Correlation float64
	Coherence   int64 // ns
}

// LoadDelays reads a distribution of delays: CSV with a column delay alone (each row a delay that was measured), with
// delay and cdf (the share of delays up to there), or with from, to and count (a histogram). Its error names file, line
// and remedy.
func LoadDelays(path string, o SpreadOptions) (*Trace, error) {
	text, err := readfile.All(path, MaxFile)
	if err != nil {
		return nil, err
	}
	return ParseDelays(path, text, o)
}

// ParseDelays reads the content of such a file. name is what errors call it.
func ParseDelays(name string, text []byte, o SpreadOptions) (*Trace, error) {
	r := spreadReader{name: name}
	points, err := r.read(text)
	if err != nil {
		return nil, err
	}
	t := &Trace{Name: filepath.Base(name),
		Spread: &Spread{Quantiles: points, Correlation: o.Correlation, Coherence: o.Coherence}}
	if err := t.Check(); err != nil {
		return nil, &Error{name, 0, err.Error(), ""}
	}
	return t, nil
}

const spreadRemedy = "begin with a row of names: delay_ms; or delay_ms,cdf; or from_ms,to_ms,count"

// spreadReader reads the rows of one file.
type spreadReader struct {
	name string
	line int
	rows [][3]float64 // in the order of the names
}

func (r *spreadReader) fail(problem, remedy string) error {
	return &Error{r.name, r.line, problem, remedy}
}

var share, number = quantity{units: probability.units, plain: 1, most: 1, example: "0.5"},
	quantity{plain: 1, most: 1e15, example: "17"}

// layouts are the names of columns that a file may have, in any order.
var layouts = []struct {
	names []string
	kinds []quantity
	made  func(*spreadReader) ([]Quantile, error)
}{
	{[]string{"delay"}, []quantity{span}, (*spreadReader).samples},
	{[]string{"delay", "cdf"}, []quantity{span, share}, (*spreadReader).cumulative},
	{[]string{"from", "to", "count"}, []quantity{span, span, number}, (*spreadReader).histogram},
}

func (r *spreadReader) read(text []byte) ([]Quantile, error) {
	from := newCSV(text)
	header, err := from.Read()
	if errors.Is(err, io.EOF) {
		return nil, &Error{r.name, 1, "it is empty", spreadRemedy}
	}
	if err != nil {
		return nil, rowError(r.name, err)
	}
	r.line, _ = from.FieldPos(0)
	var names, units []string
	for _, title := range header {
		base, unit, _ := strings.Cut(strings.ToLower(strings.TrimSpace(title)), "_")
		names, units = append(names, base), append(units, unit)
	}
	for i := range layouts {
		l := &layouts[i]
		order, ok := permutation(l.names, names)
		if !ok {
			continue
		}
		of := make([]float64, len(order))
		for k, column := range order {
			of[k] = l.kinds[k].plain
			if units[column] == "" {
				continue
			}
			known, ok := l.kinds[k].find(units[column])
			if !ok {
				return nil, r.fail(fmt.Sprintf("the column %s is in no unit that is known here", l.names[k]),
					"write one of "+l.kinds[k].names(", "))
			}
			of[k] = known
		}
		if err := r.all(from, order, l.kinds, of); err != nil {
			return nil, err
		}
		return l.made(r)
	}
	return nil, r.fail("the columns "+quoted([]byte(strings.Join(header, ",")))+" are no distribution", spreadRemedy)
}

// permutation is where each of the names wanted is among those there.
func permutation(want, there []string) ([]int, bool) {
	if len(want) != len(there) {
		return nil, false
	}
	order := make([]int, len(want))
	for i, name := range want {
		if order[i] = slices.Index(there, name); order[i] < 0 {
			return nil, false
		}
	}
	return order, true
}

func (r *spreadReader) all(from *csv.Reader, order []int, kinds []quantity, of []float64) error {
	for {
		row, err := from.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rowError(r.name, err)
		}
		r.line, _ = from.FieldPos(0)
		if len(row) != len(order) {
			return r.fail(fmt.Sprintf("%s in %s", printable.There(len(row), "value"), printable.Count(len(order), "column")),
				"write a value for each column")
		}
		if len(r.rows) == MaxQuantiles/2 {
			return r.fail(fmt.Sprintf("there are more than %d rows", MaxQuantiles/2), "draw a sample of them")
		}
		var values [3]float64
		for k, column := range order {
			value, problem, remedy := kinds[k].parse(strings.TrimSpace(row[column]), of[k])
			if problem != "" {
				return r.fail(problem, remedy)
			}
			if values[k] = value; kinds[k].plain == 0 && value > float64(maxDelay) {
				return r.fail("a delay is longer than an hour", "remove the row")
			}
		}
		if err := r.ordered(values, len(order)); err != nil {
			return err
		}
		r.rows = append(r.rows, values)
	}
	if len(r.rows) == 0 {
		return r.fail("there is no row below the columns' names", "write one for each delay")
	}
	return nil
}

// ordered says what is wrong between a row and the one before, of so many columns. Samples may be in any order.
func (r *spreadReader) ordered(now [3]float64, columns int) error {
	n := len(r.rows)
	switch {
	case columns == 1:
	case columns == 2 && n > 0 && (now[0] < r.rows[n-1][0] || now[1] < r.rows[n-1][1]):
		return r.fail("delay or cdf is less than in the row above", "sort the rows by delay")
	case columns == 3 && now[1] < now[0]:
		return r.fail("the bin ends before it begins", "write from and to the other way round")
	case columns == 3 && n > 0 && now[0] < r.rows[n-1][1]:
		return r.fail("the bin begins before the one above ends", "sort the rows, and let no two overlap")
	}
	return nil
}

// samples are as frequent as they were measured: each is a step.
func (r *spreadReader) samples() ([]Quantile, error) {
	slices.SortFunc(r.rows, func(a, b [3]float64) int { return cmp.Compare(a[0], b[0]) })
	points := []Quantile{{0, int64(r.rows[0][0])}}
	for i, row := range r.rows {
		if last := &points[len(points)-1]; last.Delay != int64(row[0]) {
			points = append(points, Quantile{last.P, int64(row[0])})
		} else if len(points) > 1 && i > 0 && points[len(points)-2].Delay == last.Delay {
			last.P = float64(i+1) / float64(len(r.rows))
			continue
		}
		points = append(points, Quantile{float64(i+1) / float64(len(r.rows)), int64(row[0])})
	}
	return points, nil
}

// cumulative are points of the distribution; below the first there is a step.
func (r *spreadReader) cumulative() ([]Quantile, error) {
	if last := r.rows[len(r.rows)-1][1]; last != 1 {
		return nil, r.fail(fmt.Sprintf("the last cdf is %g", last), "end with 1, or 100%")
	}
	points := []Quantile{{0, int64(r.rows[0][0])}}
	for _, row := range r.rows {
		points = append(points, Quantile{row[1], int64(row[0])})
	}
	return points, nil
}

// histogram has delays spread evenly in each bin.
func (r *spreadReader) histogram() ([]Quantile, error) {
	sum, total := 0.0, 0.0
	for _, row := range r.rows {
		total += row[2]
	}
	if total <= 0 {
		return nil, r.fail("nothing was counted", "write how many delays were in each bin")
	}
	var points []Quantile
	for _, row := range r.rows {
		if row[2] == 0 {
			continue
		}
		points = append(points, Quantile{sum / total, int64(row[0])})
		sum += row[2]
		points = append(points, Quantile{sum / total, int64(row[1])})
	}
	points[len(points)-1].P = 1 // whatever rounding made of it
	return points, nil
}
