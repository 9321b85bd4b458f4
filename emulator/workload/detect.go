package workload

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload/rows"
)

// headSize is how much of a file formats are recognized by, in bytes.
const headSize = 16 << 10

// Load reads a trace in a format of the catalogue. Without a format's name it is the first that recognizes the file's
// begin; where none does, the catalogue's first, whose error then says so.
func Load(c *catalogue.Catalogue, path, format string, options catalogue.Values) (Trace, error) {
	found := format
	if format == "" {
		var err error
		if found, err = Detect(c, path); err != nil {
			return nil, err
		}
	}
	unknown := found == ""
	if unknown {
		found = c.Names(catalogue.Traces)[0]
	}
	f, err := Formats.Find(c, found)
	if err != nil {
		return nil, err
	}
	if format == "" {
		options = c.Defaults(catalogue.Traces, found)
	}
	trace, err := f.Load(path, options)
	if err != nil && unknown && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, readfile.ErrLimit) {
		return nil, fmt.Errorf("%w; nor does it begin as one in another format that is known, which are %s",
			err, strings.Join(c.Names(catalogue.Traces), ", "))
	}
	return trace, err
}

// Detect is the name of the first format that recognizes a file; empty: none does.
func Detect(c *catalogue.Catalogue, path string) (string, error) {
	head, err := rows.Head(path, headSize)
	if err != nil {
		return "", err
	}
	for _, name := range c.Names(catalogue.Traces) {
		f, err := Formats.Find(c, name)
		if err != nil {
			return "", err
		}
		if f.Detect != nil && f.Detect(head) {
			return name, nil
		}
	}
	return "", nil
}
