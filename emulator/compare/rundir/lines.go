package rundir

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"testbed/emulator/compare"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/plan"
)

// errLine is wrapped by errors about a line that is not in line protocol.
var errLine = errors.New("not line protocol")

// reader puts chains together from the lines of samples.lp. A chain's steps follow it at once, as they are
// written, so that one chain at a time is held. It looks at the few fields that a comparison needs and
// allocates nothing per field: a run of 100,000 chains has more than a million lines.
type reader struct {
	each  func(*compare.Chain) error
	chain compare.Chain
	open  bool // chain holds one
	stray int  // steps that do not follow their chain
	texts map[string]string
	roles map[string]plan.Role
}

func newReader(each func(*compare.Chain) error) *reader {
	r := &reader{each: each, texts: map[string]string{}, roles: map[string]plan.Role{}}
	for role := plan.Request; role <= plan.Response; role++ {
		r.roles[role.String()] = role
	}
	return r
}

const (
	// longest bounds a line; a job's name or an error's text makes the longest ones.
	longest = 1 << 20
	// mostSteps bounds a chain's steps, and mostTexts the tags' values of which one copy is kept.
	mostSteps = 1 << 20
	mostTexts = 10_000
)

// read reads all lines and calls each for every chain. Whether the last line is cut off, as a crash
// leaves it, it says instead of failing.
func (r *reader) read(in io.Reader) (truncated bool, err error) {
	lines := bufio.NewReaderSize(in, longest)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF:
			return len(line) > 0, r.flush()
		case errors.Is(err, bufio.ErrBufferFull):
			return false, fmt.Errorf("line %d: %w: it is longer than the %d bytes that are read: %w", number, errLine, longest,
				readfile.ErrLimit)
		case err != nil:
			return false, err
		}
		if err := r.line(line[:len(line)-1]); errors.Is(err, errLine) {
			if _, end := lines.Peek(1); end == io.EOF {
				return true, r.flush()
			}
			return false, fmt.Errorf("line %d: %w", number, err)
		} else if err != nil {
			return false, fmt.Errorf("line %d: %w", number, err)
		}
	}
}

func (r *reader) flush() error {
	if !r.open {
		return nil
	}
	r.open = false
	return r.each(&r.chain)
}

func (r *reader) line(line []byte) error {
	switch {
	case bytes.HasPrefix(line, []byte("chain,")):
		if err := r.flush(); err != nil {
			return err
		}
		return r.readChain(line)
	case bytes.HasPrefix(line, []byte("step,")):
		return r.readStep(line)
	}
	return nil
}

func (r *reader) readChain(line []byte) error {
	c := compare.Chain{Steps: r.chain.Steps[:0]}
	err := split(line, func(name, value []byte) (err error) {
		switch string(name) {
		case "model":
			c.Model = plan.Model(r.text(value))
		case "policy":
			c.Policy = r.text(value)
		case "length":
			c.Length, err = strconv.Atoi(string(value))
		}
		return err
	}, func(name, value []byte) (err error) {
		switch string(name) {
		case "index":
			c.Index, err = whole(value)
		case "job":
			c.Job, err = quoted(value)
		case "error":
			c.Err, err = quoted(value)
		case "latency_s":
			c.Total, err = number(value)
		case "network_s":
			c.Network, err = number(value)
		case "processing_s":
			c.Processing, err = number(value)
		case "states":
			c.States, err = whole(value)
		case "lost":
			c.Lost, err = whole(value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.Total > 0 {
		c.Err = "" // it came to its end; lost state alone does not take its times away
	}
	r.chain, r.open = c, true
	return nil
}

func (r *reader) readStep(line []byte) error {
	var model plan.Model
	var s compare.Step
	chain, known := 0, false
	err := split(line, func(name, value []byte) (err error) {
		switch string(name) {
		case "model":
			model = plan.Model(r.text(value))
		case "role":
			s.Role, known = r.roles[string(value)]
		case "step":
			s.Index, err = strconv.Atoi(string(value))
		}
		return err
	}, func(name, value []byte) (err error) {
		switch string(name) {
		case "chain":
			chain, err = whole(value)
		case "duration_s":
			s.Duration, err = number(value)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !r.open || model != r.chain.Model || chain != r.chain.Index:
		r.stray++
	case known && len(r.chain.Steps) == mostSteps:
		return fmt.Errorf("a chain of more than the %d steps that are read: %w", mostSteps, readfile.ErrLimit)
	case known:
		r.chain.Steps = append(r.chain.Steps, s)
	}
	return nil
}

// text keeps one copy of each tag's value.
func (r *reader) text(value []byte) string {
	if s, ok := r.texts[string(value)]; ok {
		return s
	}
	text := string(value)
	if len(r.texts) < mostTexts {
		r.texts[text] = text
	}
	return text
}

func number(value []byte) (float64, error) { return strconv.ParseFloat(string(value), 64) }

func whole(value []byte) (int, error) {
	return strconv.Atoi(string(bytes.TrimSuffix(value, []byte("i"))))
}

// quoted reads a string field.
func quoted(value []byte) (string, error) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", errors.New("a string is not in quotes")
	}
	return string(unescape(value[1:len(value)-1], `"\nrt`, "\"\\\n\r\t")), nil
}

// unescape replaces each of the characters given that follows a backslash, and the backslash, by its meaning.
func unescape(value []byte, escaped, meaning string) []byte {
	if bytes.IndexByte(value, '\\') < 0 {
		return value
	}
	var out []byte
	for i := 0; i < len(value); i++ {
		b := value[i]
		if b == '\\' && i+1 < len(value) {
			if n := strings.IndexByte(escaped, value[i+1]); n >= 0 {
				i, b = i+1, meaning[n]
			}
		}
		out = append(out, b)
	}
	return out
}

// split calls tag and field for each of a line's, with the fields' values as they are written.
func split(line []byte, tag, field func(name, value []byte) error) error {
	tags, rest, ok := cut(line, ' ', false)
	fields, stamp, ok2 := cut(rest, ' ', true)
	if !ok || !ok2 {
		return errLine
	}
	if _, err := strconv.ParseInt(string(stamp), 10, 64); err != nil {
		return fmt.Errorf("%w: the time %q", errLine, stamp)
	}
	_, tags, _ = cut(tags, ',', false) // the measurement
	for len(tags) > 0 {
		var one []byte
		one, tags, _ = cut(tags, ',', false)
		name, value, ok := cut(one, '=', false)
		if !ok {
			return fmt.Errorf("%w: the tag %q", errLine, one)
		}
		if err := tag(name, unescape(value, special, special)); err != nil {
			return fmt.Errorf("%w: tag %s: %w", errLine, name, err)
		}
	}
	for len(fields) > 0 {
		var one []byte
		one, fields, _ = cut(fields, ',', true)
		name, value, ok := cut(one, '=', false)
		if !ok {
			return fmt.Errorf("%w: the field %q", errLine, one)
		}
		if err := field(name, value); err != nil {
			return fmt.Errorf("%w: field %s: %w", errLine, name, err)
		}
	}
	return nil
}

// special are the characters that a backslash escapes outside quotes; before any other, a backslash too, it is itself.
const special = ",= "

// cut cuts at the first separator that no backslash escapes and, where there are quotes, none encloses.
func cut(text []byte, separator byte, quotes bool) (before, after []byte, found bool) {
	inside := false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\':
			if inside || i+1 < len(text) && strings.IndexByte(special, text[i+1]) >= 0 {
				i++
			}
		case b == '"' && quotes:
			inside = !inside
		case b == separator && !inside:
			return text[:i], text[i+1:], true
		}
	}
	return text, nil, false
}
