// Package capturetest reads pcapng as strictly as it can be read, for tests.
package capturetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// File is one section.
type File struct {
	Application string
	Interfaces  []Interface
	Packets     []Packet // in the file's order
}

// Interface is one, with the statistics that end it.
type Interface struct {
	Name, Description, Filter string
	Snap                      int
	Received, Dropped         uint64
	Ended                     bool // there are statistics
}

// Packet is one, with the number of its interface.
type Packet struct {
	Interface int
	At        time.Time
	Flags     uint32 // 0: none
	Data      []byte
	Length    int
}

// Read reads a file of one section. Anything that is not as the format demands is an error.
func Read(b []byte) (*File, error) {
	f := &File{}
	for n := 0; len(b) > 0; n++ {
		if len(b) < 12 {
			return nil, fmt.Errorf("block %d: %d bytes are left", n, len(b))
		}
		kind, length := binary.LittleEndian.Uint32(b), int(binary.LittleEndian.Uint32(b[4:]))
		if length%4 != 0 || length < 12 || length > len(b) || int(binary.LittleEndian.Uint32(b[length-4:])) != length {
			return nil, fmt.Errorf("block %d: a length of %d", n, length)
		}
		if (kind == 0x0a0d0d0a) != (n == 0) {
			return nil, fmt.Errorf("block %d is of type %#x", n, kind)
		}
		if err := f.block(kind, b[8:length-4]); err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		b = b[length:]
	}
	if f.Application == "" {
		return nil, errors.New("no section")
	}
	return f, nil
}

func (f *File) block(kind uint32, b []byte) error {
	least := map[uint32]int{0x0a0d0d0a: 16, 1: 8, 5: 12, 6: 20}
	if min, known := least[kind]; !known || len(b) < min {
		return fmt.Errorf("type %#x with %d bytes", kind, len(b))
	}
	switch kind {
	case 0x0a0d0d0a:
		if binary.LittleEndian.Uint32(b) != 0x1a2b3c4d || binary.LittleEndian.Uint32(b[4:]) != 1 {
			return errors.New("another byte order or version")
		}
		o, err := options(b[16:])
		f.Application = string(o[4])
		return err
	case 1:
		o, err := options(b[8:])
		if err != nil || binary.LittleEndian.Uint16(b) != 1 || len(o[9]) != 1 || o[9][0] != 9 {
			return fmt.Errorf("an interface of another kind or resolution: %w", err)
		}
		i := Interface{Name: string(o[2]), Description: string(o[3]), Snap: int(binary.LittleEndian.Uint32(b[4:]))}
		if text := o[11]; len(text) > 0 {
			i.Filter = string(text[1:])
		}
		f.Interfaces = append(f.Interfaces, i)
		return nil
	}
	at := int(binary.LittleEndian.Uint32(b))
	if at >= len(f.Interfaces) {
		return fmt.Errorf("interface %d of %d", at, len(f.Interfaces))
	}
	if kind == 5 {
		o, err := options(b[12:])
		if err != nil || len(o[4]) != 8 || len(o[5]) != 8 {
			return fmt.Errorf("statistics without counters: %w", err)
		}
		i := &f.Interfaces[at]
		i.Received, i.Dropped, i.Ended = binary.LittleEndian.Uint64(o[4]), binary.LittleEndian.Uint64(o[5]), true
		return nil
	}
	p := Packet{Interface: at, Length: int(binary.LittleEndian.Uint32(b[16:]))}
	stamp := uint64(binary.LittleEndian.Uint32(b[4:]))<<32 | uint64(binary.LittleEndian.Uint32(b[8:]))
	p.At = time.Unix(0, int64(stamp))
	kept := int(binary.LittleEndian.Uint32(b[12:]))
	padded := (kept + 3) / 4 * 4
	if 20+padded > len(b) || p.Length < kept {
		return fmt.Errorf("%d of %d bytes of a packet", kept, p.Length)
	}
	p.Data = b[20 : 20+kept]
	o, err := options(b[20+padded:])
	if flags := o[2]; len(flags) == 4 {
		p.Flags = binary.LittleEndian.Uint32(flags)
	}
	f.Packets = append(f.Packets, p)
	return err
}

// options reads a list of options, which is empty or ends with the one that says so.
func options(b []byte) (map[uint16][]byte, error) {
	all := map[uint16][]byte{}
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errors.New("half an option")
		}
		code, length := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		padded := (length + 3) / 4 * 4
		if len(b) < 4+padded || code == 0 && (length != 0 || len(b) != 4) {
			return nil, fmt.Errorf("option %d of %d bytes", code, length)
		}
		if code == 0 {
			return all, nil
		}
		all[code], b = b[4:4+length], b[4+padded:]
	}
	if len(all) > 0 {
		return nil, errors.New("options without an end")
	}
	return all, nil
}
