package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/readfile"
)

// MaxSize is the largest scenario file read, in bytes: the 5,000 nodes and 20,000 links that are allowed fit in,
// with all their keys.
const MaxSize = 16 << 20

// maxMarks is the largest number of the characters that separate values: the YAML library makes a node of each
// value before anything can be checked. The nodes, links and events that are allowed have half as many.
const maxMarks = 1 << 20

// Load reads the scenario file at path, which may choose what c has, and checks it together with the files it refers
// to. It fails with the error of reading it, or with Errors.
func Load(path string, c *catalogue.Catalogue) (*Scenario, error) {
	data, err := Read(path)
	if err != nil {
		return nil, err
	}
	return parse(data, path, c, true)
}

// Read is the text of a scenario's file: of one that is too large as much as it takes to say so.
func Read(path string) ([]byte, error) {
	f, err := readfile.Open(path, readfile.NoLimit)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	defer func() { _ = f.Close() }()                      // read only: nothing is lost
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1)) // parse says where it is too large
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	return data, nil
}

// Parse reads a scenario, which may choose what c has; file is its name, for messages and as the base of relative
// paths. Files that the scenario refers to are not opened. It fails with Errors: all there are, in the file's order.
func Parse(data []byte, file string, c *catalogue.Catalogue) (*Scenario, error) {
	return parse(data, file, c, false)
}

func parse(data []byte, file string, c *catalogue.Catalogue, open bool) (*Scenario, error) {
	s, _, err := adapt(data, file, c, open, nil)
	return s, err
}

func adapt(
	data []byte, file string, c *catalogue.Catalogue, open bool, settings []Setting,
) (*Scenario, []Value, error) {
	d := &decoder{file: file, where: map[string]position{}, catalogue: c}
	s := &Scenario{path: file, where: d.where, settings: settings, catalogue: c}
	var values []Value
	root := d.document(data)
	for i := range settings {
		if root != nil {
			values = append(values, d.set(root, &settings[i], i))
		}
	}
	if root != nil && len(d.errs) == 0 { // a key that is none has consequences
		d.value(root, reflect.ValueOf(&s.File).Elem(), &field{}, "", 0)
		delete(d.where, "") // the file as a whole is said to be at its first line
		d.check(s, open)
	}
	if len(d.errs) > 0 {
		return nil, nil, d.errs.sorted().said(settings)
	}
	return s, values, nil
}

// document finds the one YAML document of a file; nil after an error.
func (d *decoder) document(data []byte) *yaml.Node {
	if !d.readable(data) {
		return nil
	}
	reader := yaml.NewDecoder(bytes.NewReader(undirected(data)))
	var doc, second yaml.Node
	switch err := decode(reader, &doc); {
	case errors.Is(err, io.EOF) || err == nil && empty(&doc):
		d.fail(position{1, 1}, "", "begin with name: and topology:, or copy one of the shipped scenarios",
			"the file is empty")
		return nil
	case err != nil:
		d.syntax(data, err)
		return nil
	}
	switch err := decode(reader, &second); {
	case err == nil:
		d.fail(at(&second), "", "put each scenario into a file of its own", "a second document begins here")
		return nil
	case !errors.Is(err, io.EOF):
		d.syntax(data, err)
		return nil
	}
	return doc.Content[0]
}

func empty(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].ShortTag() == "!!null"
}

// decode is Decode that fails where the library panics.
func decode(reader *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: cannot be read: %v", p)
		}
	}()
	return reader.Decode(into)
}

var directive = lazy.Regexp(`^%(YAML[ \t]+(1\.[0-9]+)[ \t]*(#.*)?|[A-Za-z0-9]+.*)$`)

