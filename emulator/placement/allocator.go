package placement

import (
	"fmt"
	"slices"

	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Allocator places workloads on one topology again and again. It is safe for concurrent use.
//
// Hosts of the same speed and with the same paths to and from every client differ in their load alone.
// Such hosts form an atom; what is best in an atom is known without looking at each of its hosts. A
// client sees atoms of the same speed with the same paths to and from itself, which form a group: only
// one candidate of each group has its time computed.
//
// An example: the clients x and y are behind access points of their own, with two equal hosts beside each of them.
//
//	x, a, b --- AP1 --- core --- AP2 --- y, c, d, all links alike
//	                     |
//	                    e, f
//
// Nobody can tell a from b, c from d, e from f: these are the atoms. x sees {a, b} behind two links, {e, f} behind
// three, {c, d} behind four: three groups of one atom. A client at the core would be as far from {a, b} as from
// {c, d}, which would be one group of two atoms for it. So x computes three times for six hosts; in the
// synthesized cities it is tens for thousands.
type Allocator struct {
	topology *topology.Topology
	nodes    []topology.ID // ordered by name
	affinity []Affinity    // of each node
	speed    []float32     // of each node, operations/s
	clients  []topology.ID
	atomOf   []int32   // of each node
	atoms    [][]int32 // the nodes of each atom, ascending
	byLoad   [affinities][]group
	byClient [][affinities][]group // for each client
	paths    paths
}

// group is what a client cannot tell apart before there is load.
type group struct {
	speed   float32
	in, out simnet.Class // from the client, and back to it
	atoms   []int32
	first   int32 // the smallest node
}

const affinities = 2

// NewAllocator prepares the placement on opts.Topology; Seed, Policy and Functions are not looked at.
func NewAllocator(net Network, opts Options) (*Allocator, error) {
	t := opts.Topology
	if t == nil {
		return nil, fmt.Errorf("placement: no topology given")
	}
	a := &Allocator{topology: t, clients: opts.Clients}
	if opts.Nodes == nil {
		opts.Nodes = t.Hosts()
	}
	if a.clients == nil {
		a.clients = Clients(t)
	}
	if len(a.clients) == 0 {
		return nil, fmt.Errorf("placement: %w: there are no clients", ErrNoNodes)
	}
	speeds, err := Speeds(t, opts.Speed)
	if err != nil {
		return nil, fmt.Errorf("placement: %w", err)
	}
	excluded := func(id topology.ID) bool { return slices.Contains(opts.Exclude, id) }
	a.nodes = slices.DeleteFunc(t.ByName(opts.Nodes), excluded)
	for _, id := range a.nodes {
		if _, is := speeds[id]; !is {
			return nil, fmt.Errorf("placement: %s is not a host", t.Vertices[id].Name)
		}
		a.affinity = append(a.affinity, AffinityOf(&t.Vertices[id], opts.GPU))
		a.speed = append(a.speed, speeds[id])
	}
	a.classify(net)
	return a, nil
}

// Nodes are the processing nodes, ordered by name.
func (a *Allocator) Nodes() []topology.ID { return a.nodes }

// Speed is the speed of node n, an index into Nodes, in operations/s.
func (a *Allocator) Speed(n int) float32 { return a.speed[n] }

// Functions assigns affinities to functions by the nodes' speeds; see AssignAffinities.
func (a *Allocator) Functions(names []string) map[string]Affinity {
	var sums [affinities]float64
	for n, speed := range a.speed {
		sums[a.affinity[n]] += float64(speed)
	}
	return AssignAffinities(names, sums)
}

// nodeKey is what tells nodes apart for one client, or for none.
type nodeKey struct {
	affinity Affinity
	speed    float32
	in, out  simnet.Class
}

// key describes node n as the client sees it; as nobody does where client is negative.
func (a *Allocator) key(net Network, n, client int) nodeKey {
	k := nodeKey{affinity: a.affinity[n], speed: a.speed[n]}
	if client >= 0 {
		c, id := a.clients[client], a.nodes[n]
		k.in, k.out = net.Class(c, id), net.Class(id, c)
	}
	return k
}

// classify forms atoms and groups.
func (a *Allocator) classify(net Network) {
	a.formAtoms(net)
	a.byLoad = a.group(func(n int) nodeKey { return a.key(net, n, -1) })
	a.byClient = make([][affinities][]group, len(a.clients))
	for c := range a.clients {
		a.byClient[c] = a.group(func(n int) nodeKey { return a.key(net, n, c) })
	}
	a.paths = newPaths(net, a.byClient)
}

// formAtoms puts nodes that no client can tell apart together: candidates by a hash of what all clients
// see, and then, for hashes may collide, only those that are equal.
func (a *Allocator) formAtoms(net Network) {
	type signature struct {
		nodeKey
		hash uint64
	}
	a.atomOf = make([]int32, len(a.nodes))
	candidates := map[signature][]int32{} // atoms
	for n := range a.nodes {
		s := signature{a.key(net, n, -1), 0}
		for c := range a.clients {
			k := a.key(net, n, c)
			s.hash = mix(mix(s.hash, uint64(k.in)), uint64(k.out))
		}
		atom := int32(-1)
		for _, other := range candidates[s] {
			if a.alike(net, n, int(a.atoms[other][0])) {
				atom = other
				break
			}
		}
		if atom < 0 {
			atom = int32(len(a.atoms))
			a.atoms = append(a.atoms, nil)
			candidates[s] = append(candidates[s], atom)
		}
		a.atomOf[n] = atom
		a.atoms[atom] = append(a.atoms[atom], int32(n))
	}
}

// alike says whether every client sees two nodes the same.
func (a *Allocator) alike(net Network, n, m int) bool {
	for c := range a.clients {
		if a.key(net, n, c) != a.key(net, m, c) {
			return false
		}
	}
	return true
}

// mix adds a value to a hash.
func mix(hash, value uint64) uint64 {
	hash = (hash ^ value) * 0x9e3779b97f4a7c15
	return hash ^ hash>>29
}

// group puts atoms of the same key together.
func (a *Allocator) group(key func(node int) nodeKey) (groups [affinities][]group) {
	index := map[nodeKey]int{}
	for atom, nodes := range a.atoms {
		first := nodes[0]
		k := key(int(first))
		list := &groups[k.affinity]
		i, known := index[k]
		if !known {
			i = len(*list)
			index[k] = i
			*list = append(*list, group{speed: k.speed, in: k.in, out: k.out, first: first})
		}
		(*list)[i].atoms = append((*list)[i].atoms, int32(atom))
	}
	return groups
}

// paths holds the rates of the classes of paths in use, as indexes into a table of the distinct ones: a
// message's time on each rate is then computed once, and added up along each path.
type paths struct {
	rates []float32
	links [][]int32 // links[class]; nil where the class is not in use
}

func newPaths(net Network, byClient [][affinities][]group) paths {
	var p paths
	for c := range byClient {
		for _, groups := range byClient[c] {
			for i := range groups {
				p.add(net, groups[i].in)
				p.add(net, groups[i].out)
			}
		}
	}
	return p
}

func (p *paths) add(net Network, c simnet.Class) {
	if c == simnet.None || int(c) < len(p.links) && p.links[c] != nil {
		return
	}
	for len(p.links) <= int(c) {
		p.links = append(p.links, nil)
	}
	links := []int32{}
	for _, rate := range net.Rates(c) {
		i := slices.Index(p.rates, rate)
		if i < 0 {
			i = len(p.rates)
			p.rates = append(p.rates, rate)
		}
		links = append(links, int32(i))
	}
	p.links[c] = links
}

// allocate draws clients and the order of jobs by the seed, and places all tasks. Functions gives the affinity of every
// function that the jobs name.
func (a *Allocator) allocate(
	jobs []workload.Job, functions map[string]Affinity, seed uint64, rule Rule,
) (*Placement, error) {
	return newRun(a, rule).place(jobs, AffinitiesOf(jobs, functions), a.Draw(len(jobs), seed))
}
