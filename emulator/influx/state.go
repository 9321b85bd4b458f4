package influx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
)

// StateFile is the name of the file in a run's directory that says what databases have got.
const StateFile = "upload.json"

// state is the file's content.
type state struct {
	Targets map[string]*target `json:"targets"`
}

// target is what one database has got of samples.lp.
type target struct {
	Server  string `json:"server"`            // for people
	Offset  int64  `json:"offset"`            // what is before this byte has been sent
	Lines   int64  `json:"lines"`             // and acknowledged, so many lines
	Refused []span `json:"refused,omitempty"` // but for these, in order
	Message string `json:"message,omitempty"` // what the server said last of them
}

// span is a piece of samples.lp.
type span struct {
	From  int64 `json:"from"` // byte
	To    int64 `json:"to"`
	Lines int64 `json:"lines"`
}

// join appends a span to others, making one of two that meet.
func join(spans []span, next ...span) []span {
	for _, s := range next {
		if n := len(spans); n > 0 && spans[n-1].To == s.From {
			spans[n-1].To = s.To
			spans[n-1].Lines += s.Lines
		} else {
			spans = append(spans, s)
		}
	}
	return spans
}

func (t *target) rejected() int64 {
	n := int64(0)
	for _, s := range t.Refused {
		n += s.Lines
	}
	return n
}

// stateLimits are those of upload.json: hundreds of databases, with all that they refuse.
var stateLimits = readfile.Limits{Bytes: 16 * readfile.MiB, Values: 500_000}

// readState reads upload.json. Where there is none, or it is not valid, everything is to be sent again,
// which does no harm.
func readState(dir string) *state {
	s := &state{}
	if file, err := openIn(dir, StateFile); err == nil {
		if readfile.DecodeJSON(file, file.Name(), stateLimits, s) != nil {
			s = &state{}
		}
		file.Close()
	}
	if s.Targets == nil {
		s.Targets = map[string]*target{}
	}
	return s
}

// openIn opens a regular file of a run's directory, and follows no link: what a link leads to may be none of
// what its owner wants to see in a database.
func openIn(dir, name string) (*os.File, error) {
	d, err := outdir.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }() // opened to read only: nothing is lost
	return d.Read(name)
}

// openSamples opens a run's samples, of at most record.MaxSamplesSize bytes, following no link.
func openSamples(dir string) (*os.File, error) {
	file, err := openIn(dir, record.SamplesFile)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() > record.MaxSamplesSize {
		err = fmt.Errorf("%s has %d bytes, and at most %d are read: %w",
			file.Name(), info.Size(), record.MaxSamplesSize, readfile.ErrLimit)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// valid says whether a target fits a file of a size.
func (t *target) valid(size int64) bool {
	if t == nil || t.Offset < 0 || t.Offset > size || t.Lines < 0 {
		return false
	}
	at := int64(0)
	for _, s := range t.Refused {
		if s.From < at || s.To <= s.From || s.To > t.Offset || s.Lines < 1 {
			return false
		}
		at = s.To
	}
	return true
}

// remember writes what the database has got into upload.json, and leaves what is known of others.
func (t *target) remember(dir, key string) error {
	s := readState(dir)
	s.Targets[key] = t
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = record.ReplaceFile(dir, StateFile, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", StateFile, err)
	}
	return nil
}

// noteInManifest writes the counts of a database into a run's manifest.
func noteInManifest(dir, name string, counts record.Counts) error {
	m, err := record.ReadManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.Mirrors == nil {
		m.Mirrors = map[string]record.Counts{}
	}
	m.Mirrors[name] = counts
	return m.Write(dir)
}
