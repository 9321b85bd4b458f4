// Package lineprotocol reads and writes points in InfluxDB's line protocol. Reading tolerates a file
// whose last line was cut off, as a crash leaves it.
package lineprotocol

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	influx "github.com/influxdata/line-protocol/v2/lineprotocol"

	"testbed/emulator/internal/readfile"
)

// ErrTruncated is wrapped by the error that Read returns, together with all points before it, where the
// last line is not complete.
var ErrTruncated = errors.New("the last line is cut off")

// Point is one line. Field values are int64, uint64, float64, bool or string.
type Point struct {
	Measurement string
	Tags        map[string]string // empty values are left out: the protocol has none
	Fields      map[string]any    // at least one
	Time        time.Time         // to the nanosecond
}

// Append appends a point's line, with its tags and fields in alphabetical order. It fails, and appends
// nothing, where a name or value cannot be written: control characters, NaN, no field at all.
func Append(dst []byte, p Point) ([]byte, error) {
	var e influx.Encoder
	e.SetPrecision(influx.Nanosecond)
	e.StartLine(p.Measurement)
	for _, key := range slices.Sorted(maps.Keys(p.Tags)) {
		if p.Tags[key] != "" {
			e.AddTag(key, p.Tags[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Fields)) {
		value, ok := influx.NewValue(p.Fields[key])
		if !ok {
			return dst, fmt.Errorf("point %s: field %s: %v cannot be written", p.Measurement, key, p.Fields[key])
		}
		e.AddField(key, value)
	}
	e.EndLine(p.Time)
	if err := e.Err(); err != nil {
		return dst, fmt.Errorf("point %s: %w", p.Measurement, err)
	}
	line := e.Bytes()
	if len(line) == 0 || bytes.IndexByte(line, '\n') != len(line)-1 {
		return dst, fmt.Errorf("point %s: it does not make exactly one line", p.Measurement)
	}
	return append(dst, line...), nil
}

// MaxLine is the most bytes of a line that Read takes. A job's name or an error's text makes the longest.
const MaxLine = 1 << 20

// Read calls each for every point, until it fails. A line that is not valid, or longer than MaxLine, is an
// error with its number; an invalid or unfinished last line is ErrTruncated. Lines of the measurements in
// skip are not looked at.
func Read(r io.Reader, each func(Point) error, skip ...string) error {
	lines := bufio.NewReaderSize(r, MaxLine)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		switch {
		case err == io.EOF:
			return fmt.Errorf("line %d: %w", number, ErrTruncated)
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d: it is longer than the %d bytes that are read: %w", number, MaxLine, readfile.ErrLimit)
		case err != nil:
			return err
		}
		if slices.ContainsFunc(skip, func(name string) bool { return isOf(line, name) }) {
			continue
		}
		p, ok, err := parse(line)
		if err != nil {
			if _, end := lines.Peek(1); end == io.EOF {
				return fmt.Errorf("line %d: %w: %w", number, ErrTruncated, err)
			}
			return fmt.Errorf("line %d: %w", number, err)
		}
		if ok {
			if err := each(p); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
	}
}

// isOf says whether a line is of a measurement, whose name has nothing to escape.
func isOf(line []byte, name string) bool {
	return len(line) > len(name) && (line[len(name)] == ',' || line[len(name)] == ' ') && string(line[:len(name)]) == name
}

// parse reads one line; ok is false for an empty line or a comment.
func parse(line []byte) (p Point, ok bool, err error) {
	d := influx.NewDecoderWithBytes(line)
	if !d.Next() {
		return p, false, d.Err()
	}
	name, err := d.Measurement()
	if err != nil {
		return p, false, err
	}
	p = Point{Measurement: string(name), Tags: map[string]string{}, Fields: map[string]any{}}
	for {
		key, value, err := d.NextTag()
		if err != nil {
			return p, false, err
		}
		if key == nil {
			break
		}
		p.Tags[string(key)] = string(value)
	}
	for {
		key, value, err := d.NextField()
		if err != nil {
			return p, false, err
		}
		if key == nil {
			break
		}
		p.Fields[string(key)] = value.Interface()
	}
	p.Time, err = d.Time(influx.Nanosecond, time.Time{})
	return p, err == nil, err
}

// Number is a field's value as a float64; 0 where there is no such field.
func (p *Point) Number(field string) float64 {
	switch v := p.Fields[field].(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return 0
}

// Int is a field's value as an int64; 0 where there is none.
func (p *Point) Int(field string) int64 {
	v, _ := p.Fields[field].(int64)
	return cmp.Or(v, int64(p.Number(field)))
}

// Text is a field's value as a string; empty where there is none.
func (p *Point) Text(field string) string {
	v, _ := p.Fields[field].(string)
	return v
}
