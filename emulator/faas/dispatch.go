package faas

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"testbed/emulator/dispatch"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// DispatchSpec says how the client's agent picks workers. It goes with the chain once: invocations name a pool.
type DispatchSpec struct {
	dispatch.Choice
	// Group names the chains that share what is known of the workers: those of one run and model. At most 120 bytes.
	Group string `json:"group"`
	// InstanceSeed is the scenario's: of the starts of instances at the worker that is picked.
	InstanceSeed uint64            `json:"instance_seed,omitempty"`
	Pools        [][]CandidateSpec `json:"pools"` // 1 to 16, of 1 to 4096 candidates each
}

// CandidateSpec is a node that may be picked.
type CandidateSpec struct {
	Node    topology.ID `json:"node"`
	Address string      `json:"address"` // IP address and port of its agent
}

// Bounds of a DispatchSpec.
const (
	maxPools      = 16
	maxCandidates = 4096
)

// dispatchOf is what a chain of the plan is told of its dispatcher, and the pool of each invocation, from 1; 0: its
// worker is fixed.
func dispatchOf(p *plan.Plan, key string, addr func(topology.ID) netip.AddrPort) (*DispatchSpec, []int) {
	pools := make([]int, len(p.Invocations))
	if p.Dispatch == nil {
		return nil, pools
	}
	spec := &DispatchSpec{Choice: *p.Dispatch, InstanceSeed: p.Seed, Group: key[:strings.LastIndexByte(key, '/')+1]}
	var known [][]topology.ID
	for i := range p.Invocations {
		of := p.Invocations[i].Candidates
		if len(of) == 0 {
			continue
		}
		at := slices.IndexFunc(known, func(ids []topology.ID) bool { return slices.Equal(ids, of) })
		if at < 0 {
			at = len(known)
			known = append(known, of)
			var pool []CandidateSpec
			for _, id := range of {
				pool = append(pool, CandidateSpec{id, addr(id).String()})
			}
			spec.Pools = append(spec.Pools, pool)
		}
		pools[i] = at + 1
	}
	return spec, pools
}

// validateDispatch checks what picks, and of what.
func (s *ChainSpec) validateDispatch() error {
	d := s.Dispatch
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		if inv.Pool == 0 {
			continue
		}
		if d == nil || inv.Pool < 0 || inv.Pool > len(d.Pools) || s.Chained() {
			return fmt.Errorf("invocation %d: there is no pool %d of workers", i, inv.Pool)
		}
		for _, a := range inv.States {
			if a.Location == plan.Local || a.Location == plan.Fetched {
				return fmt.Errorf("invocation %d: state %d is at one worker, which cannot be picked", i, a.State)
			}
		}
	}
	if d == nil {
		return nil
	}
	if !d.Valid() || d.HalfLife < 0 || len(d.Pools) > maxPools || len(d.Group) > maxKey {
		return fmt.Errorf("no such dispatcher: %d drawn, cost %.20q, half-life %v, %d pools", d.Sample, d.Cost, d.HalfLife,
			len(d.Pools))
	}
	for i, pool := range d.Pools {
		if len(pool) == 0 || len(pool) > maxCandidates {
			return fmt.Errorf("pool %d has %d workers: want 1 to %d", i+1, len(pool), maxCandidates)
		}
		for _, c := range pool {
			if _, err := netip.ParseAddrPort(c.Address); err != nil {
				return fmt.Errorf("pool %d: %w", i+1, err)
			}
		}
	}
	return nil
}

// pool is the candidates of an invocation; nil: its worker is fixed.
func (s *ChainSpec) pool(inv *InvocationSpec) []CandidateSpec {
	if inv.Pool == 0 {
		return nil
	}
	return s.Dispatch.Pools[inv.Pool-1]
}

// moved is the invocation at a worker that was picked: a repository that is there needs no network.
func (s *ChainSpec) moved(inv *InvocationSpec, to CandidateSpec) InvocationSpec {
	own := *inv
	own.Node, own.Worker = to.Node, to.Address
	if to.Node == s.Client {
		own.Worker = ""
	}
	own.Instances = plan.InstancesAt(inv.Instances, s.Dispatch.InstanceSeed, inv.Function, to.Node)
	own.States = slices.Clone(inv.States)
	for i := range own.States {
		if a := &own.States[i]; !a.ByClient && a.Repository == to.Address {
			a.Repository = ""
		}
	}
	return own
}

// variants are the invocation at each worker that may be picked, or at its own.
func (s *ChainSpec) variants(i int) []InvocationSpec {
	inv := &s.Invocations[i]
	pool := s.pool(inv)
	if pool == nil {
		return s.Invocations[i : i+1]
	}
	all := make([]InvocationSpec, len(pool))
	for k := range pool {
		all[k] = s.moved(inv, pool[k])
	}
	return all
}

