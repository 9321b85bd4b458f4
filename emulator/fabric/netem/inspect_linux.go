package netem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Counters implements fabric.Counter: of each namespace the devices and queueing disciplines are read, and no more.
func (f *Fabric) Counters(ctx context.Context) ([]fabric.QueueStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status, err := f.inspectAs(ctx, true)
	return status.Queues, concealed(err)
}

// inspect reads back what is in force, and notes what of it is not as it was last wanted.
func (f *Fabric) inspect(ctx context.Context) (fabric.Status, error) { return f.inspectAs(ctx, false) }

func (f *Fabric) inspectAs(ctx context.Context, bare bool) (fabric.Status, error) {
	n, err := f.wanted()
	if errors.Is(err, fs.ErrNotExist) {
		return fabric.Status{}, fmt.Errorf("there is no network of testbed %s: %w", f.testbed, fabric.ErrNotRunning)
	}
	if err != nil {
		return fabric.Status{}, err
	}
	l, err := f.layoutOf(n)
	if err != nil {
		return fabric.Status{}, err
	}
	v, err := f.viewOf(ctx, n, l, nil, bare)
	if err != nil {
		return fabric.Status{}, err
	}
	defer v.close()
	notes := make([][]difference, len(l.spaces))
	for i := range l.spaces {
		if !bare {
			notes[i] = v.differences(i)
		}
	}
	var s fabric.Status
	var lost losses
	if !bare {
		lost = v.losses()
	}
	ports := l.queuePorts()
	for _, c := range fabric.Channels(n.Topology) {
		if at, ok := ports[c]; ok {
			q := v.queue(c, at, notes[at.space])
			if c.Dir == 0 {
				q.Errors = lost.links[c.Link]
			}
			s.Queues = append(s.Queues, q)
		}
	}
	if bare {
		return s, nil
	}
	for i := range n.Stations {
		station := v.station(i, notes)
		station.Errors, station.Packets = lost.stations[n.Stations[i].ID], lost.given[n.Stations[i].ID]
		s.Stations = append(s.Stations, station)
	}
	return s, nil
}

// queuePorts tells where each queue is.
func (l *layout) queuePorts() map[topology.Channel]portID {
	all := map[topology.Channel]portID{}
	for i, s := range l.spaces {
		if s.medium {
			all[topology.Channel{Link: s.vertex}] = portID{i, ofMedium}
		}
		for at, p := range s.ports {
			if out := l.pairs[p.pair].egress[p.end]; out.queue {
				all[out.channel] = portID{i, at}
			}
		}
	}
	return all
}

// station tells of a station's attachment. What is not in order at the other ends of its devices is the links' affair.
func (v *view) station(s int, notes [][]difference) fabric.StationStatus {
	id := v.n.Stations[s].ID
	i, ok := v.l.index[id]
	status := fabric.StationStatus{Name: v.n.Topology.Vertices[id].Name}
	switch {
	case !ok:
		status.Note = "it is no host"
		return status
	case v.spaces[i] == nil && isAbsent(v.absent[i]):
		status.Note = "its network namespace is " + fabric.ErrAbsent.Error()
		return status
	case v.spaces[i] == nil:
		status.Note = v.absent[i].Error()
		return status
	}
	for at := range v.l.spaces[i].ports {
		if d := v.bound[portID{i, at}]; d != nil && d.up() {
			status.Attached = true
		}
	}
	var all []string
	for _, d := range notes[i] {
		all = append(all, d.what)
	}
	if len(v.l.spaces[i].ports) == 0 {
		all = append(all, "no link leads to it")
	}
	status.Note = abridged(all)
	return status
}

// abridged joins notes, of which there may be hundreds.
func abridged(notes []string) string {
	const most = 4
	if more := len(notes) - most; more > 0 {
		notes = append(slices.Clone(notes[:most]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(notes, "; ")
}

// queue puts a queue's two netems together.
func (v *view) queue(c topology.Channel, at portID, notes []difference) fabric.QueueStatus {
	t := v.n.Topology
	q := fabric.QueueStatus{Link: t.Vertices[c.Link].Name, Dir: c.Dir, From: fabric.Users(t, c)}
	if v.spaces[at.space] == nil {
		q.Down, q.Note = true, "the network namespace of "+v.name(at.space)+" is not there"
		return q
	}
	var all []string
	for _, d := range notes {
		if d.port == at.port {
			all = append(all, d.what)
		}
	}
	d := v.state[at.space].byName(ifbName)
	var extra egress
	if at.port >= 0 {
		p := v.l.spaces[at.space].ports[at.port]
		d, extra = v.bound[at], v.l.pairs[p.pair].egress[p.end]
	}
	if d == nil {
		q.Down, q.Note = true, abridged(all)
		return q
	}
	found := v.findNetems(at.space, d)
	if found.outer == nil && found.root != nil && found.root.kind == Name {
		found.outer = found.root // somebody else's: its values are in force
	}
	if d.mtu != topology.MaximumMTU {
		q.MTU = int(d.mtu)
	}
	if found.outer != nil {
		fill(&q, found, extra)
	}
	if found.outer != nil && found.inner == nil {
		all = append(all, "packets dropped for want of room count as lost: one netem holds both")
	}
	if q.Loss == 1 && v.isDown(c, at) {
		q.Down, q.Loss = true, t.Vertices[c.Link].Shape[c.Dir].Loss
	}
	q.Down, q.Note = q.Down || !d.up(), abridged(all)
	return q
}

// isDown says whether a queue is to carry nothing because its link, or what is at either end, is down.
func (v *view) isDown(c topology.Channel, at portID) bool {
	ends := []topology.ID{c.Link, v.l.spaces[at.space].vertex}
	if at.port >= 0 {
		p := v.l.spaces[at.space].ports[at.port]
		ends = append(ends, v.l.spaces[v.l.pairs[p.pair].space[1-p.end]].vertex)
	}
	return slices.ContainsFunc(v.n.Down, func(d topology.ID) bool { return slices.Contains(ends, d) })
}

// fill sets the values and counters of a queue that two netems are, or one.
func fill(q *fabric.QueueStatus, l netemFound, extra egress) {
	n, transmitter := l.outer, l.outer
	q.Delay, q.Jitter, q.Loss = n.delay-extra.extra, n.jitter, n.loss
	q.Reorder, q.Duplicate, q.Corrupt = n.reorder, n.duplicate, n.corrupt
	q.Packets, q.Bytes, q.Lost = n.packets, n.bytes, n.drops
	if l.inner != nil {
		transmitter = l.inner
		q.Dropped, q.Lost = transmitter.drops, n.drops-min(transmitter.drops, n.drops)
	}
	if transmitter.rate < unlimited {
		q.Rate = units.BitRate(transmitter.rate * 8)
	}
	q.Limit = units.ByteSize(transmitter.limit) * frame(q.MTU)
}
