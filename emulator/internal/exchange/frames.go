package exchange

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Frame is an Ethernet frame that one process tells another of.
type Frame struct {
	Of        int    // index of where it was seen, among what was asked for
	At        int64  // ns, of the teller's clock
	Direction uint8  // as of whoever uses it
	Length    int    // bytes that it had
	Data      []byte // of them, those that are kept
}

// Frames are told of in a form in which none takes less than the frame's own fields do. (Of gob's own, a frame that
// says nothing of itself takes one byte, and dozens when it is read.)
type Frames []Frame

// HeaderBytes are those of an Ethernet header: no frame has fewer.
const HeaderBytes = 14

// Held is how much memory a frame takes that is held, beside its data: its fields in a list that grows, and what is
// lost in allocating the data.
const Held = 200

// frameBytes are those of a frame beside its data: Of, At, Direction, Length and the data's length.
const frameBytes = 4 + 8 + 1 + 4 + 4

var errFrames = errors.New("frames that are cut off")

// GobEncode implements gob.GobEncoder.
func (f Frames) GobEncode() ([]byte, error) {
	size := 0
	for i := range f {
		size += frameBytes + len(f[i].Data)
	}
	b := make([]byte, 0, size)
	for i := range f {
		b = binary.LittleEndian.AppendUint32(b, uint32(f[i].Of))
		b = binary.LittleEndian.AppendUint64(b, uint64(f[i].At))
		b = append(b, f[i].Direction)
		b = binary.LittleEndian.AppendUint32(b, uint32(f[i].Length))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f[i].Data)))
		b = append(b, f[i].Data...)
	}
	return b, nil
}

// GobDecode implements gob.GobDecoder. What it reads takes up at most four times the message's size.
func (f *Frames) GobDecode(from []byte) error {
	count := 0
	for rest := from; len(rest) > 0; count++ {
		if len(rest) < frameBytes {
			return errFrames
		}
		n := uint64(binary.LittleEndian.Uint32(rest[frameBytes-4:]))
		if rest = rest[frameBytes:]; n > uint64(len(rest)) {
			return errFrames
		}
		rest = rest[n:]
	}
	rest := slices.Clone(from)
	*f = slices.Grow((*f)[:0], count)
	for len(rest) > 0 {
		one := Frame{Of: int(int32(binary.LittleEndian.Uint32(rest))), At: int64(binary.LittleEndian.Uint64(rest[4:])),
			Direction: rest[12], Length: int(int32(binary.LittleEndian.Uint32(rest[13:])))}
		end := frameBytes + int(binary.LittleEndian.Uint32(rest[frameBytes-4:]))
		one.Data = rest[frameBytes:end:end]
		*f, rest = append(*f, one), rest[end:]
	}
	return nil
}
