package placement

import (
	"errors"
	"fmt"
	"math"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// ErrNoNodes is wrapped where tasks or jobs have nowhere to go.
var ErrNoNodes = errors.New("no suitable host")

// placer holds the nodes, ordered by name, and their loads.
type placer struct {
	net       Network
	opts      Options
	nodes     []topology.ID
	affinity  []Affinity // of each node
	speed     []float32  // of each node, operations/s
	load      []int      // of each node, tasks placed
	clients   []topology.ID
	functions map[string]Affinity
}

func newPlacer(net Network, opts Options, functions []string) (*placer, error) {
	t := opts.Topology
	if t == nil {
		return nil, fmt.Errorf("placement: no topology given")
	}
	p := &placer{net: net, opts: opts, clients: opts.Clients}
	if opts.Nodes == nil {
		opts.Nodes = t.Hosts()
	}
	p.nodes = t.ByName(opts.Nodes)
	if p.clients == nil {
		p.clients = Clients(t)
	}
	if len(p.clients) == 0 {
		return nil, fmt.Errorf("placement: %w: there are no clients", ErrNoNodes)
	}
	speeds, err := Speeds(t, opts.Speed)
	if err != nil {
		return nil, fmt.Errorf("placement: %w", err)
	}
	p.load = make([]int, len(p.nodes))
	var sums [2]float64
	for _, id := range p.nodes {
		a := AffinityOf(&t.Vertices[id], opts.GPU)
		p.affinity = append(p.affinity, a)
		p.speed = append(p.speed, speeds[id])
		sums[a] += float64(speeds[id])
	}
	p.functions = AssignAffinities(functions, sums)
	return p, nil
}

// place draws clients and order, and places all tasks.
func (p *placer) place(jobs []workload.Job) (*Placement, error) {
	engine := minstd.New(p.opts.Seed)
	out := &Placement{
		Client: make([]topology.ID, len(jobs)), Node: make([][]topology.ID, len(jobs)),
		Load: make(map[topology.ID]int),
	}
	for i := range jobs {
		out.Client[i] = p.clients[engine.Intn(len(p.clients))]
	}
	for _, i := range drawOrder(engine, len(jobs)) {
		job := &jobs[i]
		out.Node[i] = make([]topology.ID, len(job.Tasks))
		for t := range job.Tasks {
			n, err := p.choose(job, t, out.Client[i])
			if err != nil {
				return nil, fmt.Errorf("placement: job %s, task %s: %w", job.Name, job.Tasks[t].Name, err)
			}
			p.load[n]++
			out.Node[i][t] = p.nodes[n]
		}
	}
	for n, load := range p.load {
		if load > 0 {
			out.Load[p.nodes[n]] = load
		}
	}
	return out, nil
}

// drawOrder draws a permutation of n: again and again, one of those that remain, in ascending order.
func drawOrder(engine *minstd.Engine, n int) []int {
	remaining := make([]int, n)
	for i := range remaining {
		remaining[i] = i
	}
	order := make([]int, 0, n)
	for len(remaining) > 0 {
		k := int(engine.Real(0, 1) * float64(len(remaining)))
		order = append(order, remaining[k])
		remaining = append(remaining[:k], remaining[k+1:]...)
	}
	return order
}

// choose finds the node that promises the smallest time for a task; the first in the order of names
// wins a tie.
func (p *placer) choose(job *workload.Job, t int, client topology.ID) (int, error) {
	task := &job.Tasks[t]
	affinity := p.functions[task.Function]
	states := job.AllStateBytes()
	in, out := task.Argument+states, job.Output(t)+states
	best, least := -1, 0.0
	for n, id := range p.nodes {
		if p.affinity[n] != affinity {
			continue
		}
		seconds := float64(ProcessingTime(task.Ops, p.speed[n], p.load[n]+1))
		if p.opts.Policy == LoadNet {
			seconds += p.net.Transfer(client, id, in) + p.net.Transfer(id, client, out)
		}
		if best < 0 || seconds < least {
			best, least = n, seconds
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("%w: function %s needs a host with a %s", ErrNoNodes, task.Function, affinity)
	}
	if math.IsInf(least, 1) {
		return 0, fmt.Errorf("%w: no host that function %s may use can be reached from its client and back", ErrNoNodes, task.Function)
	}
	return best, nil
}

// ProcessingTime is the time, in seconds, of ops operations on a node that shares its speed evenly
// between load tasks, in the simulator's float32. It is 0 for no operations.
func ProcessingTime(ops int64, speed float32, load int) float32 {
	if ops == 0 {
		return 0
	}
	return float32(ops) / (speed / float32(load))
}
