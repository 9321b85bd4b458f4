package netem

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// Reshape implements fabric.Reshaper: it opens only the namespaces in which something is wanted otherwise than
// before, and mends what differs there. Where it cannot tell, or does not succeed, it does what Apply does.
func (f *Fabric) Reshape(ctx context.Context, want fabric.Network) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if done, err := f.reshape(ctx, &want); err == nil && done {
		return nil
	}
	return concealed(f.apply(ctx, &want))
}

// reshape says whether it has made the network as wanted, as far as that is wanted otherwise than before.
func (f *Fabric) reshape(ctx context.Context, want *fabric.Network) (done bool, err error) {
	l, before, err := f.before(want)
	if err != nil || before == nil {
		return false, err
	}
	changed := l.changed(before, want)
	if _, err := f.intend(want); err != nil {
		return false, err
	}
	v, err := f.viewOf(ctx, want, l, l.around(changed), false)
	if err != nil {
		return false, err
	}
	defer v.close()
	if _, unread := v.missing(); unread != nil {
		return false, unread
	}
	failed := v.each(slices.Sorted(maps.Keys(changed)), func(i int) error {
		if v.spaces[i] == nil {
			return nil // a station whose node is dead
		}
		for _, d := range v.differences(i) {
			switch {
			case d.mend == nil || d.last:
				return errors.New(d.what) // there is more to do than a change of shapes
			default:
				if err := d.mend(v.spaces[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return len(failed) == 0, nil
}

// intended is what was last wanted of the spaces of a layout: a copy, for callers may change the network.
type intended struct {
	netemWants map[portID]netemWant
	bursts     map[portID]bool
	mtus       map[portID]uint32
	partition  [][]topology.ID
	down       []topology.ID
	stations   []netns.Ref
}

func (l *layout) intended(n *fabric.Network) *intended {
	w := &intended{netemWants: l.netemWants(n), bursts: l.bursts(n), mtus: l.mtus(n), stations: refs(n),
		down: slices.Clone(n.Down)}
	for _, group := range n.Partition {
		w.partition = append(w.partition, slices.Clone(group))
	}
	return w
}

// before is what was last wanted, of a network that has the form of want and the same namespaces: what this value
// wrote, as long as nobody has written another one. It is nil where the network was another one.
func (f *Fabric) before(want *fabric.Network) (*layout, *intended, error) {
	stamp, err := os.Stat(filepath.Join(f.dir, wantedFile))
	if err != nil {
		return nil, nil, err
	}
	known := f.last != nil && os.SameFile(stamp, f.stamp) && stamp.ModTime().Equal(f.stamp.ModTime())
	if known && !sameForm(f.form, want) {
		return nil, nil, nil
	}
	var written *fabric.Network
	if !known {
		if written, err = f.wanted(); err != nil || !sameForm(written, want) {
			return nil, nil, err
		}
	}
	l, err := f.layoutOf(want)
	if err != nil {
		return nil, nil, err
	}
	before := f.last
	if !known {
		before = l.intended(written)
	}
	if !slices.Equal(before.stations, refs(want)) {
		return nil, nil, nil
	}
	return l, before, nil
}

// changed are the spaces of which something else is wanted than before.
func (l *layout) changed(before *intended, n *fabric.Network) map[int]bool {
	changed := map[int]bool{}
	for at, netems := range l.netemWants(n) {
		if before.netemWants[at] != netems {
			changed[at.space] = true
		}
	}
	for at, may := range l.bursts(n) {
		if before.bursts[at] != may {
			changed[at.space] = true
		}
	}
	for at, mtu := range l.mtus(n) {
		if before.mtus[at] != mtu {
			changed[at.space] = true
		}
	}
	was := *n
	was.Down = before.down
	if !slices.Equal(before.down, n.Down) {
		for i := range l.spaces { // what forwards says that those behind it are unreachable
			if !maps.Equal(l.gone(&was, i), l.gone(n, i)) {
				changed[i] = true
			}
		}
	}
	if slices.EqualFunc(before.partition, n.Partition, slices.Equal) {
		return changed
	}
	was.Partition = before.partition
	for i := range l.spaces {
		if l.spaces[i].station >= 0 && !maps.Equal(l.table(&was, i), l.table(n, i)) {
			changed[i] = true
		}
	}
	return changed
}

// mtus are those of every port's device, and of every medium's own, that a network wants.
func (l *layout) mtus(n *fabric.Network) map[portID]uint32 {
	all := map[portID]uint32{}
	for i := range l.spaces {
		if l.spaces[i].medium {
			all[portID{i, ofMedium}] = l.mtu(n, i, ofMedium)
		}
		for at := range l.spaces[i].ports {
			all[portID{i, at}] = l.mtu(n, i, at)
		}
	}
	return all
}

// mtu is that of a port: of the link that its pair is or, where it joins a link's own space, of that link. Both ends
// of a pair have the same.
func (l *layout) mtu(n *fabric.Network, i, at int) uint32 {
	s, most := &l.spaces[i], topology.MaximumMTU
	consider := func(id topology.ID) {
		if vertex := &n.Topology.Vertices[id]; vertex.Kind == topology.Link {
			most = min(most, vertex.MTU())
		}
	}
	consider(s.vertex)
	if at != ofMedium {
		pair := &l.pairs[s.ports[at].pair]
		consider(l.spaces[pair.space[1-s.ports[at].end]].vertex)
		if id, known := n.Topology.Lookup(pair.link); known {
			consider(id)
		}
	}
	return uint32(most)
}

// around are spaces and those at the other ends of their pairs, without which their devices are not known.
func (l *layout) around(spaces map[int]bool) map[int]bool {
	all := maps.Clone(spaces)
	for i := range spaces {
		for _, p := range l.spaces[i].ports {
			all[l.pairs[p.pair].space[1-p.end]] = true
		}
	}
	return all
}
