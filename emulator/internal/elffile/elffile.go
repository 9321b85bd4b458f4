// Package elffile reads of an ELF file what this project asks: whether it needs an interpreter, and which module the Go
// toolchain made it of. The standard library knows much more, of three other formats besides, and weighs 0.5 MB.
package elffile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Errors about a file's content.
var (
	ErrFormat   = errors.New("not an ELF file, or a damaged one")
	ErrNoModule = errors.New("not a program that the Go toolchain made of a module")
)

// Bounds of what is read: files come from anybody.
const (
	mostEntries = 1 << 16 // program headers, or sections
	mostBytes   = 1 << 20 // of a section
)

// file is one whose header was read.
type file struct {
	io.ReaderAt
	order                                binary.ByteOrder
	wide                                 bool // of 64 bits
	programs, sections                   uint64
	programSize, programNumber           int
	sectionSize, sectionNumber, nameless int
}

// open reads the header.
func open(r io.ReaderAt) (*file, error) {
	f := &file{ReaderAt: r}
	head, err := f.part(0, 64)
	if err != nil || string(head[:4]) != "\x7fELF" {
		return nil, ErrFormat
	}
	switch head[5] {
	case 1:
		f.order = binary.LittleEndian
	case 2:
		f.order = binary.BigEndian
	default:
		return nil, ErrFormat
	}
	half := func(at int) int { return int(f.order.Uint16(head[at:])) }
	var programLeast, sectionLeast int
	switch head[4] {
	case 1:
		f.programs, f.sections = uint64(f.order.Uint32(head[28:])), uint64(f.order.Uint32(head[32:]))
		f.programSize, f.programNumber, f.sectionSize, f.sectionNumber = half(42), half(44), half(46), half(48)
		f.nameless, programLeast, sectionLeast = half(50), 32, 40
	case 2:
		f.wide = true
		f.programs, f.sections = f.order.Uint64(head[32:]), f.order.Uint64(head[40:])
		f.programSize, f.programNumber, f.sectionSize, f.sectionNumber = half(54), half(56), half(58), half(60)
		f.nameless, programLeast, sectionLeast = half(62), 56, 64
	default:
		return nil, ErrFormat
	}
	if f.programNumber > 0 && f.programSize < programLeast || f.sectionNumber > 0 && f.sectionSize < sectionLeast {
		return nil, ErrFormat
	}
	return f, nil
}

// part is so many bytes of the file.
func (f *file) part(at, bytes uint64) ([]byte, error) {
	if bytes > mostEntries*64 || at > 1<<62 {
		return nil, ErrFormat
	}
	b := make([]byte, bytes)
	if n, err := f.ReadAt(b, int64(at)); n < len(b) {
		if errors.Is(err, io.EOF) {
			err = ErrFormat
		}
		return nil, err
	}
	return b, nil
}

// entry is the n-th of a table.
func (f *file) entry(table uint64, size, n int) ([]byte, error) {
	return f.part(table+uint64(size)*uint64(n), uint64(size))
}

// Interpreted says whether a program is linked dynamically: the kernel has an interpreter load its libraries.
func Interpreted(r io.ReaderAt) (bool, error) {
	f, err := open(r)
	if err != nil {
		return false, err
	}
	const interpreter = 3 // PT_INTERP
	for i := range f.programNumber {
		head, err := f.entry(f.programs, f.programSize, i)
		if err != nil {
			return false, err
		}
		if f.order.Uint32(head) == interpreter {
			return true, nil
		}
	}
	return false, nil
}

// extent is where a section is in the file.
type extent struct {
	name      uint32 // in the section of names
	at, bytes uint64
}

func (f *file) section(n int) (e extent, err error) {
	if n >= f.sectionNumber {
		return e, ErrFormat
	}
	head, err := f.entry(f.sections, f.sectionSize, n)
	if err != nil {
		return e, err
	}
	e.name = f.order.Uint32(head)
	if f.wide {
		e.at, e.bytes = f.order.Uint64(head[24:]), f.order.Uint64(head[32:])
	} else {
		e.at, e.bytes = uint64(f.order.Uint32(head[16:])), uint64(f.order.Uint32(head[20:]))
	}
	return e, nil
}

// content is a section's, by its name, as far as it is not too large; nil: there is none of that name.
func (f *file) content(name string) ([]byte, error) {
	at, err := f.section(f.nameless)
	if err != nil {
		return nil, err
	}
	names, err := f.part(at.at, min(at.bytes, mostBytes))
	if err != nil {
		return nil, err
	}
	for i := range f.sectionNumber {
		s, err := f.section(i)
		if err != nil {
			return nil, err
		}
		if rest := names[min(int(s.name), len(names)):]; len(rest) > len(name) && string(rest[:len(name)+1]) == name+"\x00" {
			return f.part(s.at, min(s.bytes, mostBytes))
		}
	}
	return nil, fmt.Errorf("no section %s: %w", name, ErrNoModule)
}
