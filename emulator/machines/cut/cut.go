// Package cut finds which machine carries which node of a topology. Links whose delay is below the floor, less than
// packets need from machine to machine, are contracted first, and so are shared media: what hangs together by them is
// a part that stays on one machine. A small heuristic places the parts: merge what little hangs on, place the largest
// first by affinity, improve by moves and swaps. It is deterministic, and pure arithmetic.
package cut

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// DefaultFloor is the least delay of a crossing where nothing was measured: what was late of packets that were handed
// over within one data centre's network is a few in a thousand at 1 ms, and none at 5 ms.
const DefaultFloor = time.Millisecond

// Balance is how much more than its share of the nodes a machine may carry (or a whole node more) before that is said,
// and paid for.
const Balance = 1.1

// Options say among which machines a topology is cut, and what is known of it.
type Options struct {
	Machines []machines.Machine
	Floor    time.Duration    // the least delay of a crossing; 0: DefaultFloor
	Pairs    []machines.Floor // measured floors of single pairs of machines, which come before Floor
	Pins     []Pin            // nodes whose machine is given
	// Traffic is what the workload sends; nil: what crosses is judged by rates.
	Traffic *Traffic
	// Lowest are other shapes that queues have for a while (events): the least delay of all counts.
	Lowest map[topology.Channel][]topology.Shape
	// Moves are where hosts are attached for a while (events): the link of each is held to the floor there as well.
	Moves []Move
	// Segments says that hosts ask for hardware addresses: only links between exchanges are cut (machines.Segments).
	Segments bool
}

// Move is an attachment that is elsewhere for a while: At, which is a host's link or the host itself, leads to To in
// place of From.
type Move struct {
	At, From, To topology.ID
	Why          string // where that is written, for messages; may be empty
}

// Traffic is what a workload sends over each queue, and over each edge between two nodes without a link, in bytes. What
// is not in it carries nothing.
type Traffic struct {
	Queues map[topology.Channel]float64
	Edges  map[[2]topology.ID]float64 // from, to
}

// Pin says on which machine a node has to be.
type Pin struct {
	Node    topology.ID
	Machine int    // index into Options.Machines
	Why     string // where that is written, for messages; may be empty
}

// Result is a cut.
type Result struct {
	Partition *machines.Partition
	Crossings []Crossing
	Loads     []Load  // by machine
	Parts     []int   // nodes (hosts and cloud) of each part that cannot be split, descending
	Share     float64 // of all traffic over links, what crosses, in [0, 1]
	Planned   bool    // traffic is the workload's bytes; otherwise it is rates, in bit/s
	Notes     []string
}

// Crossing is where packets go from one machine to another, with what is asked of it.
type Crossing struct {
	machines.Crossing
	Floor   time.Duration
	Traffic float64 // bytes of the workload, or bit/s; by rates, 0 of an edge without a link, which has none
}

// Load is what a machine carries.
type Load struct {
	Nodes    int            // hosts, and the cloud
	Forwards int            // switches and exchanges
	Share    float64        // nodes in proportion to what its weight would have it carry; 1: exactly that
	CPU      int64          // thousandths of a core of its nodes
	Memory   units.ByteSize // of its nodes
	Traffic  float64        // through the queues that it owns
	Out, In  float64        // over its crossings
}

// Find cuts a topology, which must be sound. It fails with a *Refused where no cut is possible.
func Find(t *topology.Topology, o Options) (*Result, error) {
	if err := machines.Check(o.Machines); err != nil {
		return nil, err
	}
	if o.Floor <= 0 {
		o.Floor = DefaultFloor
	}
	for _, pin := range o.Pins {
		if pin.Machine < 0 || pin.Machine >= len(o.Machines) || int(pin.Node) >= len(t.Vertices) || pin.Node < 0 ||
			t.Vertices[pin.Node].Kind == topology.Link {
			return nil, fmt.Errorf("a pin of vertex %d to machine %d, of %d", pin.Node, pin.Machine, len(o.Machines))
		}
	}
	n := newNetwork(t, o)
	least, most := n.floors()
	result, err := n.at(least)
	var refused *Refused
	if most > least && errors.As(err, &refused) && refused.pairs {
		// Parts that some pairs of machines could share between them: keep to what all can.
		result, err = n.at(most)
	}
	return result, err
}

