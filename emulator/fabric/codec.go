package fabric

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Schema is the version of a Network's encoding. Processes and files of another one are refused.
const Schema = 2

// ErrSchema is wrapped by errors about a network that another version of this program encoded.
var ErrSchema = errors.New("of another version of testbed")

// flat is a Network as it travels between processes: the topology's own lookup table is left out.
type flat struct {
	Schema      int
	Testbed     string
	Name        string
	Vertices    []topology.Vertex
	Edges       []edge
	EdgeNetwork int
	Stations    []Station
	Queues      []limit
	Seed        uint64
	Down        []topology.ID
	Partition   [][]topology.ID
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
	f := flat{Schema: Schema, Testbed: n.Testbed, Stations: n.Stations, Seed: n.Seed, Down: n.Down, Partition: n.Partition}
	if t := n.Topology; t != nil {
		f.Name, f.Vertices, f.EdgeNetwork = t.Name, t.Vertices, t.EdgeNetwork
		for v, edges := range t.Adjacency {
			for _, e := range edges {
				f.Edges = append(f.Edges, edge{topology.ID(v), e.To, e.Delay})
			}
		}
	}
	for c, l := range n.Queues {
		f.Queues = append(f.Queues, limit{c.Link, c.Dir, l})
	}
	if err := gob.NewEncoder(w).Encode(f); err != nil {
		return fmt.Errorf("network %s: encode: %w", n.Testbed, err)
	}
	return nil
}

// Decode reads what Encode wrote. It fails where a name is given twice or an edge leads nowhere.
func Decode(r io.Reader) (Network, error) {
	var f flat
	if err := gob.NewDecoder(r).Decode(&f); err != nil {
		return Network{}, fmt.Errorf("decode a network: %w", err)
	}
	if f.Schema != Schema {
		return Network{}, fmt.Errorf("decode network %q: %w (schema %d; this program knows %d)", f.Testbed, ErrSchema, f.Schema, Schema)
	}
	n := Network{
		Testbed: f.Testbed, Stations: f.Stations, Seed: f.Seed, Down: f.Down, Partition: f.Partition,
		Topology: topology.New(f.Name), Queues: make(map[topology.Channel]units.ByteSize, len(f.Queues)),
	}
	for _, v := range f.Vertices {
		if _, err := n.Topology.Add(v); err != nil {
			return Network{}, fmt.Errorf("decode network %s: %w", f.Testbed, err)
		}
	}
	n.Topology.EdgeNetwork = f.EdgeNetwork
	known := func(id topology.ID) bool { return id >= 0 && int(id) < len(f.Vertices) }
	for _, e := range f.Edges {
		if !known(e.From) || !known(e.To) {
			return Network{}, fmt.Errorf("decode network %s: an edge from %d to %d, of %d vertices", f.Testbed, e.From, e.To, len(f.Vertices))
		}
		n.Topology.Connect(e.From, e.To, e.Delay)
	}
	for _, l := range f.Queues {
		n.Queues[topology.Channel{Link: l.Link, Dir: l.Dir}] = l.Limit
	}
	return n, nil
}

// Users names the neighbours of link whose packets join the queue c, comma separated, for QueueStatus.From.
func Users(t *topology.Topology, c topology.Channel) string {
	link := t.Vertices[c.Link]
	if link.LinkType == topology.Duplex && len(t.Adjacency[c.Link]) == 2 {
		return t.Vertices[t.Adjacency[c.Link][c.Dir].To].Name
	}
	names := ""
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			if e.To != c.Link {
				continue
			}
			if names != "" {
				names += ","
			}
			names += t.Vertices[v].Name
		}
	}
	return names
}

// Channels lists every queue of the topology: links in order, the first direction before the second.
func Channels(t *topology.Topology) []topology.Channel {
	var all []topology.Channel
	for _, id := range t.Links() {
		all = append(all, topology.Channel{Link: id})
		if t.Vertices[id].LinkType == topology.Duplex {
			all = append(all, topology.Channel{Link: id, Dir: 1})
		}
	}
	return all
}
