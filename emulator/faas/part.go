package faas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"testbed/emulator/topology"
)

// Part is a node's part of a chain in which workers call each other: what it is told beforehand, so that messages
// need to say only which of the chain's they are.
type Part struct {
	Node topology.ID `json:"node"` // which of the chain's nodes the agent is
	Spec *ChainSpec  `json:"spec"`
}

// Progress is how far a node has got with its part.
type Progress struct {
	// Steps are those that it knows of: of a message that it sent the beginning, of one that it got the end; 0 stands for
	// what another node knows.
	Steps   []StepResult `json:"steps"`
	Failure string       `json:"failure,omitempty"`
}

// errUnknownChain is HTTP's 404 for a message of a chain in which the agent has no part, or has none any more.
var errUnknownChain = fmt.Errorf("the chain is not known here: %w", errMissing)

// errAgain is HTTP's 409 for a message that was there before.
var errAgain = fmt.Errorf("the message was there before: %w", errConflict)

// parts are what an agent has to do in chains under way, by their keys.
type parts struct {
	mu  sync.Mutex
	all map[string]*part
}

func (p *parts) find(key string) (*part, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.all[key]; one != nil {
		return one, nil
	}
	return nil, errUnknownChain
}

// add enters a part in the place of one that there may be of its key, which ends.
func (p *parts) add(key string, one *part) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.all[key]
	if before == nil && len(p.all) >= maxParts {
		return fmt.Errorf("%d chains are under way: %w", maxParts, errFull)
	}
	if before != nil {
		before.end(errUnknownChain)
	}
	p.all[key] = one
	return nil
}

// drop ends the parts in chains whose states' keys have the prefix.
func (p *parts) drop(prefix string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, one := range p.all {
		if strings.HasPrefix(key+"/", prefix) {
			one.end(errUnknownChain)
			delete(p.all, key)
		}
	}
}

// handlePart installs the part that an agent has in a chain (PUT), tells how far it has got (GET), or ends it (DELETE).
func (a *Agent) handlePart(w http.ResponseWriter, r *http.Request, key string) {
	if r.Method == http.MethodPut {
		a.handleInstall(w, r, key)
		return
	}
	one, err := a.parts.find(key)
	if err != nil {
		fail(w, statusOf(err), fmt.Errorf("chain %.150q: %w", key, err))
		return
	}
	query := r.URL.Query()
	switch r.Method {
	case http.MethodGet:
		if query.Get("wait") != "" {
			one.settle(r.Context())
		}
		respondJSON(w, one.progress())
	case http.MethodDelete:
		one.fail(errors.New(shortened(query.Get("reason"))))
		respond(w, http.StatusNoContent, nil)
	default:
		fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s: want PUT, GET or DELETE", r.Method))
	}
}

func (a *Agent) handleInstall(w http.ResponseWriter, r *http.Request, key string) {
	told := Part{}
	if !a.readJSON(w, r, &told) {
		return
	}
	one, err := a.newPart(key, &told)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("chain %.150q: %w", key, err))
		return
	}
	if err := a.parts.add(key, one); err != nil {
		fail(w, statusOf(err), err)
		return
	}
	respond(w, http.StatusNoContent, nil)
}

func (a *Agent) newPart(key string, told *Part) (*part, error) {
	spec := told.Spec
	if spec == nil || spec.Key != key || !spec.Chained() {
		return nil, errors.New("it is told of another one, or of one in which the client calls all")
	}
	if err := spec.validate(); err != nil {
		return nil, err
	}
	one := &part{
		Agent: a, spec: spec, node: told.Node, waits: map[int]int{}, got: map[int]*cargo{}, arrived: map[int]bool{},
		steps: map[int]StepResult{}, done: make(chan struct{}),
	}
	for i := range spec.Messages {
		if node, _ := spec.at(spec.Messages[i].To); node == told.Node {
			one.waits[spec.Messages[i].To]++
		}
	}
	one.ctx, one.cancel = context.WithCancelCause(a.context)
	return one, nil
}

func shortened(text string) string { return text[:min(len(text), maxReason)] }
