package faas

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// headerLasting names the keys of those states of a call that outlive its chain: NUMBER=KEY;NUMBER=KEY. Calls without
// such states are without it.
const headerLasting = "X-Testbed-Lasting"

// LastingPlace is a node that has a value of its own of a state that outlives the chain, for Control.
type LastingPlace struct {
	Key   string
	State int   // its number in the chain
	Bytes int64 // before the first chain
	Node  topology.ID
	// Replicas are the nodes that keep the value, Node the first, where there are several.
	Replicas []topology.ID
	// Stateful is the ID of the instance placed there that it belongs to; empty: none that can move.
	Stateful string
	// Program says that programs use it, so that it has any size after that.
	Program bool
	// Touches are how many of the chain's invocations change it there, each of which makes one version more.
	Touches int
}

// lasts says whether a state outlives the chain.
func (s *ChainSpec) lasts(state int) bool { return state < len(s.Lasting) && s.Lasting[state] != "" }

// stateKey is the key of one of the chain's states in every store.
func (s *ChainSpec) stateKey(state int) string {
	if s.lasts(state) {
		return s.Lasting[state]
	}
	return stateKey(s.Key, state)
}

// LastingPlaces lists where states are that outlive the chain. Seed, Check and Clean leave them alone.
func (s *ChainSpec) LastingPlaces() []LastingPlace {
	if len(s.Lasting) == 0 {
		return nil
	}
	var all []LastingPlace
	for i := range s.Invocations {
		for _, a := range s.Invocations[i].States {
			if !s.lasts(a.State) {
				continue
			}
			at := slices.IndexFunc(all, func(p LastingPlace) bool { return p.State == a.State && p.Node == a.Node })
			if at < 0 {
				at = len(all)
				all = append(all, LastingPlace{Key: markedKey(a.Repository, s.Lasting[a.State]), State: a.State,
					Bytes: s.Invocations[i].seeded(a), Node: a.Node, Program: s.Invocations[i].Program,
					Stateful: s.instanceAt(a.State, a.Node), Replicas: a.Replicas})
			}
			all[at].Touches++
		}
	}
	return all
}

// validateLasting checks the keys.
func (s *ChainSpec) validateLasting() error {
	if len(s.Lasting) > len(s.StateBytes) {
		return fmt.Errorf("keys of %d states, and there are %d", len(s.Lasting), len(s.StateBytes))
	}
	for state, key := range s.Lasting {
		if key == "" {
			continue
		}
		if err := checkStateKey(key); err != nil {
			return fmt.Errorf("state %d: %w", state, err)
		}
		if strings.HasPrefix(key, s.Key+"/") {
			return fmt.Errorf("state %d: the key %.150q is one of the chain's own", state, key)
		}
	}
	return nil
}

// lastingKeys are the keys of a call's states that outlive its chain, by number.
type lastingKeys map[int]string

// lastingOf are those of an invocation of the chain; nil: there are none.
func (s *ChainSpec) lastingOf(inv *InvocationSpec) lastingKeys {
	var keys lastingKeys
	for _, a := range inv.States {
		if s.lasts(a.State) && !a.ByClient {
			if keys == nil {
				keys = lastingKeys{}
			}
			keys[a.State] = s.Lasting[a.State]
		}
	}
	return keys
}

// appendHeader appends the header that says them, where there are any: in the order of the call's states.
func (k lastingKeys) appendHeader(b []byte, states []callState) []byte {
	if len(k) == 0 {
		return b
	}
	between := headerLasting + ": "
	for _, s := range states {
		if key := k[s.state]; key != "" {
			b = append(append(append(append(b, between...), strconv.Itoa(s.state)...), '='), key...)
			between = ";"
		}
	}
	return append(b, "\r\n"...)
}

// parseLasting reads what appendHeader wrote, of the states of a call.
func parseLasting(text string, states []callState) (lastingKeys, error) {
	if text == "" {
		return nil, nil
	}
	keys := lastingKeys{}
	for item := range strings.SplitSeq(text, ";") {
		number, key, _ := strings.Cut(item, "=")
		state, err := strconv.Atoi(number)
		known := slices.ContainsFunc(states, func(s callState) bool { return s.state == state })
		if err == nil && (!known || keys[state] != "") {
			err = fmt.Errorf("%.20q is none of the call's states, or twice", number)
		}
		if err == nil {
			err = checkStateKey(key)
		}
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", headerLasting, err)
		}
		keys[state] = key
	}
	return keys, nil
}

// turns hands out states that go along with calls to one call at a time, in the order in which it is asked.
type turns struct {
	mu    sync.Mutex
	taken map[string]*turn // by a state's key
}

type turn struct {
	held  chan struct{} // full while it is somebody's
	users int           // who has it or waits for it
}

// take waits for all states of the call that outlive its chain and go along with it, and returns what gives them back.
// Of what others have at the time their changes would be lost. waited says whether others had one of them.
func (t *turns) take(ctx context.Context, c *call) (back func(), waited bool, err error) {
	var keys []string
	for i, s := range c.states {
		if s.location == plan.Carried && c.lasting[s.state] != "" {
			keys = append(keys, c.stateKey(i))
		}
	}
	slices.Sort(keys) // in one order, so that nobody waits for one who waits for him
	var mine []string
	back = func() {
		for _, key := range mine {
			t.leave(key, true)
		}
	}
	for _, key := range slices.Compact(keys) {
		one := t.enter(key)
		select {
		case one.held <- struct{}{}:
			mine = append(mine, key)
			continue
		default:
			waited = true
		}
		select {
		case one.held <- struct{}{}:
			mine = append(mine, key)
		case <-ctx.Done():
			t.leave(key, false)
			return back, waited, context.Cause(ctx)
		}
	}
	return back, waited, nil
}

func (t *turns) enter(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken == nil {
		t.taken = map[string]*turn{}
	}
	one := t.taken[key]
	if one == nil {
		one = &turn{held: make(chan struct{}, 1)}
		t.taken[key] = one
	}
	one.users++
	return one
}

func (t *turns) leave(key string, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.taken[key]
	if mine {
		<-one.held
	}
	if one.users--; one.users == 0 {
		delete(t.taken, key)
	}
}
