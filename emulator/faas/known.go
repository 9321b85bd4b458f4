package faas

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// pathKnown is where the controller tells an agent, on its control socket, what it may not believe other nodes: PUT a
// Known in the place of what was told before, POST more of it.
const pathKnown = "/known"

// Known is what an agent is told beforehand of the chains that come. Calls come from anybody who can reach the
// functions' port: they cannot say how many instances there are to be, nor to which servers the testbed's password is
// sent.
type Known struct {
	Lives []Life   `json:"lives,omitempty"` // of functions whose instances start and end
	Redis []string `json:"redis,omitempty"` // addresses of Redis servers that states may be in
}

// Life says how a function's instances live at the agent's node, in the chains of one model of a run.
type Life struct {
	Series   string        `json:"series"` // the chains' keys but for their numbers
	Function string        `json:"function"`
	Spec     instance.Spec `json:"spec"`
}

// Bounds of what an agent is told.
const (
	maxLives   = 1 << 16 // functions of all models
	maxServers = 4096    // Redis servers
	knownPart  = 1 << 12 // functions that a Client tells of in one request
)

func (k *Known) validate() error {
	for i := range k.Lives {
		l := &k.Lives[i]
		if len(l.Function) > maxName {
			return fmt.Errorf("a function's name has more than %d bytes", maxName)
		}
		if err := errors.Join(checkKey(l.Series), l.Spec.Validate()); err != nil {
			return fmt.Errorf("function %s: %w", l.Function, err)
		}
	}
	for _, address := range k.Redis {
		if !isRedis(address) || strings.Contains(address, between) {
			return fmt.Errorf("%.100q is no Redis server's address", address)
		}
		if err := checkAddress(address); err != nil {
			return err
		}
	}
	return nil
}

// seriesOf is a chain's key but for its number.
func seriesOf(key string) string { return key[:max(strings.LastIndexByte(key, '/'), 0)] }

// lived tells apart how functions' instances live.
type lived struct{ series, function string }

// known is what an agent has been told. The zero value knows nothing.
type known struct {
	mu    sync.RWMutex
	lives map[lived]*instance.Spec
	redis map[string]bool
}

// enter enters what the controller tells; anew: in the place of what it has told before.
func (k *known) enter(told *Known, anew bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if anew || k.lives == nil {
		k.lives, k.redis = map[lived]*instance.Spec{}, map[string]bool{}
	}
	if len(k.lives)+len(told.Lives) > maxLives || len(k.redis)+len(told.Redis) > maxServers {
		return fmt.Errorf("more than %d functions with instances, or %d servers: %w", maxLives, maxServers, errFull)
	}
	for i := range told.Lives {
		l := &told.Lives[i]
		k.lives[lived{l.Series, l.Function}] = &l.Spec
	}
	for _, address := range told.Redis {
		k.redis[address] = true
	}
	return nil
}

// admit gives a call that came from another node the instances that were announced, and refuses one that expects
// others, or that names a server to which the testbed's password must not be sent.
func (k *known) admit(c *call) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	spec := k.lives[lived{seriesOf(c.key), c.function}]
	if (spec != nil) != c.scaled {
		return fmt.Errorf("instances of function %.100s in chain %s: the call expects %v, the controller has told %v: %w",
			c.function, c.key, c.scaled, spec != nil, errUnannounced)
	}
	c.instances = spec
	for _, s := range c.states {
		for one := range strings.SplitSeq(s.repository, between) {
			if isRedis(one) && !k.redis[one] {
				return fmt.Errorf("the Redis server %.100s: %w", one, errUnannounced)
			}
		}
	}
	return nil
}

// handleKnown takes in what the controller tells.
func (a *Agent) handleKnown(w http.ResponseWriter, r *http.Request) {
	var told Known
	if !a.readJSON(w, r, &told) {
		return
	}
	err := told.validate()
	if err == nil {
		err = a.known.enter(&told, r.Method == http.MethodPut)
	}
	if err != nil {
		fail(w, statusOfBody(err), err)
		return
	}
	respond(w, http.StatusNoContent, nil)
}

// Teller is a Control whose agent is to be told how instances live, and of Redis servers, before it takes calls.
type Teller interface {
	Tell(ctx context.Context, told *Known, anew bool) error
}

// Tell tells the agent; anew: in the place of all that it was told before.
func (c *Client) Tell(ctx context.Context, told *Known, anew bool) error {
	rest := *told
	for first := true; first || len(rest.Lives) > 0; first = false {
		n := min(len(rest.Lives), knownPart)
		part := Known{Lives: rest.Lives[:n], Redis: rest.Redis}
		rest.Lives, rest.Redis = rest.Lives[n:], nil
		method := http.MethodPost
		if first && anew {
			method = http.MethodPut
		}
		if err := c.do(ctx, method, pathKnown, &part, nil, maxAnswer); err != nil {
			return err
		}
	}
	return nil
}

// AllKnown is what nodes' agents are to be told.
type AllKnown map[topology.ID]*known

// Need adds what a chain needs, at whichever node its invocations may be executed: what keeps states may have moved to
// one of reach before.
func (k AllKnown) Need(s *ChainSpec, reach []topology.ID) {
	series := seriesOf(s.Key)
	for i := range s.Invocations {
		for _, inv := range s.variants(i) {
			k.at(inv.Node).need(series, &inv)
			if inv.Instances == nil || len(inv.States) == 0 {
				continue
			}
			for _, node := range reach {
				k.at(node).lives[lived{series, inv.Function}] = inv.Instances
			}
		}
	}
}

// at is what a node is to be told, to be added to.
func (k AllKnown) at(node topology.ID) *known {
	if k[node] == nil {
		k[node] = &known{lives: map[lived]*instance.Spec{}, redis: map[string]bool{}}
	}
	return k[node]
}

func (k *known) need(series string, inv *InvocationSpec) {
	if inv.Instances != nil {
		k.lives[lived{series, inv.Function}] = inv.Instances
	}
	for _, a := range inv.States {
		if a.Location != plan.Repository || a.ByClient {
			continue
		}
		for one := range strings.SplitSeq(a.Repository, between) {
			if isRedis(one) {
				k.redis[one] = true
			}
		}
	}
}

// Of is what a node's agent is to be told.
func (k AllKnown) Of(node topology.ID) *Known {
	all := &Known{}
	if k[node] == nil {
		return all
	}
	for of, spec := range k[node].lives {
		all.Lives = append(all.Lives, Life{of.series, of.function, *spec})
	}
	for address := range k[node].redis {
		all.Redis = append(all.Redis, address)
	}
	slices.SortFunc(all.Lives, func(a, b Life) int {
		return cmp.Or(strings.Compare(a.Series, b.Series), strings.Compare(a.Function, b.Function))
	})
	slices.Sort(all.Redis)
	return all
}
