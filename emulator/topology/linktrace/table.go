package linktrace

import (
	"fmt"
	"slices"
	"sort"

	"testbed/emulator/internal/readfile"
)

// Table says how a link is at a distance: between two rows in a straight line, beyond the last and the first as these.
type Table struct {
	Name    string
	columns Columns
	rows    []reach
}

// reach is how a link is at a distance, in m.
type reach struct {
	distance float64
	Knot
}

// metres is what distances are in where nothing else is said.
var metres = quantity{units: []unit{{"m", 1}, {"km", 1000}}, plain: 1, most: 1e9, example: "120"}

// LoadTable reads a table from a file: CSV with a column distance (in m, or distance_km) and some of rate, delay,
// jitter, loss and queue, as in a trace. Its error names file, line and remedy.
func LoadTable(path string) (*Table, error) {
	text, err := readfile.All(path, MaxFile)
	if err != nil {
		return nil, err
	}
	return ParseTable(path, text)
}

// ParseTable reads the content of such a file. name is what errors call it.
func ParseTable(name string, text []byte) (*Table, error) {
	t := &Trace{Hold: true}
	r := rowReader{Trace: t, name: name, table: true}
	if err := r.read(text); err != nil {
		return nil, err
	}
	table := &Table{Name: name, columns: t.Columns}
	for i, k := range t.Knots {
		table.rows = append(table.rows, reach{r.distances[i], k})
	}
	return table, nil
}

// Rows is how many rows it has.
func (t *Table) Rows() int { return len(t.rows) }

// at is how the link is at a distance.
func (t *Table) at(distance float64) Knot {
	i := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].distance >= distance })
	switch {
	case i == 0:
		return t.rows[0].Knot
	case i == len(t.rows):
		return t.rows[i-1].Knot
	}
	a, b := &t.rows[i-1], &t.rows[i]
	return between(&a.Knot, &b.Knot, (distance-a.distance)/(b.distance-a.distance))
}

// locate makes knots of distances in the course of time. Between two knots of a linear trace, in which the distance
// goes in a straight line, there is one more for each row of the table that is passed.
func (r *rowReader) locate(table *Table) error {
	if r.Columns != 0 {
		return &Error{r.name, 1, "the table gives what the link is like, and so does a column beside distance",
			"leave time and distance alone, or the table out"}
	}
	var knots []Knot
	add := func(at int64, distance float64) {
		k := table.at(distance)
		if k.At = at; len(knots) == 0 || knots[len(knots)-1].At < at {
			knots = append(knots, k)
		}
	}
	for i, k := range r.Knots {
		if i > 0 && r.Linear {
			before := r.Knots[i-1].At
			from, to := r.distances[i-1], r.distances[i]
			for _, passed := range table.passed(from, to) {
				add(before+int64(float64(k.At-before)*(passed-from)/(to-from)), passed)
			}
		}
		add(k.At, r.distances[i])
		if len(knots) > MaxKnots {
			return &Error{r.name, 0, fmt.Sprintf("by the table it has more than %d rows", MaxKnots),
				"cut the trace or the table"}
		}
	}
	r.Knots, r.Columns = knots, table.columns
	return nil
}

// passed are the rows' distances strictly between two, in the order in which they are passed.
func (t *Table) passed(from, to float64) []float64 {
	low, high := min(from, to), max(from, to)
	first := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].distance > low })
	var all []float64
	for _, row := range t.rows[first:] {
		if row.distance >= high {
			break
		}
		all = append(all, row.distance)
	}
	if to < from {
		slices.Reverse(all)
	}
	return all
}
