package linktrace

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"testbed/emulator/internal/printable"
)

// columnNames are what columns may be called, with what follows where numbers have no unit of their own: rate_mbps.
var columnNames = []struct {
	name  string
	kind  quantity
	gives Columns // 0: the time
}{
	{"time", clock, 0}, {"rate", rate, Rate}, {"delay", span, Delay}, {"jitter", span, Jitter},
	{"loss", probability, Loss},
	{"queue", size, Queue},
}

// column is one of a file's.
type column struct {
	title string
	kind  quantity
	unit  float64 // of numbers without one; 0: they need one
	into  func(k *Knot, value float64)
}

// mostFields bounds a row.
const mostFields = 64

// rowReader reads the rows of one file into a trace.
type rowReader struct {
	*Trace
	name    string
	columns []column
	first   int64 // time of the first row, from which times count

	table     bool      // it is one of distances, without time
	distances []float64 // of a trace with distances, and of a table, by row
	distance  float64   // of the row at hand
}

// parseRows reads CSV: a row of names, and then one for each knot.
func (t *Trace) parseRows(name string, text []byte, table *Table) error {
	reader := rowReader{Trace: t, name: name}
	err := reader.read(text)
	switch apart := len(reader.distances) > 0; {
	case err != nil:
		return err
	case apart && table == nil:
		return &Error{name, 1, "there are distances, and nothing says what the link is like there", "add table: FILE"}
	case table != nil && !apart:
		return &Error{name, 1, "there is a table, and no column distance to look up in it",
			"add the column, or leave table out"}
	case table != nil:
		return reader.locate(table)
	}
	return nil
}

// read reads the rows into the trace's knots.
func (r *rowReader) read(text []byte) error {
	t, name := r.Trace, r.name
	from := newCSV(text)
	header, err := from.Read()
	if err != nil {
		return rowError(name, err)
	}
	line, _ := from.FieldPos(0)
	if err := r.titles(line, header); err != nil {
		return err
	}
	for {
		row, err := from.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rowError(name, err)
		}
		line, _ = from.FieldPos(0)
		if len(t.Knots) == MaxKnots {
			return &Error{name, line, fmt.Sprintf("there are more than %d rows", MaxKnots), "cut the trace"}
		}
		if err := r.row(line, row); err != nil {
			return err
		}
	}
	switch {
	case len(t.Knots) == 0:
		return &Error{name, line, "there is no row below the columns' names", "write one for each change of the link"}
	case len(t.Knots) == 1 && !t.Hold:
		return &Error{name, line, "the only row is the end as well, so that the trace takes no time",
			"add a row that says when it begins anew, or write end: hold"}
	}
	return nil
}

// unmarked is a text without the byte-order mark that it may begin with.
func unmarked(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

// newCSV reads rows, of which some may be comments.
func newCSV(text []byte) *csv.Reader {
	from := csv.NewReader(bytes.NewReader(unmarked(text)))
	from.ReuseRecord, from.TrimLeadingSpace, from.Comment, from.FieldsPerRecord = true, true, '#', -1
	return from
}

// rowError is that of a row that is no CSV.
func rowError(name string, err error) error {
	if errors.Is(err, io.EOF) {
		return &Error{name, 1, "it is empty", headerRemedy}
	}
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		return &Error{name, wrong.Line, wrong.Err.Error(), "separate values by commas, and quote none"}
	}
	return &Error{name, 0, err.Error(), ""}
}

const headerRemedy = "begin with a row of names: time and some of rate, delay, jitter, loss, queue"

// titles finds out what a row of names means.
func (r *rowReader) titles(line int, header []string) error {
	fail := func(problem, remedy string) error { return &Error{r.name, line, problem, remedy} }
	if len(header) > mostFields {
		return fail(printable.There(len(header), "column"), headerRemedy)
	}
	timed, apart := r.table, false
	for _, title := range header {
		title = strings.ToLower(strings.TrimSpace(title))
		if base, _, _ := strings.Cut(title, "_"); base == "distance" {
			if apart {
				return fail("the column distance is there twice", "remove one of them")
			}
			c, err := r.apart(title)
			if err != nil {
				return fail(err.Error(), headerRemedy)
			}
			apart, r.columns = true, append(r.columns, c)
			continue
		}
		c, gives, err := columnOf(title)
		if err != nil {
			return fail(err.Error(), headerRemedy)
		}
		if gives == 0 && timed || r.Columns&gives != 0 {
			return fail(fmt.Sprintf("the column %s is there twice", quoted([]byte(title))), "remove one of them")
		}
		timed = timed || gives == 0
		r.Columns |= gives
		r.columns = append(r.columns, c)
	}
	switch {
	case r.table && !apart:
		return fail("there is no column distance",
			"begin with a row of names: distance and some of rate, delay, jitter, loss, queue")
	case !timed:
		return fail("there is no column time", headerRemedy)
	case r.Columns == 0 && (r.table || !apart):
		return fail("there is nothing but the time", headerRemedy)
	case r.Columns&Jitter != 0 && r.Columns&Delay == 0:
		return fail("there is jitter and no delay that it is held against", "add a column delay")
	}
	return nil
}

