package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var errValues = errors.New("its values are broken")

// decode decodes n values of a page, into v after those that are there.
func (v *Values) decode(kind Type, encoding Encoding, text []byte, n int) error {
	switch {
	case encoding == Plain:
		return v.plain(kind, text, n)
	case encoding == Dictionary && v.dictionary != nil:
		return v.indices(text, n)
	case encoding == Delta && (kind == Int32 || kind == Int64):
		return v.deltas(kind, text, n)
	case encoding == Split && kind == Double:
		return v.split(text, n)
	}
	return fmt.Errorf("%w: the encoding %d of a column of type %d is not one that is written here", errValues, encoding,
		kind)
}

// plain decodes values one after the other.
func (v *Values) plain(kind Type, text []byte, n int) error {
	size := map[Type]int{Int32: 4, Int64: 8, Double: 8}[kind]
	if size > 0 && len(text) != size*n {
		return fmt.Errorf("%w: %d bytes for %d values", errValues, len(text), n)
	}
	for range n {
		switch kind {
		case Int32:
			v.Ints = append(v.Ints, int64(int32(binary.LittleEndian.Uint32(text))))
		case Int64:
			v.Ints = append(v.Ints, int64(binary.LittleEndian.Uint64(text)))
		case Double:
			v.Floats = append(v.Floats, math.Float64frombits(binary.LittleEndian.Uint64(text)))
		case Text:
			if len(text) < 4 {
				return fmt.Errorf("%w: a text is cut off", errValues)
			}
			size = 4 + int(binary.LittleEndian.Uint32(text))
			if size > len(text) {
				return fmt.Errorf("%w: a text is cut off", errValues)
			}
			v.Texts = append(v.Texts, string(text[4:size]))
		}
		text = text[size:]
	}
	if len(text) > 0 {
		return fmt.Errorf("%w: %d bytes are left over", errValues, len(text))
	}
	return nil
}

// split decodes doubles whose first bytes come first, then their second ones, and so on.
func (v *Values) split(text []byte, n int) error {
	if len(text) != 8*n {
		return fmt.Errorf("%w: %d bytes for %d values", errValues, len(text), n)
	}
	for i := range n {
		bits := uint64(0)
		for k := range 8 {
			bits |= uint64(text[k*n+i]) << (8 * k)
		}
		v.Floats = append(v.Floats, math.Float64frombits(bits))
	}
	return nil
}

// indices decodes indices into the dictionary: runs of one index, and groups of eight packed ones.
func (v *Values) indices(text []byte, n int) error {
	if len(text) == 0 || text[0] > 32 {
		return fmt.Errorf("%w: indices without a width", errValues)
	}
	width := uint(text[0])
	for text = text[1:]; n > 0; {
		head, size := binary.Uvarint(text)
		if size <= 0 {
			return fmt.Errorf("%w: %d indices are missing", errValues, n)
		}
		text = text[size:]
		count, packed := head>>1, head&1 == 1
		need := uint64(width+7) / 8
		if packed {
			need = count * uint64(width)
		}
		if count == 0 || count > uint64(n) && !packed || count > uint64(n+7)/8 && packed || need > uint64(len(text)) {
			return fmt.Errorf("%w: a run of %d indices where %d are due", errValues, count, n)
		}
		run := int(count)
		if packed {
			run = min(8*int(count), n)
		}
		for i := range run {
			at := uint(0)
			if packed {
				at = uint(i) * width
			}
			if err := v.pick(bits(text, at, width)); err != nil {
				return err
			}
		}
		text, n = text[need:], n-run
	}
	return nil
}

// pick appends the dictionary's value of an index.
func (v *Values) pick(index uint64) error {
	d := v.dictionary
	switch {
	case index < uint64(len(d.Ints)):
		v.Ints = append(v.Ints, d.Ints[index])
	case index < uint64(len(d.Floats)):
		v.Floats = append(v.Floats, d.Floats[index])
	case index < uint64(len(d.Texts)):
		v.Texts = append(v.Texts, d.Texts[index])
	default:
		return fmt.Errorf("%w: the index %d is beyond its dictionary", errValues, index)
	}
	return nil
}

// bits is a number of so many bits, up to 64, lowest first, from a bit on.
func bits(text []byte, at, width uint) uint64 {
	n := uint64(0)
	for got := uint(0); got < width; {
		b := uint64(text[(at+got)/8]) >> ((at + got) % 8)
		n |= b << got
		got += 8 - (at+got)%8
	}
	if width < 64 {
		n &= 1<<width - 1
	}
	return n
}

// deltas decodes whole numbers as differences, in blocks of miniblocks of one width each. They wrap around at their
// type's width.
func (v *Values) deltas(kind Type, text []byte, n int) error {
	t := &thrift{text: text}
	block, err := t.unsigned()
	minis, err2 := t.unsigned()
	total, err3 := t.unsigned()
	last, err4 := t.signed()
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return err
	}
	if total != uint64(n) || block == 0 || block > 1<<16 || minis == 0 || block%(8*minis) != 0 {
		return fmt.Errorf("%w: %d differences where %d values are due, blocks of %d in %d", errValues, total, n, block, minis)
	}
	if n == 0 {
		return nil
	}
	v.Ints = append(v.Ints, last)
	size := block / minis
	for n--; n > 0; {
		least, err := t.signed()
		if err != nil {
			return err
		}
		widths, err := t.bytes(minis)
		if err != nil {
			return err
		}
		for _, width := range widths {
			if n == 0 {
				break // what follows is padding
			}
			packed, err := t.bytes(size * uint64(width) / 8)
			if err != nil || width > 64 {
				return fmt.Errorf("%w: a block of differences is cut off", errValues)
			}
			for i := range min(n, int(size)) {
				last += least + int64(bits(packed, uint(i)*uint(width), uint(width)))
				if kind == Int32 {
					last = int64(int32(last))
				}
				v.Ints = append(v.Ints, last)
			}
			n -= min(n, int(size))
		}
	}
	return nil
}
