package fabric

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// A Network travels between processes, and lies in a testbed's directory, as a header and then one message for
// each vertex, edge, station and limit. So the reader counts while it reads: however small a message, it may
// stand for something large, and one with all of them in it would be decoded as a whole.

// Schema is the version of a Network's encoding. Processes and files of another one are refused.
const Schema = 5

// What a network may have at most: more than the largest scenario, of 5000 nodes and 20,000 links.
const (
	maxEncoded  = 256 * readfile.MiB
	maxVertices = 100_000
	maxEdges    = 2_000_000
	maxSysctls  = 1_000
)

// ErrSchema is wrapped by errors about a network that another version of this program encoded.
var ErrSchema = errors.New("of another version of testbed")

// header says what follows.
type header struct {
	Schema                            int
	Testbed, Name                     string
	EdgeNetwork                       int
	Seed                              uint64
	Vertices, Edges, Stations, Queues int
	Down                              []topology.ID
	Partition                         [][]topology.ID
	Traces                            int
	Run                               int64
	ARP                               bool
}

type edge struct {
	From, To topology.ID
	Delay    time.Duration
}

type limit struct {
	Link  topology.ID
	Dir   int
	Limit units.ByteSize
}

// Encode writes the network for Decode to read, perhaps in another process of the same program.
func (n Network) Encode(w io.Writer) error {
	h := header{Schema: Schema, Testbed: n.Testbed, Seed: n.Seed, Stations: len(n.Stations), Queues: len(n.Queues),
		Down: n.Down, Partition: n.Partition, Run: n.Run, ARP: n.ARP}
	t := n.Topology
	if t == nil {
		t = &topology.Topology{}
	}
	h.Name, h.EdgeNetwork, h.Vertices, h.Traces = t.Name, t.EdgeNetwork, len(t.Vertices), len(t.Traces)
	for _, edges := range t.Adjacency {
		h.Edges += len(edges)
	}
	to := gob.NewEncoder(w)
	err := to.Encode(h)
	send := func(v any) {
		if err == nil {
			err = to.Encode(v)
		}
	}
	for _, trace := range t.Traces {
		send(trace)
	}
	for i := range t.Vertices {
		send(&t.Vertices[i])
	}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			send(edge{topology.ID(v), e.To, e.Delay})
		}
	}
	for i := range n.Stations {
		send(&n.Stations[i])
	}
	for c, l := range n.Queues {
		send(limit{c.Link, c.Dir, l})
	}
	if err != nil {
		return fmt.Errorf("network %s: encode: %w", n.Testbed, err)
	}
	return nil
}

// Decode reads what Encode wrote. It fails where the format is another version's, a name is given twice, a
// number refers to nothing, or there is more than a network can have; the error of the first wraps ErrSchema,
// that of the last readfile.ErrLimit.
func Decode(r io.Reader) (n Network, err error) {
	defer func() {
		if p := recover(); p != nil { // encoding/gob is not made for what others wrote
			n, err = Network{}, fmt.Errorf("decode a network: %v", p)
		}
	}()
	d := decoder{from: gob.NewDecoder(readfile.NewBudget(r, maxEncoded, "network"))}
	if n, err = d.network(); err != nil {
		return Network{}, fmt.Errorf("decode network %q: %w", n.Testbed, err)
	}
	return n, nil
}

type decoder struct {
	from *gob.Decoder
	t    *topology.Topology
}

func (d *decoder) network() (Network, error) {
	var h header
	if err := d.from.Decode(&h); err != nil {
		return Network{}, err
	}
	n := Network{Testbed: h.Testbed, Seed: h.Seed, Down: h.Down, Partition: h.Partition, Run: h.Run, ARP: h.ARP,
		Topology: topology.New(h.Name)}
	d.t = n.Topology
	if err := h.check(); err != nil {
		return n, err
	}
	if err := d.traces(h.Traces); err != nil {
		return n, err
	}
	if err := errors.Join(d.vertices(h.Vertices), d.edges(h.Edges)); err != nil {
		return n, err
	}
	d.t.EdgeNetwork = h.EdgeNetwork
	for _, group := range append(h.Partition, h.Down) {
		for _, id := range group {
			if !d.known(id) {
				return n, fmt.Errorf("what is down or parted names vertex %d, of %d", id, h.Vertices)
			}
		}
	}
	var err error
	if n.Stations, err = d.stations(h.Stations); err == nil {
		n.Queues, err = d.queues(h.Queues)
	}
	return n, err
}

