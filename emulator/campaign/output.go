package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Names of the files in a campaign's directory.
const (
	ParquetFile = "rows.parquet"
	SummaryFile = "summary.csv"
	LengthsFile = "lengths.csv"
)

// output is where a campaign's rows go.
type output struct {
	dir     string
	keep    bool // the directory is the user's, and not a temporary one
	journal *journal
	parquet *parquetFile // nil in the other store
	texts   *textFiles   // nil in the other store
}

// openOutput prepares a campaign's directory. It is nil where the campaign was finished before.
func openOutput(c *Config) (*output, error) {
	o := &output{dir: c.Dir, keep: c.Dir != ""}
	if err := o.makeDir(); err != nil {
		return nil, err
	}
	m := newManifest(c)
	resume, err := m.prepare(o.dir, c.Resume)
	if errors.Is(err, errFinished) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Join(err, o.removeTemporary())
	}
	if o.journal, err = openJournal(o.path(JournalFile), m.Fingerprint, &c.Spec, resume); err != nil {
		return nil, errors.Join(err, o.removeTemporary())
	}
	switch {
	case !o.keep:
	case c.Store == Statesim:
		o.texts, err = newTextFiles(o.dir, &c.Spec)
	default:
		o.parquet, err = createParquet(o.path(ParquetFile))
	}
	if err != nil {
		return nil, errors.Join(err, o.abandon())
	}
	return o, nil
}

func (o *output) makeDir() (err error) {
	if o.keep {
		return os.MkdirAll(o.dir, 0o755)
	}
	o.dir, err = os.MkdirTemp("", "testbed-campaign-")
	return err
}

func (o *output) path(name string) string { return filepath.Join(o.dir, name) }

// add takes the next simulation.
func (o *output) add(b *Block) error {
	if o.parquet == nil {
		return nil
	}
	return o.parquet.add(b)
}

// abandon leaves the journal, and nothing else that is half done.
func (o *output) abandon() error {
	var errs []error
	if o.parquet != nil {
		errs = append(errs, o.parquet.abandon())
	}
	errs = append(errs, o.journal.file.Close(), o.removeTemporary())
	return errors.Join(errs...)
}

// finish completes the files. The journal goes last: as long as it is there, the campaign is not finished.
func (o *output) finish(r *Results) error {
	if !o.keep {
		return o.abandon()
	}
	if o.parquet != nil {
		if err := o.parquet.finish(); err != nil {
			return errors.Join(err, o.journal.file.Close())
		}
	}
	err := errors.Join(
		writeFile(o.path(SummaryFile), r.WriteSummary),
		writeFile(o.path(LengthsFile), r.WriteLengths),
		o.journal.file.Close())
	if err != nil {
		return err
	}
	return os.Remove(o.path(JournalFile))
}

func (o *output) removeTemporary() error {
	if o.keep {
		return nil
	}
	return os.RemoveAll(o.dir)
}

// writeFile writes a file that is either the old one or the new one, whatever happens.
func writeFile(path string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// exists says whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
