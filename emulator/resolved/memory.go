package resolved

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"testbed/emulator/internal/printable"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// ErrTooLarge is wrapped by errors about a workload that does not fit into the nodes' or the host's memory.
var ErrTooLarge = errors.New("the workload does not fit")

// demand is what one model's chains hold of memory while they are carried out.
type demand struct {
	model plan.Model
	alive int                        // chains at one time
	nodes map[topology.ID]*occupancy // by node
	total occupancy                  // of all nodes together
}

// demanded are the demands of all models, once they are known.
type demanded struct {
	sync.Mutex
	all []demand
}

// occupancy is what chains hold somewhere, in bytes.
type occupancy struct {
	all  int64 // all that may be under way at one time
	most int64 // the chain that holds most
	job  int   // whose that is
}

// EmulatedShare is the part of a node's memory that is for states and messages where resources are emulated; the
// rest is the agent's own.
const EmulatedShare = 0.75

// hostShare is the part of the host's available memory that states and messages may take: buffers are up to a
// quarter larger than what is in them.
const hostShare = 0.8

// CheckMemory says whether the workload can be carried out by nodes, and on a host, of limited memory: every
// message must be within plan.MaxMessage; each chain alone must fit into the memory that the topology gives its
// nodes, and, where resources are emulated, all that are under way at one time into EmulatedShare of it; and the
// host, of whose memory the given bytes are available (0: not known), must hold what all nodes hold together.
// Errors wrap ErrTooLarge and name the trace's row. Predictions need none of this.
func (e *Scenario) CheckMemory(available units.ByteSize) error {
	demands, err := e.demands()
	if err != nil {
		return err
	}
	var errs []error
	for i, m := range e.Models {
		if err := e.checkMessages(m); err != nil {
			errs = append(errs, err)
			continue // its sums say the same once more
		}
		err := e.checkNodes(&demands[i])
		if err == nil {
			err = e.checkHost(&demands[i], available)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// AgentMemory is what a node's agent is to allow states and messages, in bytes: where resources are emulated a
// share of the node's memory, otherwise half as much again as the workload takes. 0: whatever the agent takes
// by itself.
func (e *Scenario) AgentMemory(id topology.ID) int64 {
	const (
		least = 1 << 20   // that an agent accepts
		ample = 512 << 20 // any agent has as much by itself, on any host that can be used
	)
	if memory := e.Topology.Vertices[id].Memory; e.Source.Resources == "emulate" && memory > 0 {
		return max(least, int64(EmulatedShare*float64(memory)))
	}
	demands, err := e.demands()
	if err != nil {
		return 0 // told elsewhere
	}
	need := int64(0)
	for i := range demands {
		if n := demands[i].nodes[id]; n != nil {
			need = max(need, n.all)
		}
	}
	if need < ample {
		return 0
	}
	return units.Add(need, need/2)
}

// demands works out what each model takes, once.
func (e *Scenario) demands() ([]demand, error) {
	e.demanded.Lock()
	defer e.demanded.Unlock()
	if e.demanded.all != nil {
		return e.demanded.all, nil
	}
	var all []demand
	for _, m := range e.Models {
		plans, err := e.Chains(m)
		if err != nil {
			return nil, err
		}
		all = append(all, e.demand(m, plans))
	}
	e.demanded.all = all
	return all, nil
}

func (e *Scenario) demand(m plan.Model, plans []*plan.Plan) demand {
	d := demand{model: m, alive: e.alive(plans), nodes: map[topology.ID]*occupancy{}}
	held := map[topology.ID][]int64{}
	var totals []int64
	for _, p := range plans {
		h := p.Held()
		totals = append(totals, h.Total)
		d.total.note(h.Total, p.Index)
		for node, bytes := range h.Nodes {
			held[node] = append(held[node], bytes)
			if d.nodes[node] == nil {
				d.nodes[node] = &occupancy{}
			}
			d.nodes[node].note(bytes, p.Index)
		}
	}
	d.total.all = largest(totals, d.alive)
	for node, of := range d.nodes {
		of.all = largest(held[node], d.alive)
	}
	for node, bytes := range lastingBytes(plans) { // whose chains, under way or not, hold them
		d.nodes[node].all = units.Add(d.nodes[node].all, bytes)
		d.total.all = units.Add(d.total.all, bytes)
	}
	for node, bytes := range e.payloadBytes(plans) {
		if d.nodes[node] == nil {
			d.nodes[node] = &occupancy{}
		}
		d.nodes[node].all = units.Add(d.nodes[node].all, bytes)
		d.total.all = units.Add(d.total.all, bytes)
	}
	return d
}

func (o *occupancy) note(bytes int64, job int) {
	if bytes > o.most {
		o.most, o.job = bytes, job
	}
}

// largest is the sum of the n largest.
func largest(all []int64, n int) int64 {
	slices.SortFunc(all, func(a, b int64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	sum := int64(0)
	for _, v := range all[:min(n, len(all))] {
		sum = units.Add(sum, v)
	}
	return sum
}

// checkMessages holds every transfer, and the number of an invocation's states, against what a message may carry.
func (e *Scenario) checkMessages(m plan.Model) error {
	plans, err := e.Chains(m)
	if err != nil {
		return err
	}
	var worst *plan.Step
	job, beyond := 0, 0
	for _, p := range plans {
		for i := range p.Invocations {
			if n := len(p.Invocations[i].States); n > plan.MaxStates {
				return e.fault("workload", "", "model %s: %s: invocation %d uses %d states, and one carries %d at most: %w",
					m, e.row(p.Index), i, n, plan.MaxStates, ErrTooLarge)
			}
		}
		s := p.Largest()
		if s == nil || len(p.Invocations) == 0 || s.Bytes <= plan.MaxMessage {
			continue
		}
		if beyond++; worst == nil || s.Bytes > worst.Bytes {
			worst, job = s, p.Index
		}
	}
	if worst == nil {
		return nil
	}
	return e.fault("workload", "", "model %s: %s: its %s carries %s, and one message carries %s at most%s: "+
		"%s, or leave the job out: %w", m, e.row(job), worst.Role, size(worst.Bytes), size(plan.MaxMessage),
		others(beyond-1), e.smaller(), ErrTooLarge)
}

// checkNodes holds what chains keep at nodes against the memory that the topology gives them.
func (e *Scenario) checkNodes(d *demand) error {
	for _, id := range slices.Sorted(maps.Keys(d.nodes)) {
		of, v := d.nodes[id], &e.Topology.Vertices[id]
		if v.Memory <= 0 {
			continue
		}
		if of.most > int64(v.Memory) {
			return e.fault(nodePath(v), "", "model %s: %s: node %s, of %s of memory, would hold %s of its states and messages: "+
				"%s, give the node more memory, or leave the job out: %w", d.model, e.row(of.job), v.Name,
				size(int64(v.Memory)), size(of.most), e.smaller(), ErrTooLarge)
		}
		if share := e.AgentMemory(id); e.Source.Resources == "emulate" && of.all > share {
			return e.fault(nodePath(v), "", "model %s: node %s would hold %s of states and messages of %s at a time, the most "+
				"of %s; of its %s of memory %s are for them (resources: emulate): "+
				"%s, lower the arrival, or give the node more memory: %w",
				d.model, v.Name, size(of.all), chains(d.alive), e.row(of.job), size(int64(v.Memory)),
				size(share), e.smaller(), ErrTooLarge)
		}
	}
	return nil
}

// checkHost holds what all nodes keep together against the host's memory.
func (e *Scenario) checkHost(d *demand, available units.ByteSize) error {
	if room := int64(hostShare * float64(available)); available <= 0 || d.total.all <= room {
		return nil
	}
	return e.fault("workload", "", "model %s: all nodes together would hold %s of states and messages of %s at a time, "+
		"the most of %s; this host has %s of memory available: "+
		"%s, lower the arrival, or take a larger host: %w", d.model, size(d.total.all), chains(d.alive),
		e.row(d.total.job), size(int64(available)), e.smaller(), ErrTooLarge)
}

// smaller says how jobs are made smaller.
func (e *Scenario) smaller() string {
	if e.Source.Workload.Written() {
		return "make its states, arguments or results smaller"
	}
	return "lower workload.state-factor or arg-factor"
}

// row names a job's largest row in the trace.
func (e *Scenario) row(job int) string { return e.Source.Row(e.trace, e.Jobs[job].Name) }

func others(n int) string {
	switch {
	case n <= 0:
		return ""
	}
	return " (" + printable.Counted(n, "more job", "does", "do") + " as well)"
}

func chains(n int) string {
	if n == 1 {
		return "one chain"
	}
	return fmt.Sprintf("%d chains", n)
}

// size prints bytes to three digits.
func size(bytes int64) string {
	switch v := float64(bytes); {
	case v >= 1e9:
		return fmt.Sprintf("%.3g GB", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.3g MB", v/1e6)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
