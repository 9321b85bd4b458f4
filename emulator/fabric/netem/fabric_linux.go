package netem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// Files in a testbed's directory: the network as it was made, which fixes namespaces and routes, and as it
// was last wanted.
const (
	madeFile   = "netem.made"
	wantedFile = "netem.wanted"
)

// Fabric is one testbed's network of namespaces and veth pairs. Its methods may be called from several
// goroutines, and by another process than the one that made the network.
type Fabric struct {
	dir, testbed string
	names        string // directory of names for `ip netns`

	mu     sync.Mutex
	made   *fabric.Network
	wanted *fabric.Network
	layout *layout
	spaces []*entered // of the layout, as far as they are open
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

// Apply implements fabric.Fabric. Where the topology is another one, not only its links' shapes, the whole
// network is made anew.
func (f *Fabric) Apply(ctx context.Context, want fabric.Network) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return err
	}
	if f.made != nil && sameForm(f.made, &want) {
		return f.change(&want)
	}
	if f.made != nil {
		if err := f.remove(); err != nil {
			return err
		}
	}
	if err := f.make(ctx, &want); err != nil {
		return errors.Join(err, f.remove())
	}
	return nil
}

// load reads what another process, or an earlier one, has made.
func (f *Fabric) load() error {
	if err := f.open(); err != nil || f.made == nil {
		return err
	}
	wanted, err := read(filepath.Join(f.dir, wantedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return f.remove() // its maker died before it was done
	}
	f.wanted = wanted
	return err
}

// open reads what was begun to be made, and works out its layout.
func (f *Fabric) open() error {
	made, err := read(filepath.Join(f.dir, madeFile))
	if errors.Is(err, fs.ErrNotExist) {
		f.forget()
		return nil
	}
	if err != nil {
		return err
	}
	if f.made != nil && sameForm(f.made, made) {
		return nil
	}
	f.forget()
	layout, err := newLayout(made)
	if err != nil {
		return err
	}
	f.made, f.layout, f.spaces = made, layout, make([]*entered, len(layout.spaces))
	f.name()
	return nil
}

// forget closes what is open.
func (f *Fabric) forget() {
	for _, s := range f.spaces {
		if s != nil {
			s.close()
		}
	}
	f.made, f.wanted, f.layout, f.spaces = nil, nil, nil, nil
}

func read(path string) (*fabric.Network, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	n, err := fabric.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &n, nil
}

func (f *Fabric) write(file string, n *fabric.Network) error {
	var text bytes.Buffer
	if err := n.Encode(&text); err != nil {
		return err
	}
	path := filepath.Join(f.dir, file)
	if err := os.WriteFile(path+".new", text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// sameForm says whether two networks differ in shapes, faults and limits at most.
func sameForm(a, b *fabric.Network) bool {
	if len(a.Topology.Vertices) != len(b.Topology.Vertices) || len(a.Stations) != len(b.Stations) {
		return false
	}
	for i := range a.Topology.Vertices {
		v, w := &a.Topology.Vertices[i], &b.Topology.Vertices[i]
		if v.Name != w.Name || v.Kind != w.Kind || v.LinkType != w.LinkType || !slices.Equal(a.Topology.Adjacency[i], b.Topology.Adjacency[i]) {
			return false
		}
	}
	return slices.EqualFunc(a.Stations, b.Stations, func(x, y fabric.Station) bool {
		return x.ID == y.ID && x.NetNS == y.NetNS && x.Addr == y.Addr
	})
}

var odd = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// name gives the layout's namespaces their names.
func (f *Fabric) name() {
	for i := range f.layout.spaces {
		s := &f.layout.spaces[i]
		if s.station < 0 {
			plain := odd.ReplaceAllString(f.networkName(s.vertex), "_")
			s.name = fmt.Sprintf("%d-%.60s", s.vertex, plain)
		}
	}
}

func (f *Fabric) networkName(v topology.ID) string { return f.made.Topology.Vertices[v].Name }

// ref leads to a space's namespace.
func (f *Fabric) ref(i int) netns.Ref {
	s := &f.layout.spaces[i]
	if s.station >= 0 {
		return f.made.Stations[s.station].NetNS
	}
	return netns.Ref{Path: f.spacePath(s.name)}
}

// space is a space of the layout, opened.
func (f *Fabric) space(i int) (*entered, error) {
	if f.spaces[i] == nil {
		opened, err := enter(f.ref(i))
		if err != nil {
			return nil, err
		}
		f.spaces[i] = opened
	}
	return f.spaces[i], nil
}

// Close implements fabric.Fabric. The stations' ends of pairs go with the other ends, or with their namespaces.
func (f *Fabric) Close(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	station.RestoreCongestion() // of whoever was killed as he made a network
	return f.remove()
}

func (f *Fabric) remove() error {
	failed := []error{f.unlink()}
	f.forget()
	failed = append(failed, f.removeSpaces())
	for _, file := range []string{wantedFile, madeFile} {
		if err := os.Remove(filepath.Join(f.dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// tuned sets what a station's namespace needs.
func tuned(s fabric.Station) error { return errors.Join(station.Settle(false), station.Tune(s)) }