func (h *header) check() error {
	switch {
	case h.Schema != Schema:
		return fmt.Errorf("%w (schema %d; this program knows %d)", ErrSchema, h.Schema, Schema)
	case min(h.Vertices, h.Edges, h.Stations, h.Queues, h.EdgeNetwork, h.Traces) < 0 || h.EdgeNetwork > h.Vertices ||
		h.Stations > h.Vertices || h.Queues > 2*h.Vertices:
		return fmt.Errorf("%d vertices, %d of them the edge network's, %d edges, %d stations and %d queues", h.Vertices,
			h.EdgeNetwork, h.Edges, h.Stations, h.Queues)
	case h.Traces > topology.MaxTraces:
		return fmt.Errorf("%d traces, and at most %d are read: %w", h.Traces, topology.MaxTraces, readfile.ErrLimit)
	case h.Vertices > maxVertices || h.Edges > maxEdges:
		return fmt.Errorf("%d vertices and %d edges, and at most %d and %d are read: %w", h.Vertices, h.Edges, maxVertices,
			maxEdges, readfile.ErrLimit)
	}
	return nil
}

func (d *decoder) known(id topology.ID) bool { return id >= 0 && int(id) < len(d.t.Vertices) }

func (d *decoder) traces(n int) error {
	for range n {
		trace := new(linktrace.Trace)
		err := d.from.Decode(trace)
		if err == nil {
			err = trace.Check()
		}
		if err != nil {
			return fmt.Errorf("trace %q: %w", trace.Name, err)
		}
		d.t.Traces = append(d.t.Traces, trace)
	}
	return nil
}

func (d *decoder) vertices(n int) error {
	for range n {
		var v topology.Vertex
		if err := d.from.Decode(&v); err != nil {
			return err
		}
		if v.Kind > topology.Link || v.LinkType > topology.Downlink {
			return fmt.Errorf("vertex %s is of a %v or %v", v.Name, v.Kind, v.LinkType)
		}
		for _, s := range v.Shape {
			if min(s.Trace, s.Delays) < 0 || int(max(s.Trace, s.Delays)) > len(d.t.Traces) {
				return fmt.Errorf("vertex %s follows traces %d and %d, of %d", v.Name, s.Trace, s.Delays, len(d.t.Traces))
			}
			if trace, delays := d.t.Trace(&s), d.t.Delays(&s); trace != nil && trace.Spread != nil ||
				delays != nil && delays.Spread == nil {
				return fmt.Errorf("vertex %s has a distribution of delays and a trace in each other's place", v.Name)
			}
		}
		if _, err := d.t.Add(v); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) edges(n int) error {
	for range n {
		var e edge
		if err := d.from.Decode(&e); err != nil {
			return err
		}
		if !d.known(e.From) || !d.known(e.To) {
			return fmt.Errorf("an edge from %d to %d, of %d vertices", e.From, e.To, len(d.t.Vertices))
		}
		d.t.Connect(e.From, e.To, e.Delay)
	}
	return nil
}

func (d *decoder) stations(n int) (all []Station, err error) {
	for range n {
		var s Station
		if err := d.from.Decode(&s); err != nil {
			return nil, err
		}
		if !d.known(s.ID) || len(s.Sysctls) > maxSysctls {
			return nil, fmt.Errorf("a station of vertex %d, of %d, with %d sysctls", s.ID, len(d.t.Vertices), len(s.Sysctls))
		}
		all = append(all, s)
	}
	if err := CheckRoutes(Network{Topology: d.t, Stations: all}); err != nil {
		return nil, err
	}
	return all, nil
}

func (d *decoder) queues(n int) (map[topology.Channel]units.ByteSize, error) {
	all := map[topology.Channel]units.ByteSize{}
	for range n {
		var l limit
		if err := d.from.Decode(&l); err != nil {
			return nil, err
		}
		if !d.known(l.Link) || d.t.Vertices[l.Link].Kind != topology.Link || l.Dir < 0 || l.Dir > 1 {
			return nil, fmt.Errorf("a limit of the queue %d of vertex %d, of %d", l.Dir, l.Link, len(d.t.Vertices))
		}
		all[topology.Channel{Link: l.Link, Dir: l.Dir}] = l.Limit
	}
	return all, nil
}