// undirected is the file with the directives before its document as comments, where YAML 1.2 has them ignored and
// the library refuses them: versions 1.x, which are read alike, and those that nobody knows.
func undirected(data []byte) []byte {
	var out []byte
	begin := 0
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		begin = len("\ufeff")
	}
	for begin < len(data) {
		end := len(data)
		if i := bytes.IndexByte(data[begin:], '\n'); i >= 0 {
			end = begin + i
		}
		line := bytes.TrimRight(data[begin:end], "\r")
		text := bytes.TrimSpace(line)
		m := directive().FindSubmatch(line)
		switch {
		case len(text) == 0 || text[0] == '#':
		case m == nil:
			begin = len(data)
			continue
		case len(m[2]) > 0 || !bytes.HasPrefix(m[1], []byte("YAML")) && !bytes.HasPrefix(m[1], []byte("TAG")):
			if out == nil {
				out = bytes.Clone(data)
			}
			out[begin] = '#'
		}
		begin = end + 1
	}
	if out == nil {
		return data
	}
	return out
}

// readable checks what comes before YAML: size, encoding, characters.
func (d *decoder) readable(data []byte) bool {
	if len(data) > MaxSize {
		d.fail(position{1, 1}, "", "shorten it", "the file is larger than %d bytes", MaxSize)
		return false
	}
	if marks := countMarks(data); marks > maxMarks {
		d.fail(position{1, 1}, "", "shorten it",
			"the file has some %d values or lines, and %d are read at most", marks, maxMarks)
		return false
	}
	p := position{1, 1}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			d.fail(p, "", "save it as UTF-8", "the byte 0x%02x is not UTF-8", data[i])
			return false
		case r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f:
			d.fail(p, "", "remove it", "there is a control character (0x%02x)", r)
			return false
		}
		if i += size; r == '\n' {
			p = position{p.line + 1, 1}
		} else if i > size || r != '\uFEFF' {
			p.column++
		}
	}
	return true
}

// countMarks counts the characters of which each value of a YAML file needs one around it.
func countMarks(data []byte) int {
	n := 0
	for i, c := range data {
		switch c {
		case ',', '[', '{', '\n', '\r', ':':
			n++
		case '-', '?':
			if i+1 == len(data) || data[i+1] == ' ' || data[i+1] == '\t' || data[i+1] == '\n' || data[i+1] == '\r' {
				n++
			}
		}
	}
	return n
}

var (
	lineOf     = lazy.Regexp(`^line (\d+): `)
	anchorOf   = lazy.Regexp(`unknown anchor '(.*)' referenced`)
	ofItsParse = lazy.Regexp(`did not find expected (key|node content|',' or|'-' indicator|<)`)
)

// syntax reports an error of the YAML library, which says the line at most, and that of the parser (as
// opposed to the scanner) one too low. Without a line it is the first.
func (d *decoder) syntax(data []byte, err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	lines := strings.Split(string(data), "\n")
	line := 1
	if m := lineOf().FindStringSubmatch(message); m != nil {
		message = strings.TrimPrefix(message, m[0])
		line, _ = strconv.Atoi(m[1])
		if ofItsParse().MatchString(message) {
			line++
		}
	}
	line = min(max(1, line), len(lines))
	if m := anchorOf().FindStringSubmatch(message); m != nil {
		for i, text := range lines {
			if k := strings.Index(text, "*"+m[1]); k >= 0 {
				use := position{i + 1, 1 + utf8.RuneCountInString(text[:k])}
				d.fail(use, "", "mark a value above it: &"+m[1], "there is no anchor %q", m[1])
				return
			}
		}
	}
	for i, text := range lines[:min(line+1, len(lines))] {
		if blank := text[:indent(text)]; i+2 >= line && strings.Contains(blank, "\t") && len(blank) < len(text) {
			d.fail(position{i + 1, strings.IndexByte(text, '\t') + 1}, "", "indent with spaces", "a tab cannot indent YAML")
			return
		}
	}
	d.fail(position{line, 1 + indent(lines[line-1])}, "",
		"check indentation, colons, brackets and quotes here and just above", "this is not YAML: %s", message)
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// resolvePath is a path in the scenario's file, which is relative to the file.
func (s *Scenario) resolvePath(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.path), filepath.FromSlash(path))
}
