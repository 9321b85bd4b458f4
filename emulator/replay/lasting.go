package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// lastingStates are states that outlive chains: of each client one of each name, in each model. They are made before a
// model's first chain and forgotten after its last. A chain's check holds one's version against what all chains so far
// have made of it: those that are done for certain, those under way or failed perhaps. Where chains follow one another
// the two are the same.
type lastingStates struct {
	run     string
	numbers map[lastingState]int

	mu          sync.Mutex
	done, begun map[lastingAt]int64 // changes
	lost        map[lastingAt]int64 // of those done, as far as it was told
}

// lastingState is what tells them apart.
type lastingState struct {
	plan.Lasting
	model plan.Model
}

// lastingAt is a node's value of its own.
type lastingAt struct {
	key  string
	node topology.ID
}

func newLastingStates(run string) *lastingStates {
	return &lastingStates{
		run: run, numbers: map[lastingState]int{}, done: map[lastingAt]int64{}, begun: map[lastingAt]int64{},
		lost: map[lastingAt]int64{},
	}
}

// prefix is what the keys of a model's begin with.
func (l *lastingStates) prefix(m plan.Model) string { return fmt.Sprintf("%s/%s/lasting/", l.run, m) }

// name gives a chain the keys of its states that outlive it.
func (l *lastingStates) name(p *plan.Plan, spec *faas.ChainSpec) {
	for state := range p.Lasting {
		key := ""
		if of := (lastingState{p.Outlives(state), p.Model}); of.Name != "" {
			number, known := l.numbers[of]
			if !known {
				number = len(l.numbers)
				l.numbers[of] = number
			}
			key = l.prefix(p.Model) + fmt.Sprint(number)
		}
		spec.Lasting = append(spec.Lasting, key)
	}
}

// seed makes the states of a model's chains, of version 0, at all nodes that use them, and returns what forgets them.
func (l *lastingStates) seed(
	ctx context.Context, specs []*faas.ChainSpec, clients func(topology.ID) Agent,
) (clean func(), err error) {
	made, nodes := map[lastingAt]bool{}, map[topology.ID]plan.Model{}
	for _, spec := range specs {
		for _, p := range spec.LastingPlaces() {
			at := lastingAt{p.Key, p.Node}
			if !made[at] && err == nil {
				made[at] = true
				for _, node := range p.Keepers() {
					nodes[node] = spec.Model
				}
				err = faas.SeedLasting(ctx, clients, &p)
			}
		}
	}
	return func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToClean)
		defer cancel()
		for node, model := range nodes {
			_ = clients(node).Clean(end, l.prefix(model)) // a node that does not answer has nothing any more, or ends soon
		}
	}, err
}

// begin counts what a chain that begins may change.
func (l *lastingStates) begin(spec *faas.ChainSpec) { l.count(spec, l.begun) }

func (l *lastingStates) count(spec *faas.ChainSpec, changes map[lastingAt]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range spec.LastingPlaces() {
		changes[lastingAt{p.Key, p.Node}] += int64(p.Touches)
	}
}

// check counts what a chain has changed, unless it failed, and compares versions with what they may be by now. A state
// that is lost is no error: see faas.StateCheck.Err. lost is how many changes are gone that were there before.
func (l *lastingStates) check(
	ctx context.Context, spec *faas.ChainSpec, failed bool, clients func(topology.ID) Agent,
) (checks []faas.StateCheck, lost int64, _ error) {
	if !failed {
		l.count(spec, l.done)
	}
	index := map[int]int{}
	for _, p := range spec.LastingPlaces() {
		at := lastingAt{p.Key, p.Node}
		l.mu.Lock()
		least := l.done[at]
		l.mu.Unlock()
		v, err := faas.CheckLasting(ctx, clients, &p)
		if err != nil && !errors.Is(err, faas.ErrNoState) {
			return checks, lost, err
		}
		if err != nil {
			v.Version = 0
		}
		l.mu.Lock()
		most := l.begun[at]
		if behind := least - v.Version; behind > l.lost[at] {
			lost += behind - l.lost[at]
			l.lost[at] = behind
		}
		l.mu.Unlock()
		i, known := index[p.State]
		if !known {
			i, index[p.State] = len(checks), len(checks)
			checks = append(checks, faas.StateCheck{State: p.State, Intact: true})
		}
		c := &checks[i]
		if c.Want += min(max(v.Version, least), most); err != nil {
			c.Missing++
			continue
		}
		c.Add(v, p)
	}
	return checks, lost, nil
}
