package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/units"
)

// Ring says that a capture is kept in files of a limited size, of which the newest stay.
type Ring struct {
	Files int            // the most; 0: there is one file without a limit
	Size  units.ByteSize // of each; a packet more may be in it
}

// Check refuses a ring that holds nothing.
func (r Ring) Check() error {
	const least = 10 * units.KB
	switch {
	case r == Ring{}:
		return nil
	case r.Files < 1 || r.Files > 100_000:
		return fmt.Errorf("a ring of %d files: write 1 to 100000", r.Files)
	case r.Size < least:
		return fmt.Errorf("files of %v: write at least %v", r.Size, least)
	}
	return nil
}

// output is where a capture goes: begin starts a section, and the next one where a file is full.
type output struct {
	section func(to io.Writer) (*writer, error) // begins one, with its interfaces
	finish  func(w *writer) error               // ends one, with their statistics

	stream io.Writer // nil: files
	dir    *outdir.Dir
	name   string
	ring   Ring

	current *outdir.File
	buffer  *bufio.Writer
	writer  *writer
	flushed time.Time
	kept    []string // names of complete files of the ring
	number  int
	paths   []string // of all files that are there in the end
}

// open begins the output.
func (o *output) open(path string) error {
	if o.stream == nil {
		dir, name, err := outdir.Parent(path)
		if err != nil {
			return err
		}
		o.dir, o.name = dir, name
	}
	return o.begin()
}

func (o *output) begin() error {
	to := o.stream
	if o.stream == nil {
		name := o.name
		if o.ring.Files > 0 {
			o.number++
			ext := filepath.Ext(name)
			name = fmt.Sprintf("%s.%05d%s", strings.TrimSuffix(name, ext), o.number, ext)
		}
		file, err := o.dir.Create(name)
		if err != nil {
			return err
		}
		o.current, to = file, file
		o.kept = append(o.kept, name)
	}
	o.buffer = bufio.NewWriterSize(to, 1<<20)
	var err error
	if o.writer, err = o.section(o.buffer); err != nil {
		return err
	}
	return o.flush()
}

// packet writes one, in the next file where the current one is full.
func (o *output) packet(p *Packet) error {
	if o.ring.Files > 0 && o.writer.size >= int64(o.ring.Size) {
		if err := o.complete(); err != nil {
			return err
		}
		for len(o.kept) >= o.ring.Files { // the one that begins now counts
			if err := o.dir.Remove(o.kept[0]); err != nil {
				return err
			}
			o.kept = o.kept[1:]
		}
		if err := o.begin(); err != nil {
			return err
		}
	}
	return o.writer.packet(p)
}

// tick lets those who read while the capture goes on see what there is.
func (o *output) tick(now time.Time) error {
	if o.stream == nil || now.Sub(o.flushed) < 100*time.Millisecond {
		return nil
	}
	o.flushed = now
	return o.flush()
}

func (o *output) flush() error { return o.buffer.Flush() }

// complete ends the current section, and gives a file its name.
func (o *output) complete() error {
	err := o.finish(o.writer)
	if err == nil {
		err = o.flush()
	}
	if o.current == nil {
		return err
	}
	if err != nil {
		return errors.Join(err, o.current.Abort())
	}
	current := o.current
	o.current = nil
	return current.Commit()
}

// close is complete at the end. Whatever went wrong before, what was captured is kept as far as possible.
func (o *output) close() error {
	var err error
	if o.writer != nil && (o.current != nil || o.stream != nil) {
		err = o.complete()
	}
	for _, name := range o.kept {
		o.paths = append(o.paths, filepath.Join(o.dir.Path(), name))
	}
	if o.dir != nil {
		err = errors.Join(err, o.dir.Close())
	}
	return err
}
