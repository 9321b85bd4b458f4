package network

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/topology/network/tree"
)

// Formats is the kind of the catalogue's network formats: files of other tools.
var Formats = catalogue.NewKind[Format](catalogue.Networks)

// Format reads, and may write, the networks of another tool.
type Format struct {
	// Detect says whether a file that begins so seems to be in the format; nil: one has to name it.
	Detect func(head []byte) bool
	// Parse reads the text of a file. Errors are LineError, tree.Error or joined ones of these.
	Parse func(text []byte, options catalogue.Values) (*Graph, error)
	// Write writes a network so that Parse gives one that is equal to it; nil: the format is read only.
	Write func(w io.Writer, n *Network) error
	// Routes says that Write writes addresses and routes of hosts.
	Routes bool
}

// MaxSize is the most bytes of a file that are read.
const MaxSize = 64 * readfile.MiB

// headSize is how much of a file formats are recognized by, in bytes.
const headSize = 64 << 10

// mark is the byte-order mark, which files may begin with and no format has.
const mark = "\ufeff"

// Detect lists the formats that recognize a text.
func Detect(c *catalogue.Catalogue, text []byte) []string {
	head := bytes.TrimPrefix(text[:min(len(text), headSize)], []byte(mark))
	var names []string
	for _, f := range Formats.All(c) {
		if f.Does.Detect != nil && f.Does.Detect(head) {
			names = append(names, f.Name)
		}
	}
	return names
}

// DetectFile lists the formats that recognize a file.
func DetectFile(c *catalogue.Catalogue, path string) ([]string, error) {
	f, err := readfile.Open(path, readfile.NoLimit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	head, err := io.ReadAll(io.LimitReader(f, headSize))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return Detect(c, head), nil
}

// Load reads the graph in a file. Without a format's name it is the one that recognizes the file; it fails where none
// or several do. Options that are absent have their defaults. Errors say file and line.
func Load(c *catalogue.Catalogue, path, format string, options catalogue.Values) (*Graph, error) {
	text, err := readfile.All(path, MaxSize)
	if err != nil {
		return nil, err
	}
	if format == "" {
		found := Detect(c, text)
		switch {
		case len(found) == 0:
			return nil, fmt.Errorf("%s: it is in none of the formats %s, as far as its beginning tells: name the format",
				path, strings.Join(c.Names(catalogue.Networks), ", "))
		case len(found) > 1:
			return nil, fmt.Errorf("%s: it may be in the formats %s: name the format", path, strings.Join(found, " and "))
		}
		format = found[0]
	}
	f, err := Formats.Find(c, format)
	if err != nil {
		return nil, err
	}
	values := c.Defaults(catalogue.Networks, format)
	for _, o := range options {
		values = values.Set(o.Option, o.Value)
	}
	g, err := f.Parse(bytes.TrimPrefix(text, []byte(mark)), values)
	if err != nil {
		return nil, Named(path, err)
	}
	if g.Name == "" {
		base := filepath.Base(path)
		g.Name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	return g, nil
}

// Named puts a file's name before errors, and its line behind that, as in FILE:LINE.
func Named(file string, err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range many.Unwrap() {
			all = append(all, Named(file, one))
		}
		return errors.Join(all...)
	}
	var line *LineError
	var node *tree.Error
	switch {
	case errors.As(err, &line):
		return fmt.Errorf("%s:%d: %w", file, line.Line, line.Err)
	case errors.As(err, &node):
		return &inFile{file, node}
	}
	return fmt.Errorf("%s: %w", file, err)
}

// inFile is an error about a line of a file.
type inFile struct {
	file string
	err  *tree.Error
}

func (e *inFile) Error() string { return fmt.Sprintf("%s:%d: %s", e.file, e.err.Line, e.err.Message) }

func (e *inFile) Unwrap() error { return e.err }
