package record

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// column is one column of chains.csv: its name, with the unit, and how to write and read it.
type column struct {
	name string
	get  func(*Chain) string
	set  func(*Chain, string) error
}

func text(name string, at func(*Chain) *string) column {
	return column{name,
		func(c *Chain) string { return oneLine(*at(c)) },
		func(c *Chain, s string) error { *at(c) = s; return nil }}
}

func whole[T int | int64](name string, at func(*Chain) *T) column {
	return column{name,
		func(c *Chain) string { return strconv.FormatInt(int64(*at(c)), 10) },
		func(c *Chain, s string) error {
			v, err := strconv.ParseInt(s, 10, 64)
			*at(c) = T(v)
			return err
		}}
}

func seconds(name string, at func(*Chain) *float64) column {
	return column{name,
		func(c *Chain) string { return strconv.FormatFloat(*at(c), 'f', -1, 64) },
		func(c *Chain, s string) (err error) { *at(c), err = strconv.ParseFloat(s, 64); return err }}
}

// predicted is a column that is empty where there is no prediction.
func predicted(name string, at func(*Times) *float64) column {
	return column{name,
		func(c *Chain) string {
			if c.Predicted == nil {
				return ""
			}
			return strconv.FormatFloat(*at(c.Predicted), 'f', -1, 64)
		},
		func(c *Chain, s string) (err error) {
			if s == "" {
				return nil
			}
			if c.Predicted == nil {
				c.Predicted = &Times{}
			}
			*at(c.Predicted), err = strconv.ParseFloat(s, 64)
			return err
		}}
}

// columns are those of chains.csv, in order.
func columns() []column {
	return []column{
		text("run", func(c *Chain) *string { return &c.Run }),
		text("testbed", func(c *Chain) *string { return &c.Testbed }),
		text("scenario", func(c *Chain) *string { return &c.Scenario }),
		text("model", func(c *Chain) *string { return &c.Model }),
		text("policy", func(c *Chain) *string { return &c.Policy }),
		text("fabric", func(c *Chain) *string { return &c.Fabric }),
		text("runtime", func(c *Chain) *string { return &c.Runtime }),
		text("client_class", func(c *Chain) *string { return &c.ClientClass }),
		whole("length", func(c *Chain) *int { return &c.Length }),
		{"time", func(c *Chain) string { return c.Time.UTC().Format(time.RFC3339Nano) },
			func(c *Chain, s string) (err error) { c.Time, err = time.Parse(time.RFC3339Nano, s); return err }},
		whole("index", func(c *Chain) *int { return &c.Index }),
		text("job", func(c *Chain) *string { return &c.Job }),
		text("client", func(c *Chain) *string { return &c.Client }),
		whole("start_ns", func(c *Chain) *int64 { return &c.Start }),
		seconds("latency_s", func(c *Chain) *float64 { return &c.Measured.Latency }),
		seconds("network_s", func(c *Chain) *float64 { return &c.Measured.Network }),
		seconds("processing_s", func(c *Chain) *float64 { return &c.Measured.Processing }),
		whole("bytes", func(c *Chain) *int64 { return &c.Bytes }),
		whole("states", func(c *Chain) *int { return &c.States }),
		whole("states_lost", func(c *Chain) *int { return &c.Lost }),
		whole("conflicts", func(c *Chain) *int { return &c.Conflicts }),
		whole("cold", func(c *Chain) *int { return &c.Cold }),
		seconds("late_s", func(c *Chain) *float64 { return &c.Late }),
		predicted("predicted_latency_s", func(t *Times) *float64 { return &t.Latency }),
		predicted("predicted_network_s", func(t *Times) *float64 { return &t.Network }),
		predicted("predicted_processing_s", func(t *Times) *float64 { return &t.Processing }),
		text("error", func(c *Chain) *string { return &c.Error }),
	}
}

// oneLine makes a text fit for both formats.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// writeHeader and writeRow write chains.csv.
func writeHeader(w *csv.Writer) error {
	var row []string
	for _, col := range columns() {
		row = append(row, col.name)
	}
	return w.Write(row)
}

func writeRow(w *csv.Writer, columns []column, c *Chain) error {
	row := make([]string, len(columns))
	for i, col := range columns {
		row[i] = col.get(c)
	}
	return w.Write(row)
}

// ReadChains reads a table of chains, chains.csv. Columns may be in any order, and unknown ones are left
// alone. Where the last line is cut off it returns the others with an error that wraps ErrTruncated.
func ReadChains(path string) ([]Chain, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	chains, err := readChains(f)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return chains, err
}

func readChains(r io.Reader) ([]Chain, error) {
	ends := &lastByte{r: r}
	table := csv.NewReader(ends)
	table.FieldsPerRecord = -1
	header, err := table.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("the file is empty: %w", ErrTruncated)
	} else if err != nil {
		return nil, err
	}
	known := map[string]column{}
	for _, col := range columns() {
		known[col.name] = col
	}
	var chains []Chain
	for {
		row, err := table.Read()
		if err == io.EOF {
			if ends.last != '\n' {
				return chains[:max(len(chains)-1, 0)], ErrTruncated // the last row may have lost digits
			}
			return chains, nil
		}
		var c Chain
		line, _ := table.FieldPos(0)
		if err == nil {
			err = readRow(&c, known, header, row)
		}
		if err != nil {
			if _, end := table.Read(); errors.Is(end, io.EOF) && ends.last != '\n' {
				return chains, fmt.Errorf("line %d: %w", line, ErrTruncated)
			}
			return chains, fmt.Errorf("line %d: %w", line, err)
		}
		chains = append(chains, c)
	}
}

func readRow(c *Chain, known map[string]column, header, row []string) error {
	if len(row) != len(header) {
		return fmt.Errorf("%d columns, not %d", len(row), len(header))
	}
	for i, name := range header {
		if col, ok := known[name]; ok {
			if err := col.set(c, row[i]); err != nil {
				return fmt.Errorf("column %s: %w", name, err)
			}
		}
	}
	return nil
}

// lastByte remembers the last byte read, to tell whether a file ends with a line's end.
type lastByte struct {
	r    io.Reader
	last byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}
