package readfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Limits are those of a JSON file.
type Limits struct {
	Bytes  int64
	Values int // in all: what a small text can say of many empty objects takes hundreds of times its size
}

// deepest is how deeply a JSON file may be nested.
const deepest = 64

// JSON reads a JSON file into a value. Its errors name the file and, where there is one, the line.
func JSON(path string, most Limits, into any) error {
	text, err := All(path, most.Bytes)
	if err != nil {
		return err
	}
	return ParseJSON(text, path, most, into)
}

// DecodeJSON reads what JSON reads from a reader; name is what errors call it.
func DecodeJSON(r io.Reader, name string, most Limits, into any) error {
	text, err := Rest(r, name, most.Bytes)
	if err != nil {
		return err
	}
	return ParseJSON(text, name, most, into)
}

// ParseJSON parses a text as JSON does; name is what errors call it.
func ParseJSON(text []byte, name string, most Limits, into any) error {
	if at, err := measure(text, most.Values); err != nil {
		return fmt.Errorf("%s:%d: %w", name, lineOf(text, at), err)
	}
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s:%d: %w", name, lineOf(text, syntax.Offset), err)
	case errors.As(err, &wrongType):
		return fmt.Errorf("%s:%d: %w", name, lineOf(text, wrongType.Offset), err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// measure counts the values of a JSON text and how deeply they are nested, and fails at an offset.
func measure(text []byte, most int) (at int64, err error) {
	values, depth := 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			values++
		case '}', ']':
			depth--
		case ',':
			values++
		}
		switch {
		case values > most:
			return int64(i), fmt.Errorf("it holds more than the %d values that are read: %w", most, ErrLimit)
		case depth > deepest:
			return int64(i), fmt.Errorf("it is nested more than %d deep: %w", deepest, ErrLimit)
		}
	}
	return 0, nil
}

// lineOf is the line that a byte is in, from 1.
func lineOf(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:max(0, min(offset, int64(len(text))))], []byte("\n"))
}
