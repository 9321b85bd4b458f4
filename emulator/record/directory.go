package record

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
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
	dir      *outdir.Dir
	reserved *outdir.Reserved // for the final manifest; nil: none
	samples  file
	chains   file
	instants *instants
	columns  []column

	mu      sync.Mutex
	backlog       // under mu
	failure error // the first failure to write: nothing is written after it
	closed  bool

	stop chan struct{}
	done chan struct{}
}

// MakeDirectory makes the directory root/name of a run called so, and opens its files. It fails, wrapping
// fs.ErrExist, where the name is taken.
func MakeDirectory(root, name string) (*Directory, error) {
	dir, err := makeDirectory(root, name)
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	d := &Directory{
		path:     dir.Path(),
		dir:      dir,
		columns:  columns(),
		instants: newInstants(time.Now()),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	if d.samples, err = dir.NewRecord(SamplesFile); err != nil {
		return nil, errors.Join(fmt.Errorf("results: %w", err), dir.Close())
	}
	if d.chains, err = dir.NewRecord(ChainsFile); err != nil {
		return nil, errors.Join(fmt.Errorf("results: %w", err), d.samples.Close(), dir.Close())
	}
	d.lines = bufio.NewWriterSize(d.samples, 64<<10)
	d.rows = header(d.columns)
	go d.flushRegularly()
	return d, d.Flush()
}

func makeDirectory(root, name string) (*outdir.Dir, error) {
	results, err := outdir.Make(root)
	if err != nil {
		return nil, err
	}
	defer func() { _ = results.Close() }() // only opened; what is in it stays
	return results.New(name)
}

// Path is the directory's path, Run its name.
func (d *Directory) Path() string { return d.path }

// Run is the run's name: the last element of the path.
func (d *Directory) Run() string { return filepath.Base(d.path) }

// Write implements Sink. The times of what it records are those given, in the wall clock as it was when the
// directory was made, moved by the nanosecond or two that keep points apart that a database would take for
// one and the same.
func (d *Directory) Write(chain Chain, steps []Step) error {
	lines, err := d.encode(&chain, steps)
	n := int64(1 + len(steps))
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		err = d.writable()
	}
	if err != nil {
		d.counts.Dropped += n
		return fmt.Errorf("results %s: %w", d.path, err)
	}
	return d.append(lines, entry{samples: n, row: row(d.columns, &chain)})
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

// writable says why nothing can be written. The caller holds mu.
func (d *Directory) writable() error {
	if d.closed {
		return fs.ErrClosed
	}
	return d.failure
}

// append hands an entry on to the files' buffer. The caller holds mu.
func (d *Directory) append(lines []byte, e entry) error {
	err := d.backlog.append(lines, e)
	if err == nil && len(d.rows) > mostRows {
		err = d.backlog.flush(d.chains)
	}
	return d.failed(err)
}

// failed keeps the first failure to write, and says what it costs. The caller holds mu.
func (d *Directory) failed(err error) error {
	if err == nil {
		return nil
	}
	if d.failure == nil {
		d.failure = errors.Join(err, d.giveUp(d.samples, d.chains))
	}
	return fmt.Errorf("results %s: %w", d.path, d.failure)
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
		err = d.writable()
	}
	if err != nil {
		d.counts.Unobserved += n
		return fmt.Errorf("results %s: %w", d.path, err)
	}
	return d.append(lines, entry{observed: n})
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
	if d.failure != nil {
		return fmt.Errorf("results %s: %w", d.path, d.failure)
	}
	return d.failed(d.backlog.flush(d.chains))
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

// Counts implements Sink: Written is what the file samples.lp has.
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
	err = errors.Join(err, d.samples.Sync(), d.chains.Sync(), d.samples.Close(), d.chains.Close())
	if d.reserved == nil {
		err = errors.Join(err, d.dir.Close()) // otherwise Conclude needs it
	}
	return err
}
