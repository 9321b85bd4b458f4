package record

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// TopologyFile is the name of the topology's file in a run's directory.
const TopologyFile = "topology.json"

// graph is the file's content: all that a topology holds, with words in place of numbers for kinds.
type graph struct {
	Name     string          `json:"name"`
	Edge     int             `json:"edge_vertices"` // the first so many vertices are the edge network; 0: all
	Order    []topology.ID   `json:"edge_order,omitempty"`
	Vertices []vertex        `json:"vertices"`
	Edges    [][]graphTarget `json:"edges"` // by vertex, in order: those that leave it
}

// vertex is a node or, with queues, a link.
type vertex struct {
	Name   string         `json:"name"`
	Kind   string         `json:"kind"` // host, cloud, switch, exchange, link
	Class  string         `json:"class,omitempty"`
	Memory units.ByteSize `json:"memory_bytes,omitempty"`
	CPU    int64          `json:"cpu_millicores,omitempty"`
	Arch   string         `json:"arch,omitempty"`
	Type   string         `json:"type,omitempty"`
	Model  string         `json:"model,omitempty"`
	Link   string         `json:"link,omitempty"`   // duplex, shared, uplink, downlink
	Queues []queue        `json:"queues,omitempty"` // of a link: by direction, one or two
}

// queue is a topology.Shape; of one that follows a trace the mean.
type queue struct {
	Rate      units.BitRate  `json:"rate_bps"` // 0: not limited
	Delay     time.Duration  `json:"delay_ns,omitempty"`
	Jitter    time.Duration  `json:"jitter_ns,omitempty"`
	Loss      float64        `json:"loss,omitempty"`
	Reorder   float64        `json:"reorder,omitempty"`
	Duplicate float64        `json:"duplicate,omitempty"`
	Corrupt   float64        `json:"corrupt,omitempty"`
	Queue     units.ByteSize `json:"queue_bytes,omitempty"` // 0: derived
	MTU       int            `json:"mtu_bytes,omitempty"`   // 0: 1500
	Trace     string         `json:"trace,omitempty"`       // name of what it follows, which is one of the run's inputs
	Delays    string         `json:"delays,omitempty"`      // name of the distribution of its delays, which is another
}

func queueOf(t *topology.Topology, s topology.Shape) queue {
	q := queue{Rate: s.Rate, Delay: s.Delay, Jitter: s.Jitter, Loss: s.Loss,
		Reorder: s.Reorder, Duplicate: s.Duplicate, Corrupt: s.Corrupt, Queue: s.Queue, MTU: s.MTU}
	q.Trace, q.Delays = t.TraceNames(&s)
	return q
}

func (q *queue) shape() topology.Shape {
	return topology.Shape{Rate: q.Rate, Delay: q.Delay, Jitter: q.Jitter, Loss: q.Loss,
		Reorder: q.Reorder, Duplicate: q.Duplicate, Corrupt: q.Corrupt, Queue: q.Queue, MTU: q.MTU}
}

// graphTarget is one edge: the index of the vertex that it leads to, and its propagation delay.
type graphTarget struct {
	To    topology.ID   `json:"to"`
	Delay time.Duration `json:"delay_ns,omitempty"`
}

// WriteTopology writes the topology into a run's directory. ReadTopology gives an equal one back, but that it follows
// no traces: of these the names alone are written, and means.
func WriteTopology(dir string, t *topology.Topology) error {
	g := graph{Name: t.Name, Edge: t.EdgeNetwork, Order: t.EdgeOrder, Edges: make([][]graphTarget, len(t.Vertices))}
	for i, v := range t.Vertices {
		g.Vertices = append(g.Vertices, vertexOf(t, v))
		for _, e := range t.Adjacency[i] {
			g.Edges[i] = append(g.Edges[i], graphTarget(e))
		}
	}
	text, err := json.MarshalIndent(g, "", " ")
	if err == nil {
		err = ReplaceFile(dir, TopologyFile, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("topology: %w", err)
	}
	return nil
}

func vertexOf(t *topology.Topology, v topology.Vertex) vertex {
	out := vertex{Name: v.Name, Kind: v.Kind.String(), Class: v.Class, Memory: v.Memory, CPU: v.CPU,
		Arch: v.Arch, Type: v.Type, Model: v.Model}
	if v.Kind == topology.Link {
		out.Link = v.LinkType.String()
		for _, s := range v.Shape {
			out.Queues = append(out.Queues, queueOf(t, s))
		}
		if v.LinkType != topology.Duplex && v.Shape[1] == (topology.Shape{}) {
			out.Queues = out.Queues[:1]
		}
	}
	return out
}

// ReadTopology reads the topology of a run's directory. It fails with fs.ErrNotExist where there is none,
// as in directories that older versions made, and where a word is unknown, a name is given twice or an
// edge leads nowhere.
func ReadTopology(dir string) (*topology.Topology, error) {
	path := filepath.Join(dir, TopologyFile)
	var g graph
	if err := readfile.JSON(path, topologyLimits, &g); err != nil {
		return nil, err
	}
	t, err := g.topology()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func (g *graph) topology() (*topology.Topology, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	t := topology.New(g.Name)
	for i := range g.Vertices {
		v, err := g.Vertices[i].vertex()
		if err != nil {
			return nil, err
		}
		if _, err := t.Add(v); err != nil {
			return nil, err
		}
	}
	known := func(id topology.ID) bool { return id >= 0 && int(id) < len(g.Vertices) }
	for from, edges := range g.Edges {
		for _, e := range edges {
			if !known(e.To) {
				return nil, fmt.Errorf("an edge of %s leads to vertex %d, of %d", g.Vertices[from].Name, e.To, len(g.Vertices))
			}
			t.Connect(topology.ID(from), e.To, e.Delay)
		}
	}
	for _, id := range g.Order {
		if !known(id) {
			return nil, fmt.Errorf("the order of edges names vertex %d, of %d", id, len(g.Vertices))
		}
	}
	t.EdgeNetwork, t.EdgeOrder = g.Edge, g.Order
	return t, nil
}

func (v *vertex) vertex() (topology.Vertex, error) {
	out := topology.Vertex{
		Name:   v.Name,
		Class:  v.Class,
		Memory: v.Memory,
		CPU:    v.CPU,
		Arch:   v.Arch,
		Type:   v.Type,
		Model:  v.Model,
	}
	kinds := []topology.Kind{topology.Host, topology.Cloud, topology.Switch, topology.Exchange, topology.Link}
	at := slices.IndexFunc(kinds, func(k topology.Kind) bool { return k.String() == v.Kind })
	if at < 0 {
		return out, fmt.Errorf("vertex %s: unknown kind %q", v.Name, v.Kind)
	}
	out.Kind = kinds[at]
	if out.Kind != topology.Link {
		return out, nil
	}
	types := []topology.LinkType{topology.Duplex, topology.Shared, topology.Uplink, topology.Downlink}
	if at = slices.IndexFunc(types, func(k topology.LinkType) bool { return k.String() == v.Link }); at < 0 {
		return out, fmt.Errorf("link %s: unknown type %q", v.Name, v.Link)
	}
	out.LinkType = types[at]
	if len(v.Queues) > len(out.Shape) {
		return out, fmt.Errorf("link %s: %s", v.Name, printable.Count(len(v.Queues), "queue"))
	}
	for d := range v.Queues {
		out.Shape[d] = v.Queues[d].shape()
	}
	return out, nil
}
