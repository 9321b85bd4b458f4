package profile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"testbed/emulator/internal/readfile"
)

// A file has one JSON object a line, which has one key: first "profile", then each "function", then each "task".

// Limits of a file, in bytes.
const (
	maxFile = 64 << 20
	maxLine = 1 << 20
)

// line is one line of a file; exactly one of its keys is there.
type line struct {
	Profile  *About    `json:"profile,omitempty"`
	Function *Function `json:"function,omitempty"`
	Task     *Task     `json:"task,omitempty"`
}

// Write writes the profile. Equal profiles give equal texts. It fails where the writer does, or where Read would not
// read what was written.
func (p *Profile) Write(w io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	errs := []error{encoder.Encode(line{Profile: &p.About})}
	for i := range p.Functions {
		errs = append(errs, encoder.Encode(line{Function: &p.Functions[i]}))
	}
	for i := range p.Tasks {
		errs = append(errs, encoder.Encode(line{Task: &p.Tasks[i]}))
	}
	return errors.Join(append(errs, out.Flush())...)
}

// Load reads a profile from a file of at most 64 MiB. Its errors name file and line.
func Load(path string) (*Profile, error) {
	text, err := readfile.All(path, maxFile)
	if err != nil {
		return nil, err
	}
	return Parse(text, path)
}

// Parse reads a profile; name is what errors call it.
func Parse(text []byte, name string) (*Profile, error) {
	p := &Profile{}
	c := newChecker()
	number := 0
	for rest := text; len(rest) > 0; {
		var of []byte
		of, rest, _ = bytes.Cut(rest, []byte("\n"))
		number++
		if len(bytes.TrimSpace(of)) == 0 {
			continue
		}
		if err := p.add(of, c); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	if p.About.Format == 0 {
		return nil, fmt.Errorf("%s: it is empty: `testbed profile SCENARIO -o FILE` makes a profile", name)
	}
	if len(p.Functions) == 0 {
		return nil, fmt.Errorf("%s: nothing was measured in it: it has no function", name)
	}
	return p, nil
}

// add reads a line.
func (p *Profile) add(text []byte, c *checker) error {
	if len(text) > maxLine {
		return fmt.Errorf("the line has %d bytes, and at most %d are read: %w", len(text), maxLine, readfile.ErrLimit)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var l line
	if err := decoder.Decode(&l); err != nil {
		return fmt.Errorf("it is no line of a profile: %w", err)
	}
	if decoder.More() {
		return errors.New("there is more than one JSON object in the line")
	}
	first := p.About.Format == 0
	switch {
	case first && (l.Profile == nil || l.Function != nil || l.Task != nil):
		return errors.New(`a profile begins with {"profile": ...}: ` +
			"is this a file that `testbed profile SCENARIO -o FILE` has written?")
	case first:
		p.About = *l.Profile
		return c.about(&p.About)
	case l.Function != nil && l.Task == nil && l.Profile == nil:
		p.Functions = append(p.Functions, *l.Function)
		return c.function(l.Function)
	case l.Task != nil && l.Function == nil && l.Profile == nil:
		p.Tasks = append(p.Tasks, *l.Task)
		return c.task(l.Task)
	}
	return errors.New(`want one of {"function": ...} and {"task": ...}`)
}

// check says why a profile is none.
func (p *Profile) check() error {
	c := newChecker()
	if err := c.about(&p.About); err != nil {
		return err
	}
	for i := range p.Functions {
		if err := c.function(&p.Functions[i]); err != nil {
			return err
		}
	}
	for i := range p.Tasks {
		if err := c.task(&p.Tasks[i]); err != nil {
			return err
		}
	}
	return nil
}
