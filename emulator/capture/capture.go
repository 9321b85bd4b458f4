package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/internal/outdir"
)

// Source is where packets come from.
type Source interface {
	// Capture hands over packets until ctx ends, and then all that were seen before. Interfaces are numbered from 0.
	Capture(ctx context.Context, filter []bpf.RawInstruction, to Sink) error
}

// Sink is what a source hands packets to. After an error it gives up, and returns it.
type Sink struct {
	// Packet takes one, and keeps none of its data.
	Packet func(Packet) error
	// Told is called every now and then, at least each tenth of a second: until when all packets were handed over, and
	// how many each interface has lost so far.
	Told func(until time.Time, lost []uint64) error
}

// From is a source with what is said of its interfaces.
type From struct {
	Source
	Interfaces []Interface
}

// Options say what is captured, and where it goes.
type Options struct {
	Program string // that writes the file, with its version
	Filter  *Filter
	Snap    int       // bytes of a packet that are kept; 0: all
	Path    string    // of the file
	Stream  io.Writer // instead of a file; nil: a file
	Ring    Ring
	For     time.Duration // from when all sources are open on; 0: until the context ends
	Ready   func()        // told of that instant; may be nil

	through func(*outdir.File) io.Writer // as of output
}

// Count is what became of the packets of an interface that the filter accepts.
type Count struct {
	Written uint64 `json:"written"`
	Lost    uint64 `json:"lost"` // for want of room, at the source
}

// Result is what a capture has come to.
type Result struct {
	Interfaces []Interface
	Counts     []Count  // by interface
	Files      []string // that there are, in order
}

// Run captures until ctx ends, which is no error. What was captured is in the files whatever happens; where they cannot
// be written any more, up to there.
func Run(ctx context.Context, sources []From, o Options) (*Result, error) {
	if err := o.Ring.Check(); err != nil {
		return nil, err
	}
	r := &Result{}
	for _, s := range sources {
		r.Interfaces = append(r.Interfaces, s.Interfaces...)
	}
	r.Counts = make([]Count, len(r.Interfaces))
	if len(r.Interfaces) == 0 {
		return nil, errors.New("nothing to capture at")
	}
	begin := time.Now()
	out := &output{stream: o.Stream, ring: o.Ring, through: o.through,
		lost: func(i int) { r.Counts[i].Written-- },
		section: func(to io.Writer) (*writer, error) {
			return newWriter(to, o.Program, r.Interfaces, o.Filter.String(), o.Snap)
		},
		finish: func(w *writer) error {
			for i, c := range r.Counts {
				if err := w.statistics(i, begin, time.Now(), c); err != nil {
					return err
				}
			}
			return nil
		}}
	if err := out.open(o.Path); err != nil {
		return nil, err
	}
	err := collect(ctx, sources, o, r, out)
	err = errors.Join(err, out.close())
	r.Files = out.paths
	return r, err
}

// collect runs the sources side by side, and writes what they give in one order.
func collect(ctx context.Context, sources []From, o Options, r *Result, out *output) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mutex sync.Mutex
	m := newMerge(len(sources), func(p *Packet) error {
		if o.Snap > 0 && len(p.Data) > o.Snap {
			p.Data = p.Data[:o.Snap]
		}
		if err := out.packet(p); err != nil {
			return err
		}
		r.Counts[p.Interface].Written++
		return nil
	})
	begun, open := make([]bool, len(sources)), 0 // guarded by mutex
	ready := func(source int) {
		if begun[source] {
			return
		}
		begun[source] = true
		if open++; open < len(sources) {
			return
		}
		if o.For > 0 {
			time.AfterFunc(o.For, func() { stop(nil) })
		}
		if o.Ready != nil {
			o.Ready()
		}
	}
	errs := make([]error, len(sources))
	var all sync.WaitGroup
	first := 0
	for i, s := range sources {
		at := first
		first += len(s.Interfaces)
		all.Go(func() {
			err := s.Capture(ctx, o.Filter.Raw(), Sink{func(p Packet) error {
				p.Interface += at
				mutex.Lock()
				defer mutex.Unlock()
				return m.add(p)
			}, func(t time.Time, lost []uint64) error {
				mutex.Lock()
				defer mutex.Unlock()
				ready(i)
				for k, n := range lost {
					r.Counts[at+k].Lost = n
				}
				return errors.Join(m.until(i, t), out.tick(time.Now()))
			}})
			if err != nil {
				errs[i] = err
				stop(fmt.Errorf("another source failed: %w", err))
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, m.flush())...)
}
