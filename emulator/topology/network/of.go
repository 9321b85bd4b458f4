package network

import (
	"fmt"
	"slices"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

// Of is a topology as nodes and links between nodes, as other tools know networks. What only the graph of this program
// has is written with more of the same: where links meet there is a switch, and where the edges of a medium have delays
// of their own each of these has a link. Delays of edges are those of the links at which they are. It fails where a
// link has more ends than its type can have there.
func Of(t *topology.Topology) (*Network, error) {
	o := &outliner{from: t, names: namer{}, joints: map[[2]topology.ID]string{}}
	o.into.Name = t.Name
	o.incoming = make([][]topology.Edge, len(t.Vertices))
	for v := range t.Vertices {
		o.names.take(t.Vertices[v].Name)
		for _, e := range t.Adjacency[v] {
			o.incoming[e.To] = append(o.incoming[e.To], topology.Edge{To: topology.ID(v), Delay: e.Delay})
		}
	}
	for i := range t.Vertices {
		switch v := &t.Vertices[i]; {
		case v.Kind.Attached():
			o.into.Nodes = append(o.into.Nodes, Made{
				Name: v.Name, Kind: v.Kind, Class: v.Class, Model: v.Model, Arch: v.Arch, Memory: v.Memory, CPU: v.CPU,
			})
		case v.Kind != topology.Link:
			o.into.Nodes = append(o.into.Nodes, Made{Name: v.Name, Kind: v.Kind})
		}
	}
	for v := range t.Vertices {
		o.direct(topology.ID(v))
	}
	var errs Errors
	var varying []string
	for _, id := range t.Links() {
		v := &t.Vertices[id]
		if err := o.link(id); err != nil {
			errs.Add(fmt.Errorf("the link %s: %w", v.Name, err))
		}
		if slices.ContainsFunc(v.Shape[:], func(s topology.Shape) bool { return s.Trace > 0 || s.Delays > 0 }) {
			varying = append(varying, v.Name)
		}
	}
	o.into.Without("traces and distributions of delays, for which their means stand,", varying)
	return &o.into, errs.Join()
}

type outliner struct {
	from     *topology.Topology
	into     Network
	names    namer
	incoming [][]topology.Edge         // by vertex: whence edges lead to it
	joints   map[[2]topology.ID]string // switches where two links meet, by the links: see end
}

// direct adds links without a limit for edges that lead from a node to another one, both ways or one.
func (o *outliner) direct(id topology.ID) {
	if o.from.Vertices[id].Kind == topology.Link {
		return
	}
	for _, e := range o.from.Adjacency[id] {
		back := slices.IndexFunc(o.from.Adjacency[e.To], func(b topology.Edge) bool { return b.To == id })
		if o.from.Vertices[e.To].Kind == topology.Link || back >= 0 && e.To < id {
			continue
		}
		a, b := o.from.Vertices[id].Name, o.from.Vertices[e.To].Name
		j := Joint{Type: topology.Uplink, Ends: []string{a, b}, Ports: []string{"", ""}}
		j.Name = o.names.fit(a+"-"+b, "link", topology.Link)
		j.Shape[0].Delay = e.Delay
		if back >= 0 {
			j.Type, j.Shape[1].Delay = topology.Duplex, o.from.Adjacency[e.To][back].Delay
		}
		o.into.Links = append(o.into.Links, j)
	}
}

// link adds a link, with what has to be put between it and its neighbours.
func (o *outliner) link(id topology.ID) error {
	v, out, in := &o.from.Vertices[id], o.from.Adjacency[id], o.incoming[id]
	j := Joint{Name: v.Name, Type: v.LinkType, Class: v.Class, Shape: v.Shape}
	switch v.LinkType {
	case topology.Shared:
		for _, e := range out {
			o.meet(&j, o.station(&j, id, e.To, e.Delay, delayFrom(in, e.To)))
		}
		for _, e := range in { // a link of one direction may lead there alone
			if !slices.ContainsFunc(out, func(other topology.Edge) bool { return other.To == e.To }) {
				o.meet(&j, o.station(&j, id, e.To, 0, e.Delay))
			}
		}
	case topology.Duplex:
		if len(out) != 2 || len(in) != 2 {
			return fmt.Errorf("it has %s, not two", printable.Count(len(out), "neighbour"))
		}
		for d, e := range out {
			j.Ends = append(j.Ends, o.end(id, e.To))
			j.Shape[d].Delay += o.own(id, e.To, delayFrom(in, e.To))
			j.Shape[1-d].Delay += o.own(id, e.To, e.Delay)
		}
	default:
		if len(out) != 1 || len(in) != 1 {
			return fmt.Errorf("it is entered from %s and leads to %d, and other tools know one of each",
				printable.Count(len(in), "neighbour"), len(out))
		}
		j.Ends = []string{o.end(id, in[0].To), o.end(id, out[0].To)}
		j.Shape[0].Delay += o.own(id, in[0].To, in[0].Delay) + o.own(id, out[0].To, out[0].Delay)
		j.Type = topology.Uplink
	}
	j.Ports = make([]string, len(j.Ends))
	o.into.Links = append(o.into.Links, j)
	return nil
}

// meet adds a station to a medium, once.
func (o *outliner) meet(j *Joint, station string) {
	if !slices.Contains(j.Ends, station) {
		j.Ends = append(j.Ends, station)
	}
}

// delayFrom is the delay of the edge that comes from a vertex.
func delayFrom(in []topology.Edge, from topology.ID) time.Duration {
	if i := slices.IndexFunc(in, func(e topology.Edge) bool { return e.To == from }); i >= 0 {
		return in[i].Delay
	}
	return 0
}

// own is the part of an edge's delay that counts as the link's: all of it, or none where the other is a link that
// counts it. Of two links that is the one that is no medium or, of equals, the first.
func (o *outliner) own(link, other topology.ID, delay time.Duration) time.Duration {
	if v := &o.from.Vertices[other]; v.Kind == topology.Link && !o.counts(link, other) {
		return 0
	}
	return delay
}

func (o *outliner) counts(link, other topology.ID) bool {
	a := o.from.Vertices[link].LinkType == topology.Shared
	b := o.from.Vertices[other].LinkType == topology.Shared
	if a != b {
		return b
	}
	return link < other
}

// end is the node at which a link ends: its neighbour, or the switch between it and another link.
func (o *outliner) end(link, other topology.ID) string {
	if o.from.Vertices[other].Kind != topology.Link {
		return o.from.Vertices[other].Name
	}
	both := [2]topology.ID{min(link, other), max(link, other)}
	key := both
	for i := range both {
		if far, to := o.far(both[i], both[1-i]); to {
			key = [2]topology.ID{both[1-i], far}
		}
	}
	name, there := o.joints[key]
	if !there {
		name = o.between(o.from.Vertices[both[0]].Name, o.from.Vertices[both[1]].Name)
		o.joints[key] = name
	}
	return name
}

// far is the node to which a link of one direction leads from a medium, or from which it leads there: lines to and fro
// have one switch at the medium.
func (o *outliner) far(line, medium topology.ID) (node topology.ID, ok bool) {
	v := o.from.Vertices
	if v[line].LinkType == topology.Shared || v[line].LinkType == topology.Duplex ||
		v[medium].LinkType != topology.Shared {
		return 0, false
	}
	for _, e := range slices.Concat(o.from.Adjacency[line], o.incoming[line]) {
		if e.To != medium {
			return e.To, v[e.To].Kind != topology.Link
		}
	}
	return 0, false
}

// between adds a switch.
func (o *outliner) between(a, b string) string {
	name := o.names.fit(cut(a, topology.MaxName/2)+"-"+b, "switch", topology.Switch)
	o.into.Nodes = append(o.into.Nodes, Made{Name: name, Kind: topology.Switch})
	return name
}

// station is the end of a medium at a neighbour. Where the edges between them have a delay there is a switch, and a
// link to the neighbour that has it.
func (o *outliner) station(j *Joint, medium, to topology.ID, away, home time.Duration) string {
	end := o.end(medium, to)
	away, home = o.own(medium, to, away), o.own(medium, to, home)
	if away == 0 && home == 0 {
		return end
	}
	tap := o.between(j.Name, end)
	l := Joint{Class: j.Class, Ends: []string{end, tap}, Ports: []string{"", ""}}
	l.Name = o.names.fit(j.Name+"-"+end, "link", topology.Link)
	l.Shape[0].Delay, l.Shape[1].Delay = home, away
	o.into.Links = append(o.into.Links, l)
	return tap
}
