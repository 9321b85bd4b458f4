package parquet

import (
	"encoding/binary"
	"fmt"
	"math"
	mathbits "math/bits"
)

// encode encodes the values of a column, which are not none, and returns the dictionary that they need, if any.
func (v *Values) encode(c Column) (text []byte, dictionary *Values, err error) {
	switch {
	case c.Encoding == Plain:
		return v.appendPlain(nil, c.Type), nil, nil
	case c.Encoding == Dictionary:
		dictionary, indices := v.distinct()
		width := mathbits.Len(uint(dictionary.length() - 1))
		return appendIndices([]byte{byte(width)}, indices, width), dictionary, nil
	case c.Encoding == Delta && (c.Type == Int32 || c.Type == Int64):
		return appendDeltas(nil, v.Ints, c.Type), nil, nil
	case c.Encoding == Split && c.Type == Double:
		return appendSplit(nil, v.Floats), nil, nil
	}
	return nil, nil, fmt.Errorf("the type %d is not written in the encoding %d", c.Type, c.Encoding)
}

// appendPlain encodes values one after the other.
func (v *Values) appendPlain(text []byte, kind Type) []byte {
	for _, n := range v.Ints {
		if kind == Int32 {
			text = binary.LittleEndian.AppendUint32(text, uint32(n))
		} else {
			text = binary.LittleEndian.AppendUint64(text, uint64(n))
		}
	}
	for _, x := range v.Floats {
		text = binary.LittleEndian.AppendUint64(text, math.Float64bits(x))
	}
	for _, t := range v.Texts {
		text = append(binary.LittleEndian.AppendUint32(text, uint32(len(t))), t...)
	}
	return text
}

// distinct are the different values, as they first come, and for each value its index among them.
func (v *Values) distinct() (dictionary *Values, indices []uint64) {
	dictionary = &Values{}
	switch {
	case len(v.Texts) > 0:
		dictionary.Texts, indices = distinct(v.Texts, func(t string) string { return t })
	case len(v.Floats) > 0:
		dictionary.Floats, indices = distinct(v.Floats, math.Float64bits) // 0 is not -0, and NaN itself
	default:
		dictionary.Ints, indices = distinct(v.Ints, func(n int64) int64 { return n })
	}
	return dictionary, indices
}

func distinct[V any, K comparable](values []V, key func(V) K) (different []V, indices []uint64) {
	known := map[K]uint64{}
	indices = make([]uint64, len(values))
	var before K
	for i, v := range values {
		k := key(v)
		if i > 0 && k == before { // most columns repeat a value for many rows
			indices[i] = indices[i-1]
			continue
		}
		index, ok := known[k]
		if !ok {
			index = uint64(len(different))
			known[k] = index
			different = append(different, v)
		}
		indices[i], before = index, k
	}
	return different, indices
}

// appendIndices encodes indices of so many bits: as a run where eight or more are alike, otherwise packed in eights.
func appendIndices(text []byte, indices []uint64, width int) []byte {
	for len(indices) > 0 {
		if run := alike(indices); run >= 8 {
			text = binary.AppendUvarint(text, uint64(run)<<1)
			var index [8]byte
			binary.LittleEndian.PutUint64(index[:], indices[0])
			text = append(text, index[:(width+7)/8]...)
			indices = indices[run:]
			continue
		}
		n := 8
		for n < len(indices) && alike(indices[n:]) < 8 {
			n += 8
		}
		text = binary.AppendUvarint(text, uint64(n/8)<<1|1)
		if n > len(indices) { // the last eight are filled up
			indices = append(indices[:len(indices):len(indices)], make([]uint64, n-len(indices))...)
		}
		text = appendPacked(text, indices[:n], width)
		indices = indices[n:]
	}
	return text
}

// alike is how many indices at the beginning are the same.
func alike(indices []uint64) int {
	n := 1
	for n < len(indices) && indices[n] == indices[0] {
		n++
	}
	return n
}

// appendPacked appends numbers of so many bits, 0 to 64, lowest first; together they are whole bytes.
func appendPacked(text []byte, numbers []uint64, width int) []byte {
	pending, have := uint64(0), 0 // bits
	for _, n := range numbers {
		pending |= n << have
		if have+width < 64 {
			have += width
			continue
		}
		text = binary.LittleEndian.AppendUint64(text, pending)
		pending = n >> (64 - have)
		have += width - 64
	}
	for ; have > 0; have -= 8 {
		text = append(text, byte(pending))
		pending >>= 8
	}
	return text
}

// The differences in a block, and in each of its parts of one width.
const (
	deltaBlock = 128
	deltaPart  = 32
)

// appendDeltas encodes whole numbers as differences, which wrap around at the type's width.
func appendDeltas(text []byte, values []int64, kind Type) []byte {
	text = binary.AppendUvarint(text, deltaBlock)
	text = binary.AppendUvarint(text, deltaBlock/deltaPart)
	text = binary.AppendUvarint(text, uint64(len(values)))
	text = binary.AppendVarint(text, values[0])
	var block [deltaBlock]uint64
	for len(values) > 1 {
		n := min(deltaBlock, len(values)-1)
		least := int64(math.MaxInt64)
		for i := range n {
			d := values[i+1] - values[i]
			if kind == Int32 {
				d = int64(int32(d))
			}
			block[i] = uint64(d)
			least = min(least, d)
		}
		text = binary.AppendVarint(text, least)
		for i := range block {
			if i < n {
				block[i] -= uint64(least)
			} else {
				block[i] = 0
			}
		}
		text = appendBlock(text, block[:], n)
		values = values[n:]
	}
	return text
}

// appendBlock encodes the n differences of a block: the width of each part, and the parts that have any.
func appendBlock(text []byte, block []uint64, n int) []byte {
	widths := len(text)
	text = append(text, make([]byte, deltaBlock/deltaPart)...)
	for i := 0; i < n; i += deltaPart {
		all := uint64(0)
		for _, d := range block[i : i+deltaPart] {
			all |= d
		}
		width := mathbits.Len64(all)
		text[widths+i/deltaPart] = byte(width)
		text = appendPacked(text, block[i:i+deltaPart], width)
	}
	return text
}

// appendSplit encodes doubles: the first bytes of all, then their second ones, and so on.
func appendSplit(text []byte, values []float64) []byte {
	for shift := 0; shift < 64; shift += 8 {
		for _, x := range values {
			text = append(text, byte(math.Float64bits(x)>>shift))
		}
	}
	return text
}
