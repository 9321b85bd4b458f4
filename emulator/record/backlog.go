package record

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

// file is what a growing file of a run's directory is written through.
type file interface {
	io.Writer
	Truncate(size int64) error
	Sync() error
	Close() error
}

// entry is what samples.lp takes at once: a chain with its steps, or the points of a sampling instant.
type entry struct {
	end      int64  // where it ends in samples.lp, in bytes
	samples  int64  // chains and steps
	observed int64  // points of links and of the host
	row      []byte // of chains.csv; nil: it has none
}

// backlog is what a run's two growing files were given, and what of it has reached them. A sample counts as
// written when the file has it, not when the buffer has. Rows of chains.csv wait until samples.lp, the record of
// truth, has their chain.
type backlog struct {
	lines    *bufio.Writer // to samples.lp
	accepted int64         // bytes that it has taken since the file was made
	whole    int64         // where the last entry ends that is in samples.lp whole
	entries  []entry       // those that are not known to be in the file
	rows     []byte        // of chains that samples.lp has and chains.csv has not
	rowsEnd  int64         // where the last whole row of chains.csv ends
	counts   Counts
}

// mostRows is how many bytes of rows wait at most before they are flushed.
const mostRows = 256 << 10

// append gives an entry to the buffer.
func (b *backlog) append(lines []byte, e entry) error {
	e.end = b.accepted + int64(len(lines))
	n, err := b.lines.Write(lines)
	b.accepted += int64(n)
	b.entries = append(b.entries, e)
	b.countWritten()
	return err
}

// countWritten counts the entries that have reached samples.lp.
func (b *backlog) countWritten() {
	reached := b.accepted - int64(b.lines.Buffered())
	n := 0
	for ; n < len(b.entries) && b.entries[n].end <= reached; n++ {
		e := &b.entries[n]
		b.counts.Written += e.samples
		b.counts.Observed += e.observed
		b.rows = append(b.rows, e.row...)
		b.whole = e.end
	}
	b.entries = slices.Delete(b.entries, 0, n)
}

// flush hands on what is buffered.
func (b *backlog) flush(chains io.Writer) error {
	err := b.lines.Flush()
	b.countWritten()
	if err != nil {
		return err
	}
	return b.flushRows(chains)
}

func (b *backlog) flushRows(chains io.Writer) error {
	if len(b.rows) == 0 {
		return nil
	}
	n, err := chains.Write(b.rows)
	b.rowsEnd += int64(bytes.LastIndexByte(b.rows[:n], '\n') + 1) // no field has a line break
	b.rows = b.rows[:0]
	return err
}

// giveUp counts what will not reach the files any more, and cuts off what of an entry has reached them, so that
// both end with a whole line. It needs no room on the disk.
func (b *backlog) giveUp(samples, chains file) error {
	for _, e := range b.entries {
		b.counts.Dropped += e.samples
		b.counts.Unobserved += e.observed
	}
	b.entries = nil
	_ = b.flushRows(chains) // there may be room for these; samples.lp has them anyway
	return errors.Join(samples.Truncate(b.whole), chains.Truncate(b.rowsEnd))
}
