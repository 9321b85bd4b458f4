package cut_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/machines"
	"testbed/emulator/machines/cut"
	"testbed/emulator/topology"
)

// What one machine takes, in s and bytes, measured on two cores of a virtual machine, but for perCrossing.
const (
	perEnd      = 5e-6    // of the fabric's thread, to read a packet from a station or to write it to one
	perQueue    = 0.27e-6 // and to put it through a queue, with 10,000 packets under way
	perCrossing = 1e-6    // at either end of a crossing: an assumption, until batches between machines are measured
	perHost     = 5.0e-3  // to bring a host up, and more for each that is there: 500 in 3.7 s, 2,000 in 29 s
	perHostMore = 4.7e-6
	memory      = 3.8e6 // of a host: 2,000 have 7.6 GB
)

const (
	siteHosts  = 20
	local      = 0.8    // of the packets that a host sends, so many go to a host of its own site, the others to any
	packets    = 200000 // that are simulated
	packetBits = 1500 * 8
)

// TestBeyond simulates how far several machines go: sites of 20 hosts are spread over them, packets are sent along
// their ways, and each machine's thread is charged for what it reads, writes, queues and hands over. The table in
// emulator/README.md is what it prints.
func TestBeyond(t *testing.T) {
	var table strings.Builder
	table.WriteString("| hosts | machines | up, s | memory of each, GB | crossings of a packet | packets/s in all | " +
		"sent by the busiest, Gb/s |\n|---|---|---|---|---|---|---|\n")
	for _, c := range [][2]int{{1000, 1}, {1000, 2}, {1000, 4}, {10000, 1}, {10000, 4}, {10000, 10}} {
		table.WriteString(simulate(t, c[0], c[1]))
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), table.String()) {
		t.Errorf("emulator/README.md has not this table:\n%s", table.String())
	}
}

// simulate is a row of the table.
func simulate(t *testing.T, hosts, on int) string {
	graph := sites(t, hosts/siteHosts, siteHosts)
	r, err := cut.Find(graph, cut.Options{Machines: list(t, fmt.Sprint(on))})
	if err != nil {
		t.Fatal(err)
	}
	owners, err := r.Partition.Owners(graph)
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for _, l := range r.Loads {
		most = max(most, float64(l.Nodes))
	}
	w := &walk{graph: graph, owners: owners, parent: parents(graph), busy: make([]float64, on), sent: make([]float64, on)}
	random := rand.New(rand.NewPCG(3, 4))
	all := graph.Hosts()
	for range packets {
		from := random.IntN(hosts)
		to := random.IntN(hosts)
		if random.Float64() < local {
			to = from - from%siteHosts + random.IntN(siteHosts)
		}
		w.packet(all[from], all[to])
	}
	crossings := 0.0
	for _, n := range w.sent {
		crossings += n
	}
	rate := packets / slices.Max(w.busy) // where the busiest thread has nothing but packets to do
	up := most*perHost + most*most*perHostMore
	return fmt.Sprintf("| %d | %d | %.1f | %.1f | %.2f | %.0f,000 | %.2f |\n", hosts, on, up, most*memory/1e9,
		crossings/packets, rate/1000, rate/packets*slices.Max(w.sent)*packetBits/1e9)
}

// walk charges machines for packets on a tree.
type walk struct {
	graph      *topology.Topology
	owners     *machines.Owners
	parent     []topology.ID
	busy, sent []float64 // by machine: s of its thread; packets that it hands over
}

// parents are the vertices before each on the way from the first exchange, by a search in breadth.
func parents(graph *topology.Topology) []topology.ID {
	root, _ := graph.Lookup("x0")
	parent := make([]topology.ID, len(graph.Vertices))
	for i := range parent {
		parent[i] = -1
	}
	parent[root] = root
	for todo := []topology.ID{root}; len(todo) > 0; todo = todo[1:] {
		for _, e := range graph.Adjacency[todo[0]] {
			if parent[e.To] < 0 {
				parent[e.To] = todo[0]
				todo = append(todo, e.To)
			}
		}
	}
	return parent
}

// way lists the vertices from one to another.
func (w *walk) way(from, to topology.ID) []topology.ID {
	up := func(v topology.ID) []topology.ID {
		list := []topology.ID{v}
		for w.parent[v] != v {
			v = w.parent[v]
			list = append(list, v)
		}
		return list
	}
	there, back := up(from), up(to)
	for len(there) > 1 && len(back) > 1 && there[len(there)-2] == back[len(back)-2] {
		there, back = there[:len(there)-1], back[:len(back)-1]
	}
	slices.Reverse(back)
	return append(there, back[1:]...)
}

// packet sends one.
func (w *walk) packet(from, to topology.ID) {
	at := w.owners.Vertex(from)
	w.busy[at] += perEnd
	way := w.way(from, to)
	for i, v := range way {
		switch {
		case w.graph.Vertices[v].Kind == topology.Link:
			at = w.hand(at, w.owners.Queue(topology.Channel{Link: v, Dir: w.graph.Direction(v, way[i-1])}))
			w.busy[at] += perQueue
		case i == len(way)-1:
			at = w.hand(at, w.owners.Vertex(v))
		}
	}
	w.busy[at] += perEnd
}

// hand takes a packet to another machine, if it is one.
func (w *walk) hand(from, to int) int {
	if from != to {
		w.sent[from]++
		w.busy[from] += perCrossing
		w.busy[to] += perCrossing
	}
	return to
}
