package lineprotocol

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	influx "github.com/influxdata/line-protocol/v2/lineprotocol"

	"testbed/emulator/internal/readfile"
)

// MaxLine is the most bytes of a line that is read. A job's name or an error's text makes the longest.
const MaxLine = 1 << 20

// Scan calls each for every line but empty ones and comments, until it fails. A line that is not valid, or longer
// than MaxLine, is an error with its number, which wraps ErrInvalid or readfile.ErrLimit; an invalid or unfinished
// last line is ErrTruncated. Lines of the measurements in skip are not looked at.
func Scan(r io.Reader, each func(*Line) error, skip ...string) error {
	lines := bufio.NewReaderSize(r, MaxLine)
	for number := 1; ; number++ {
		text, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("line %d: %w", number, ErrTruncated)
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d: it is longer than the %d bytes that are read: %w", number, MaxLine,
				readfile.ErrLimit)
		case err != nil:
			return err
		}
		if slices.ContainsFunc(skip, func(name string) bool { return isOf(text, name) }) {
			continue
		}
		err = decode(text, each)
		if errors.Is(err, ErrInvalid) {
			if _, end := lines.Peek(1); end == io.EOF {
				err = fmt.Errorf("%w: %w", ErrTruncated, err)
			}
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// isOf says whether a line is of a measurement, whose name has nothing to escape.
func isOf(line []byte, name string) bool {
	return len(line) > len(name) && (line[len(name)] == ',' || line[len(name)] == ' ') && string(line[:len(name)]) == name
}

func decode(text []byte, each func(*Line) error) error {
	l := Line{decoder: influx.NewDecoderWithBytes(text)}
	if !l.decoder.Next() { // empty, or a comment
		return nil
	}
	name, err := l.decoder.Measurement()
	if err != nil {
		return invalid(err)
	}
	l.Measurement = string(name)
	return each(&l)
}

func invalid(err error) error { return fmt.Errorf("%w: %w", ErrInvalid, err) }

// Line is a line whose tags and fields are still to be decoded. It is valid during Scan's call only.
type Line struct {
	Measurement string
	decoder     *influx.Decoder
}

// Walk calls tag and field for each of the line's, in its order, and returns its time; zero where it has none. Names
// and values are valid during the call only. What is not valid, or what tag and field refuse, is an error that
// wraps ErrInvalid. Walk can be called once.
func (l *Line) Walk(tag func(name, value []byte) error, field func(name []byte, value Value) error) (time.Time, error) {
	for {
		name, value, err := l.decoder.NextTag()
		if err != nil {
			return time.Time{}, invalid(err)
		}
		if name == nil {
			break
		}
		if err := tag(name, value); err != nil {
			return time.Time{}, invalid(fmt.Errorf("tag %s: %w", name, err))
		}
	}
	for {
		name, kind, text, err := l.decoder.NextFieldBytes()
		if err != nil {
			return time.Time{}, invalid(err)
		}
		if name == nil {
			break
		}
		if err := field(name, Value{kind, text}); err != nil {
			return time.Time{}, invalid(fmt.Errorf("field %s: %w", name, err))
		}
	}
	at, err := l.decoder.Time(influx.Nanosecond, time.Time{})
	if err != nil {
		return at, invalid(err)
	}
	return at, nil
}

// Value is a field's value, which is parsed when it is asked for.
type Value struct {
	kind influx.ValueKind
	text []byte // without quotes, escapes and the suffix of the type
}

// Any is the value as int64, uint64, float64, bool or string.
func (v Value) Any() (any, error) {
	parsed, err := influx.NewValueFromBytes(v.kind, v.text)
	if err != nil {
		return nil, err
	}
	return parsed.Interface(), nil
}

// Float is the value of a field of type float64.
func (v Value) Float() (float64, error) {
	parsed, err := v.of(influx.Float)
	if err != nil {
		return 0, err
	}
	return parsed.FloatV(), nil
}

// Int is the value of a field of type int64.
func (v Value) Int() (int64, error) {
	parsed, err := v.of(influx.Int)
	if err != nil {
		return 0, err
	}
	return parsed.IntV(), nil
}

// Bool is the value of a field of type bool.
func (v Value) Bool() (bool, error) {
	parsed, err := v.of(influx.Bool)
	if err != nil {
		return false, err
	}
	return parsed.BoolV(), nil
}

// Text is the value of a field of type string.
func (v Value) Text() (string, error) {
	parsed, err := v.of(influx.String)
	if err != nil {
		return "", err
	}
	return string(parsed.BytesV()), nil
}

func (v Value) of(kind influx.ValueKind) (influx.Value, error) {
	if v.kind != kind {
		return influx.Value{}, fmt.Errorf("%q is a value of type %v, not %v", v.text, v.kind, kind)
	}
	return influx.NewValueFromBytes(v.kind, v.text)
}
