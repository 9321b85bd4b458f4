package netem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/netns"
)

// Fabric is one testbed's network of namespaces and veth pairs. It remembers nothing of it: what there is, it reads
// from the kernel. Its methods may be called from several goroutines, and by another process than the one that made
// the network.
type Fabric struct {
	dir, testbed string
	names        string // directory of names for `ip netns`

	mu     sync.Mutex
	form   *fabric.Network // that layout is of: it follows from the network alone
	layout *layout
	last   *intended // what was last written down as wanted of that layout, in the file of:
	stamp  os.FileInfo
}

// New is the fabric of a testbed. dir is the testbed's directory, which only root may write to.
func New(dir, testbed string) fabric.Fabric {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return &Fabric{dir: dir, testbed: testbed, names: netns.Names}
}

// Name returns "netem".
func (*Fabric) Name() string { return Name }

// Apply implements fabric.Fabric.
func (f *Fabric) Apply(ctx context.Context, want fabric.Network) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return concealed(f.apply(ctx, &want))
}

// Inspect implements fabric.Fabric: what the kernel holds and has counted.
func (f *Fabric) Inspect(ctx context.Context) (fabric.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status, err := f.inspect(ctx)
	return status, concealed(err)
}

// Close implements fabric.Fabric. It asks for nothing that the kernel may lack, writes nothing, and removes what it
// can. The stations' ends of pairs go with the other ends, or with their namespaces.
func (f *Fabric) Close(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.form, f.layout, f.last = nil, nil, nil
	station.RestoreCongestion() // of whoever was killed as he made a network
	failed := []error{f.detach(), f.removeSpaces()}
	return concealed(errors.Join(append(failed, f.unwrite())...))
}

// layoutOf works out a network's layout, unless it has the form of the last one.
func (f *Fabric) layoutOf(n *fabric.Network) (*layout, error) {
	if f.form != nil && sameForm(f.form, n) {
		return f.layout, nil
	}
	l, err := newLayout(n)
	if err == nil {
		form := *n
		form.Stations = slices.Clone(n.Stations) // callers may change theirs
		for i := range form.Stations {
			s := &form.Stations[i]
			s.Addresses, s.Routes = slices.Clone(s.Addresses), slices.Clone(s.Routes)
		}
		f.form, f.layout, f.last = &form, l, nil
	}
	return l, err
}

// sameForm says whether two networks differ in shapes, faults, limits and the stations' namespaces at most.
func sameForm(a, b *fabric.Network) bool {
	if len(a.Topology.Vertices) != len(b.Topology.Vertices) || len(a.Stations) != len(b.Stations) {
		return false
	}
	for i := range a.Topology.Vertices {
		v, w := &a.Topology.Vertices[i], &b.Topology.Vertices[i]
		if v.Name != w.Name || v.Kind != w.Kind || v.LinkType != w.LinkType ||
			!slices.Equal(a.Topology.Adjacency[i], b.Topology.Adjacency[i]) {
			return false
		}
	}
	return slices.EqualFunc(a.Stations, b.Stations, func(x, y fabric.Station) bool {
		return x.ID == y.ID && x.Addr == y.Addr && x.Forwards == y.Forwards &&
			slices.Equal(x.Addresses, y.Addresses) && slices.Equal(x.Routes, y.Routes)
	})
}

// detach removes the devices that go with no namespace of the fabric's: pairs that join two stations.
func (f *Fabric) detach() error {
	all, failed := f.stations()
	with := map[uint32]bool{} // pairs that go with a namespace
	if n, err := f.wanted(); err == nil {
		for _, r := range refs(n) {
			if !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
		if l, err := f.layoutOf(n); err == nil {
			with = l.goWithSpaces()
		}
	} else if !errors.Is(err, fs.ErrNotExist) && failed == nil && all == nil {
		failed = err // nothing tells which stations there were
	}
	for _, r := range all {
		failed = errors.Join(failed, clear(r, with))
	}
	return failed
}

// goWithSpaces are the pairs of which an end is in a namespace of the fabric's.
func (l *layout) goWithSpaces() map[uint32]bool {
	all := map[uint32]bool{}
	for i := range l.pairs {
		p := &l.pairs[i]
		if l.spaces[p.space[0]].station < 0 || l.spaces[p.space[1]].station < 0 {
			all[p.id] = true
		}
	}
	return all
}

// clear removes the fabric's devices from a station's namespace, but for those of the pairs given.
func clear(r netns.Ref, but map[uint32]bool) error {
	e, err := enter(r)
	if err != nil {
		if isAbsent(err) {
			return nil
		}
		return err
	}
	defer e.close()
	devices, err := e.devices()
	if err != nil {
		return fmt.Errorf("network namespace %s: %w", r, err)
	}
	for d := range devicesOf(&observed{devices: devices}) {
		if !but[d.id()] {
			if e := e.remove(d.index); e != nil {
				err = errors.Join(err, fmt.Errorf("removing %s of %s: %w", d.name, r, e))
			}
		}
	}
	return err
}

// concealed keeps callers from taking the kernel's "no such ..." for a file of the user's that is not there.
func concealed(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return noFile{err}
	}
	return err
}

type noFile struct{ err error }

func (e noFile) Error() string { return e.err.Error() }

func (e noFile) Is(target error) bool { return target != fs.ErrNotExist && errors.Is(e.err, target) }

func (e noFile) As(target any) bool { return errors.As(e.err, target) }
