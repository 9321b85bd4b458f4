package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/internal/journal"
	"testbed/emulator/internal/outdir"
)

// Names of the files in a campaign's directory.
const (
	ParquetFile = "rows.parquet"
	SummaryFile = "summary.csv"
	LengthsFile = "lengths.csv"
)

// output is where a campaign's rows go.
type output struct {
	dir     *outdir.Dir
	m       *Manifest
	keep    bool // there is a directory; without one, there are results alone
	journal *records
	parquet *parquetFile // nil in the other store
	texts   *textFiles   // nil in the other store
}

// openOutput prepares a campaign's directory. It is nil where the campaign was finished before.
func openOutput(c *Config) (*output, error) {
	o := &output{keep: c.Dir != ""}
	if !o.keep { // nothing can be gone on with
		o.journal = &records{at: map[int]journal.Record{}}
		return o, nil
	}
	var err error
	if o.dir, err = outdir.Make(c.Dir); err != nil {
		return nil, err
	}
	m := newManifest(c)
	o.m = m
	resume, err := m.prepare(o.dir, c.Resume)
	if errors.Is(err, errFinished) {
		return nil, o.dir.Close()
	}
	if err != nil {
		return nil, errors.Join(err, o.dir.Close())
	}
	if o.journal, err = openJournal(o.dir, m.Fingerprint, &c.Spec, resume); err != nil {
		return nil, errors.Join(err, o.dir.Close())
	}
	if c.Store == Statesim {
		o.texts, err = newTextFiles(o.dir, &c.Spec)
	} else {
		o.parquet, err = createParquet(o.dir, ParquetFile)
	}
	if err != nil {
		return nil, errors.Join(err, o.abandon())
	}
	return o, nil
}

// add takes the next simulation.
func (o *output) add(b *Block) error {
	if o.parquet == nil {
		return nil
	}
	return o.parquet.add(b)
}

// abandon leaves the journal, and nothing else that is half done.
func (o *output) abandon() error {
	if !o.keep {
		return nil
	}
	var errs []error
	if o.parquet != nil {
		errs = append(errs, o.parquet.abandon())
	}
	if o.texts != nil {
		errs = append(errs, o.texts.close())
	}
	errs = append(errs, o.journal.file.Close(), o.dir.Close())
	return errors.Join(errs...)
}

// finish completes the files. The journal goes last: as long as it is there, the campaign is not finished.
func (o *output) finish(r *Results) error {
	if !o.keep {
		return nil
	}
	var errs []error
	if o.parquet != nil {
		errs = append(errs, o.parquet.finish())
	}
	if o.texts != nil {
		errs = append(errs, o.texts.close())
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, writeFile(o.dir, SummaryFile, r.WriteSummary), writeFile(o.dir, LengthsFile, r.WriteLengths))
	}
	err := errors.Join(append(errs, o.journal.file.Close())...)
	if err == nil {
		err = o.m.seal(o.dir)
	}
	if err == nil {
		err = o.dir.Remove(JournalFile)
	}
	return errors.Join(err, o.dir.Close())
}

// writeFile writes a file that is either the old one or the new one, whatever happens.
func writeFile(dir *outdir.Dir, name string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir.Path(), name), err)
	}
	return dir.WriteSynced(name, text.Bytes())
}

// exists says whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
