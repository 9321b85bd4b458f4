package elffile

import (
	"encoding/binary"
	"os"
	"strings"
)

// What the linker writes ahead of a program's build information, as runtime/debug has it: a head of 32 bytes, whose
// flags say that version and modules follow, each behind its length; the modules between two marks of 16 bytes.
const (
	section = ".go.buildinfo"
	magic   = "\xff Go buildinf:"
	head    = 32
	flags   = 15
	inline  = 2
	mark    = 16
)

// Module is the path of the main module of a program that the Go toolchain (1.18 or later) made. It fails with
// ErrFormat, with ErrNoModule, or with that of reading.
func Module(path string) (string, error) {
	program, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer program.Close()
	f, err := open(program)
	if err != nil {
		return "", err
	}
	text, err := f.content(section)
	if err != nil {
		return "", err
	}
	if len(text) < head || string(text[:len(magic)]) != magic || text[flags]&inline == 0 {
		return "", ErrNoModule
	}
	_, rest := counted(text[head:])
	modules, _ := counted(rest)
	if len(modules) < 2*mark {
		return "", ErrNoModule
	}
	for line := range strings.Lines(modules[mark : len(modules)-mark]) {
		if fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(fields) > 1 && fields[0] == "mod" {
			return fields[1], nil
		}
	}
	return "", ErrNoModule
}

// counted is a text behind its length, and what follows it; nothing, where it is cut short.
func counted(b []byte) (text string, rest []byte) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil
	}
	return string(b[used : used+int(n)]), b[used+int(n):]
}