// apart is the column of distances.
func (r *rowReader) apart(title string) (column, error) {
	c := column{title: title, kind: metres, unit: metres.plain, into: func(_ *Knot, v float64) { r.distance = v }}
	if _, suffix, named := strings.Cut(title, "_"); named {
		of, ok := metres.find(suffix)
		if !ok {
			return c, fmt.Errorf("the column %s is in no unit that is known here: write distance_m or distance_km",
				quoted([]byte(title)))
		}
		c.unit = of
	}
	r.distances = []float64{}
	return c, nil
}

// columnOf is what a column's title means.
func columnOf(title string) (column, Columns, error) {
	base, suffix, named := strings.Cut(title, "_")
	for _, known := range columnNames {
		if known.name != base {
			continue
		}
		c := column{title: title, kind: known.kind, unit: known.kind.plain, into: setter(known.gives)}
		if named {
			of, ok := known.kind.find(suffix)
			if !ok {
				return c, 0, fmt.Errorf("the column %s is in no unit that is known here: write %s_%s", quoted([]byte(title)),
					base, known.kind.names(", "+base+"_"))
			}
			c.unit = of
		}
		return c, known.gives, nil
	}
	return column{}, 0, fmt.Errorf("the column %s is unknown", quoted([]byte(title)))
}

func setter(gives Columns) func(*Knot, float64) {
	switch gives {
	case Rate:
		return func(k *Knot, v float64) { k.Rate = v }
	case Delay:
		return func(k *Knot, v float64) { k.Delay = int64(v) }
	case Jitter:
		return func(k *Knot, v float64) { k.Jitter = int64(v) }
	case Loss:
		return func(k *Knot, v float64) { k.Loss = v }
	case Queue:
		return func(k *Knot, v float64) { k.Queue = int64(v) }
	}
	return func(k *Knot, v float64) { k.At = int64(v) }
}

// row reads one knot.
func (r *rowReader) row(line int, row []string) error {
	fail := func(problem, remedy string) error { return &Error{r.name, line, problem, remedy} }
	if len(row) != len(r.columns) {
		return fail(fmt.Sprintf("%s in %s", printable.There(len(row), "value"), printable.Count(len(r.columns), "column")),
			"write a value for each column")
	}
	var k Knot
	for i := range r.columns {
		c := &r.columns[i]
		value, problem, remedy := c.kind.parse(strings.TrimSpace(row[i]), c.unit)
		if problem != "" {
			return fail(c.title+": "+problem, remedy)
		}
		c.into(&k, value)
	}
	if r.distances != nil {
		if n := len(r.distances); r.table && n > 0 && r.distance <= r.distances[n-1] {
			return fail("its distance is no longer than that of the row above", "sort the rows, and leave none twice")
		}
		r.distances = append(r.distances, r.distance)
	}
	if r.table {
		k.At = int64(len(r.Knots)) // there is no time
	}
	if len(r.Knots) == 0 {
		r.first = k.At
	}
	k.At -= r.first
	if n := len(r.Knots); n > 0 && k.At <= r.Knots[n-1].At {
		return fail("its time is no later than that of the row above", "sort the rows, and leave none twice")
	}
	if err := k.check(); err != nil {
		return fail(err.Error(), "correct it")
	}
	if r.Columns&Queue != 0 && k.Queue < smallestQueue {
		return fail(fmt.Sprintf("a queue of %d bytes has no room for a frame", k.Queue),
			fmt.Sprintf("write at least %d", smallestQueue))
	}
	r.Knots = append(r.Knots, k)
	return nil
}

// smallestQueue has room for one full frame.
const smallestQueue = Opportunity + EthernetHeader
