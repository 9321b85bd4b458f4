package record

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/record/lineprotocol"
)

// Names of the files in a run's directory.
const (
	SamplesFile = "samples.lp"
	ChainsFile  = "chains.csv"
)

// flushInterval is the most that a crash may cost.
const flushInterval = time.Second

// Directory is the sink that is the record of truth: a run's directory.
type Directory struct {
	path     string
	samples  *os.File
	chains   *os.File
	instants *instants

	mu      sync.Mutex
	lines   *bufio.Writer
	table   *csv.Writer
	columns []column
	counts  Counts
	failure error // the first failure to write: nothing is written after it
	closed  bool

	stop chan struct{}
	done chan struct{}
}

// NewDirectory makes the directory root/NAME-TIME, whose name is the scenario's and the time in UTC, and
// opens its files. It never overwrites: where the name is taken a number is appended.
func NewDirectory(root, scenario string, now time.Time) (*Directory, error) {
	dir, err := makeDirectory(root, scenario, now)
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	defer dir.Close()
	d := &Directory{path: dir.Path(), columns: columns(), instants: newInstants(time.Now()), stop: make(chan struct{}), done: make(chan struct{})}
	if d.samples, err = dir.NewRecord(SamplesFile); err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if d.chains, err = dir.NewRecord(ChainsFile); err != nil {
		d.samples.Close()
		return nil, fmt.Errorf("results: %w", err)
	}
	d.lines, d.table = bufio.NewWriterSize(d.samples, 64<<10), csv.NewWriter(d.chains)
	d.failure = writeHeader(d.table)
	go d.flushRegularly()
	return d, d.Flush()
}

func makeDirectory(root, scenario string, now time.Time) (*outdir.Dir, error) {
	results, err := outdir.Make(root)
	if err != nil {
		return nil, err
	}
	defer results.Close()
	base := safeName(scenario) + "-" + now.UTC().Format("20060102T150405Z")
	name := base
	for n := 2; ; n++ {
		dir, err := results.New(name)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// safeName makes a name that is a plain file name on any system.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if name == "" {
		return "run"
	}
	return name[:min(len(name), 60)] // the run's name is part of every state's key
}

// Path is the directory's path, Run its name.
func (d *Directory) Path() string { return d.path }

// Run is the run's name: the last element of the path.
func (d *Directory) Run() string { return filepath.Base(d.path) }

// Write implements Sink. The times of what it records are those given, in the wall clock as it was when the
// directory was made, moved by the nanosecond or two that keep points apart that a database would take for
// one and the same.
func (d *Directory) Write(chain Chain, steps []Step) error {
	series, err := d.encode(&chain, steps)
	n := int64(1 + len(steps))
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		err = d.append(series)
	}
	if err == nil {
		err = writeRow(d.table, d.columns, &chain)
	}
	if err != nil {
		d.counts.Dropped += n
		return fmt.Errorf("results %s: %w", d.path, err)
	}
	d.counts.Written += n
	return nil
}

// encode gives the lines of a chain and its steps, and the chain the time that is recorded.
func (d *Directory) encode(chain *Chain, steps []Step) ([]byte, error) {
	p := chain.Point()
	p.Time = d.instants.distinct(chain.Tags.series("", 0), chain.Time)
	chain.Time = p.Time
	buffer, err := lineprotocol.Append(nil, p)
	for i := range steps {
		if err != nil {
			return nil, err
		}
		s := &steps[i]
		p := s.Point()
		p.Time = d.instants.distinct(s.Tags.series(s.Role, 1+s.Index), s.Time)
		buffer, err = lineprotocol.Append(buffer, p)
	}
	return buffer, err
}

// append hands lines on to the file's buffer. The caller holds mu.
func (d *Directory) append(lines []byte) error {
	if d.failure != nil {
		return d.failure
	}
	if d.closed {
		return fs.ErrClosed
	}
	_, d.failure = d.lines.Write(lines)
	return d.failure
}

// Observe implements Observer.
func (d *Directory) Observe(links []Link, host *Host) error {
	var lines []byte
	var err error
	n := int64(len(links))
	for i := range links {
		if err == nil {
			p := links[i].Point()
			p.Time = d.instants.steady(p.Time)
			lines, err = lineprotocol.Append(lines, p)
		}
	}
	if host != nil && err == nil {
		p := host.Point()
		p.Time = d.instants.steady(p.Time)
		lines, err = lineprotocol.Append(lines, p)
		n++
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		err = d.append(lines)
	}
	if err != nil {
		return fmt.Errorf("results %s: %w", d.path, err)
	}
	d.counts.Observed += n
	return nil
}

// Flush implements Sink: it writes what is buffered to the files.
func (d *Directory) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flush()
}

func (d *Directory) flush() error {
	if d.closed {
		return nil
	}
	d.table.Flush()
	if err := errors.Join(d.failure, d.lines.Flush(), d.table.Error()); err != nil {
		d.failure = err
		return fmt.Errorf("results %s: %w", d.path, err)
	}
	return nil
}

func (d *Directory) flushRegularly() {
	defer close(d.done)
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = d.Flush() // the failure is kept, and returned by the next Write and by Close
		case <-d.stop:
			return
		}
	}
}

// Counts implements Sink.
func (d *Directory) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

// Close implements Sink: it flushes, and waits until the data is on the disk. It may be repeated.
func (d *Directory) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	err := d.flush()
	d.closed = true
	close(d.stop)
	return errors.Join(err, d.samples.Sync(), d.chains.Sync(), d.samples.Close(), d.chains.Close())
}