// validateWorkers says why the workers in a result cannot be those that were picked.
func (s *ChainSpec) validateWorkers(picked []topology.ID) error {
	if s.Dispatch == nil && len(picked) == 0 {
		return nil
	}
	if s.Dispatch == nil || len(picked) != len(s.Invocations) {
		return fmt.Errorf("%d workers were picked for %d invocations", len(picked), len(s.Invocations))
	}
	for i, id := range picked {
		inv := &s.Invocations[i]
		among := func(c CandidateSpec) bool { return c.Node == id }
		if id != inv.Node && !slices.ContainsFunc(s.pool(inv), among) {
			return fmt.Errorf("invocation %d was executed by %d, which is no candidate", i, id)
		}
	}
	return nil
}

// dispatchers are an agent's, one for each group of chains that follow one another: those of one run and model.
type dispatchers struct {
	mu     sync.Mutex
	groups map[string]*dispatching
}

// maxGroups bounds how many groups an agent remembers.
const maxGroups = 64

// dispatching is one dispatcher, for all chains of a group.
type dispatching struct {
	mu sync.Mutex
	of *dispatch.Dispatcher
}

// group is the dispatcher of a chain's group. The first to ask says which one it is.
func (d *dispatchers) group(s *ChainSpec) *dispatching {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.groups[s.Dispatch.Group]; g != nil {
		return g
	}
	if d.groups == nil || len(d.groups) >= maxGroups {
		d.groups = map[string]*dispatching{} // who has one of the old keeps it to the end of his chain
	}
	g := &dispatching{of: dispatch.New(s.Dispatch.Choice, s.Client)}
	d.groups[s.Dispatch.Group] = g
	return g
}

// forget forgets the groups whose chains' keys begin with prefix.
func (d *dispatchers) forget(prefix string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.groups, func(name string, _ *dispatching) bool { return strings.HasPrefix(name, prefix) })
}

// pick picks the worker of an invocation that is about to be sent, and lets its call know. ended is to be told what
// became of it.
func (c *chain) pick(index int, call *call) (inv *InvocationSpec, ended func(*response, error)) {
	inv = &c.spec.Invocations[index]
	pool := c.spec.pool(inv)
	if pool == nil {
		return inv, func(*response, error) {}
	}
	candidates := make([]topology.ID, len(pool))
	for i := range pool {
		candidates[i] = pool[i].Node
	}
	group, began := c.dispatchers.group(c.spec), c.clock.now()
	group.mu.Lock()
	worker := group.of.Begin(time.Duration(began), candidates)
	group.mu.Unlock()
	own := c.spec.moved(inv, pool[slices.Index(candidates, worker)])
	c.mu.Lock()
	c.moved[index] = &own
	c.mu.Unlock()
	call.dispatched = true
	call.redirect(&own)
	return &own, func(back *response, err error) {
		group.mu.Lock()
		defer group.mu.Unlock()
		if err != nil {
			group.of.Fail(worker)
			return
		}
		now := c.clock.now()
		group.of.End(time.Duration(now), worker, time.Duration(now-began), back.underWay)
	}
}

// carriedOut is an invocation as it is carried out: at the worker that was picked, if one was.
func (c *chain) carriedOut(index int) *InvocationSpec {
	c.mu.Lock()
	defer c.mu.Unlock()
	if own := c.moved[index]; own != nil {
		return own
	}
	return &c.spec.Invocations[index]
}

// workers are where the chain's invocations were executed, where workers are picked.
func (c *chain) workers() []topology.ID {
	if c.spec.Dispatch == nil {
		return nil
	}
	all := make([]topology.ID, len(c.spec.Invocations))
	for i := range all {
		all[i] = c.carriedOut(i).Node
	}
	return all
}

// headerUnderWay is, in a request, 1 where its worker was picked, and in the response to it how many other invocations
// the worker has under way.
const headerUnderWay = "X-Testbed-Under-Way"

// mostUnderWay bounds what a worker is believed.
const mostUnderWay = 1 << 20

// tell says in a response how many others the worker has under way, where the call asks for it.
func (r *reply) tell(c *call, h http.Header) {
	if c.dispatched {
		h[headerUnderWay] = []string{strconv.Itoa(r.underWay)}
	}
}

// others is how many invocations are under way here beside the one that asks.
func (a *Agent) others() int { return int(max(0, min(a.counts.underWay.Load()-1, mostUnderWay))) }

func parseUnderWay(h http.Header) (int, error) {
	n, err := strconv.Atoi(h.Get(headerUnderWay))
	if err != nil || n < 0 || n > mostUnderWay {
		return 0, fmt.Errorf("header %s: %.20q is no number of invocations", headerUnderWay, h.Get(headerUnderWay))
	}
	return n, nil
}

// redirect lets a call's states be where its invocation finds them from the worker that was picked, with its instances.
func (c *call) redirect(to *InvocationSpec) {
	c.instances, c.scaled = to.Instances, to.Instances != nil
	n := 0
	for _, a := range to.States {
		if !a.ByClient {
			c.states[n].repository = a.Repository
			n++
		}
	}
}
