// Package lineprotocol reads and writes points in InfluxDB's line protocol. Reading tolerates a file
// whose last line was cut off, as a crash leaves it.
package lineprotocol

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	influx "github.com/influxdata/line-protocol/v2/lineprotocol"
)

// ErrTruncated is wrapped by the error that Read returns, together with all points before it, where the
// last line is not complete.
var ErrTruncated = errors.New("the last line is cut off")

// ErrInvalid is wrapped by errors about a line that is not in line protocol.
var ErrInvalid = errors.New("not line protocol")

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

// Read calls each for every point, until it fails; see Scan.
func Read(r io.Reader, each func(Point) error, skip ...string) error {
	return Scan(r, func(l *Line) error {
		p := Point{Measurement: l.Measurement, Tags: map[string]string{}, Fields: map[string]any{}}
		var err error
		p.Time, err = l.Walk(func(name, value []byte) error {
			p.Tags[string(name)] = string(value)
			return nil
		}, func(name []byte, value Value) (err error) {
			p.Fields[string(name)], err = value.Any()
			return err
		})
		if err != nil {
			return err
		}
		return each(p)
	}, skip...)
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
