package capture

import (
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

	through func(*outdir.File) io.Writer // by which a file is written; nil: it is itself
	lost    func(int)                    // told of a packet's interface that was taken and cannot be written

	current *outdir.File // being written; nil: none
	called  string       // its name
	blocks  *blocks
	writer  *writer
	flushed time.Time
	kept    []string // names of the files that are there
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
	err := o.begin()
	if err != nil && o.dir != nil {
		err = errors.Join(err, o.dir.Close())
	}
	return err
}

func (o *output) begin() error {
	to := o.stream
	if o.stream == nil {
		o.called = o.name
		if o.ring.Files > 0 {
			o.number++
			ext := filepath.Ext(o.name)
			o.called = fmt.Sprintf("%s.%05d%s", strings.TrimSuffix(o.name, ext), o.number, ext)
		}
		file, err := o.dir.CreatePrivate(o.called)
		if err != nil {
			return err
		}
		o.current, to = file, file
		if o.through != nil {
			to = o.through(file)
		}
	}
	o.blocks = &blocks{to: to, lost: o.lost}
	var err error
	if o.writer, err = o.section(o.blocks); err == nil {
		err = o.flush()
	}
	if err != nil && o.current != nil { // there is nothing worth keeping
		err = errors.Join(err, o.current.Abort())
		o.current = nil
	}
	return err
}

// packet writes one, in the next file where the current one is full.
func (o *output) packet(p *Packet) error {
	if o.ring.Files > 0 && o.writer.size >= int64(o.ring.Size) {
		if err := o.complete(); err != nil {
			return err
		}
		for len(o.kept) >= o.ring.Files { // the one that begins now is to be one of them
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

func (o *output) flush() error { return o.blocks.flush() }

// complete ends the current section, and gives a file its name. Where it cannot be written to its end, as on a full
// disk, it keeps the whole blocks that it has.
func (o *output) complete() error {
	err := o.finish(o.writer)
	if err == nil {
		err = o.flush()
	}
	current := o.current
	if current == nil {
		return err
	}
	o.current = nil
	if err != nil {
		if short := current.Truncate(o.blocks.whole); short != nil {
			return errors.Join(err, short, current.Abort())
		}
	}
	named := current.Commit()
	if named == nil {
		o.kept = append(o.kept, o.called)
	}
	return errors.Join(err, named)
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