// floors are the least and the largest floor of any two machines.
func (n *network) floors() (least, most time.Duration) {
	p := machines.Partition{Floor: n.options.Floor, Pairs: n.options.Pairs}
	count := len(n.options.Machines)
	least, most = n.options.Floor, n.options.Floor
	for a := range count {
		for b := range a {
			floor := p.FloorOf(a, b)
			if a == 1 && b == 0 {
				least, most = floor, floor
			}
			least, most = min(least, floor), max(most, floor)
		}
	}
	return least, most
}

// at cuts with all links below floor contracted.
func (n *network) at(floor time.Duration) (*Result, error) {
	p, err := n.contract(floor)
	if err != nil {
		return nil, err
	}
	g := newGraph(n, p)
	of, err := g.place()
	if err != nil {
		return nil, err
	}
	partition := &machines.Partition{
		Machines: n.options.Machines, Of: map[string]int{}, Floor: n.options.Floor, Pairs: n.options.Pairs,
	}
	for i := range n.graph.Topology.Vertices {
		if v := &n.graph.Topology.Vertices[i]; v.Kind != topology.Link {
			partition.Of[v.Name] = of[p.of[i]]
		}
	}
	return n.result(p, partition)
}

// result says what a partition amounts to.
func (n *network) result(p *parts, partition *machines.Partition) (*Result, error) {
	t := n.graph.Topology
	owners, err := partition.Owners(t)
	if err != nil {
		return nil, fmt.Errorf("the cut is wrong: %w", err)
	}
	r := &Result{Partition: partition, Loads: make([]Load, len(partition.Machines)), Planned: n.options.Traffic != nil}
	for _, load := range p.nodes {
		if load > 0 {
			r.Parts = append(r.Parts, load)
		}
	}
	slices.SortFunc(r.Parts, func(a, b int) int { return b - a })
	n.addLoads(r, owners)
	crossing := 0.0
	for _, c := range owners.Crossings(t) {
		one := Crossing{Crossing: c, Floor: partition.FloorOf(c.FromMachine, c.ToMachine)}
		if id, ok := t.Lookup(c.Link); ok && c.Link != "" {
			channel := topology.Channel{Link: id, Dir: c.Dir}
			to, _ := t.Lookup(c.To)
			one.Delay = n.least(channel, to)
			one.Traffic = n.traffic(channel)
		} else {
			one.Traffic = n.edgeTraffic(c.From, c.To)
		}
		r.Crossings = append(r.Crossings, one)
		r.Loads[c.FromMachine].Out += one.Traffic
		r.Loads[c.ToMachine].In += one.Traffic
		crossing += one.Traffic
	}
	if n.total > 0 {
		r.Share = crossing / n.total
	}
	n.remark(r, p)
	return r, nil
}

// addLoads adds up what each machine carries.
func (n *network) addLoads(r *Result, owners *machines.Owners) {
	t := n.graph.Topology
	all := 0
	for i := range t.Vertices {
		v := &t.Vertices[i]
		if v.Kind == topology.Link {
			continue
		}
		load := &r.Loads[owners.Vertex(topology.ID(i))]
		if !v.Kind.Attached() {
			load.Forwards++
			continue
		}
		all++
		load.Nodes++
		load.CPU += v.CPU
		load.Memory = units.ByteSize(units.Add(int64(load.Memory), int64(v.Memory)))
	}
	for _, c := range n.graph.Queues {
		r.Loads[owners.Queue(c)].Traffic += n.traffic(c)
	}
	for i, share := range n.shares() {
		if all > 0 {
			r.Loads[i].Share = float64(r.Loads[i].Nodes) / (share * float64(all))
		}
	}
}

// shares are the machines' weights, 1 together.
func (n *network) shares() []float64 {
	sum := 0.0
	shares := make([]float64, len(n.options.Machines))
	for i := range n.options.Machines {
		shares[i] = n.options.Machines[i].Share()
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}
