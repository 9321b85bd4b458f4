package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// errThrift is wrapped by errors about metadata that is not in Thrift's compact protocol.
var errThrift = errors.New("its metadata is broken")

// value is something in Thrift's compact protocol: a number, a text, a list or a struct.
type value struct {
	number int64
	text   []byte
	list   []value
	fields map[int16]value
}

// of is a struct's field; the zero value where there is none.
func (v value) of(id int16) value { return v.fields[id] }

const (
	deepest    = 12        // structs and lists within each other; metadata has 6
	mostValues = 1_000_000 // in all: whatever a size says, memory is taken as values come
)

// thrift decodes values from bytes.
type thrift struct {
	text []byte
	at   int
	left int // values
}

// parse decodes the struct that begins a text, and says where it ends.
func parse(text []byte) (v value, end int, err error) {
	t := &thrift{text: text, left: mostValues}
	v, err = t.structure(0)
	return v, t.at, err
}

func (t *thrift) structure(depth int) (value, error) {
	v := value{fields: map[int16]value{}}
	for id := int16(0); ; {
		head, err := t.byte()
		if err != nil || head == 0 {
			return v, err
		}
		if step := int16(head >> 4); step > 0 {
			id += step
		} else {
			n, err := t.signed()
			if err != nil {
				return v, err
			}
			id = int16(n)
		}
		if v.fields[id], err = t.value(head&15, false, depth+1); err != nil {
			return v, err
		}
	}
}

// value decodes one of a type. A truth value is in its field's type, but has a byte of its own in a list.
func (t *thrift) value(kind byte, inList bool, depth int) (v value, err error) {
	if t.left--; t.left < 0 || depth > deepest {
		return v, fmt.Errorf("%w: more than %d values, or nested more than %d deep", errThrift, mostValues, deepest)
	}
	switch kind {
	case 1, 2:
		v.number = int64(2 - kind)
		if inList {
			_, err = t.byte()
		}
	case 3:
		var b byte
		b, err = t.byte()
		v.number = int64(int8(b))
	case 4, 5, 6:
		v.number, err = t.signed()
	case 7:
		_, err = t.bytes(8)
	case 8:
		var n uint64
		if n, err = t.unsigned(); err == nil {
			v.text, err = t.bytes(n)
		}
	case 9, 10:
		v.list, err = t.sequence(depth)
	case 12:
		v, err = t.structure(depth)
	default:
		err = fmt.Errorf("%w: the type %d", errThrift, kind)
	}
	return v, err
}

func (t *thrift) sequence(depth int) (list []value, err error) {
	head, err := t.byte()
	if err != nil {
		return nil, err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = t.unsigned(); err != nil {
			return nil, err
		}
	}
	for range n { // an element takes a byte at least, so that a size that is too large comes to the text's end
		v, err := t.value(head&15, true, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (t *thrift) byte() (byte, error) {
	text, err := t.bytes(1)
	if err != nil {
		return 0, err
	}
	return text[0], nil
}

func (t *thrift) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(t.text)-t.at) {
		return nil, fmt.Errorf("%w: it ends too early", errThrift)
	}
	t.at += int(n)
	return t.text[t.at-int(n) : t.at], nil
}

func (t *thrift) unsigned() (uint64, error) {
	n, size := binary.Uvarint(t.text[t.at:])
	if size <= 0 {
		return 0, fmt.Errorf("%w: a number is cut off", errThrift)
	}
	t.at += size
	return n, nil
}

func (t *thrift) signed() (int64, error) {
	n, err := t.unsigned()
	return unzigzag(n), err
}

// unzigzag is a signed number of which the lowest bit is the sign.
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// within is a number as an int where it lies in a range.
func (v value) within(low, high int64) (int, bool) {
	return int(v.number), v.number >= low && v.number <= high && v.number <= math.MaxInt32
}
