package faas

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"testbed/emulator/faas/function"
)

// handleOwnPrograms serves what the controller asks about the user's programs, and says whether it was that.
func (a *Agent) handleOwnPrograms(w http.ResponseWriter, r *http.Request, path string) bool {
	if path == pathPrograms && r.Method == http.MethodPut {
		a.handlePrograms(w, r)
	} else if path == pathPrograms && r.Method == http.MethodGet && r.ContentLength == 0 {
		a.handleStanding(w)
	} else if key, ok := strings.CutPrefix(path, "/payload/"); ok && r.Method == http.MethodPut {
		a.handlePayload(w, r, key)
	} else if path == "/wishes" && r.Method == http.MethodGet {
		a.handleWishes(w, r)
	} else if id, ok := strings.CutPrefix(path, "/wishes/"); ok && r.Method == http.MethodPost {
		a.handleFulfilled(w, r, id)
	} else {
		return false
	}
	return true
}

// handlePrograms tells the agent of the user's programs.
func (a *Agent) handlePrograms(w http.ResponseWriter, r *http.Request) {
	var programs []function.Program
	if !a.readJSON(w, r, &programs) {
		return
	}
	if len(programs) == 0 {
		a.payloads.drop()
	}
	a.fleets.reset()
	if err := a.installed.install(r.Context(), programs); err != nil {
		fail(w, http.StatusBadGateway, err)
		return
	}
	respond(w, http.StatusNoContent, nil)
}

// Programs tells the agent of all programs that it executes, and returns when each has an instance that is ready. It
// replaces what it was told before; none ends all instances and forgets the payloads.
func (c *Client) Programs(ctx context.Context, programs []function.Program) error {
	allowed := AnswerTime
	for i := range programs {
		allowed = max(allowed, programs[i].Timeout+AnswerTime)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, allowed, fmt.Errorf("not started after %v", allowed))
	defer cancel()
	if programs == nil {
		programs = []function.Program{}
	}
	return c.do(ctx, http.MethodPut, pathPrograms, programs, nil, maxAnswer)
}

// payloads are the files that a client's agent sends as arguments, by the SHA-256 of their content, which the
// controller gives it beforehand.
type payloads struct {
	mu  sync.Mutex
	all map[string]*blob
}

// of is a payload, which the caller releases.
func (p *payloads) of(key string) (*blob, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.all[key]; b != nil {
		return b.retain(), nil
	}
	return nil, fmt.Errorf("payload %.16s: the agent was not given it", key)
}

func (p *payloads) keep(key string, b *blob) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string]*blob{}
	}
	p.all[key].release()
	p.all[key] = b
}

func (p *payloads) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.all {
		b.release()
	}
	p.all = nil
}

// checkPayload accepts a payload's key.
func checkPayload(key string) error {
	if sum, err := hex.DecodeString(key); err != nil || len(sum) != 32 {
		return errors.New("a payload's key is a SHA-256 in hexadecimal")
	}
	return nil
}

// handlePayload takes a payload from the controller.
func (a *Agent) handlePayload(w http.ResponseWriter, r *http.Request, key string) {
	err := checkPayload(key)
	if err == nil && (r.ContentLength < 0 || r.ContentLength > maxBody) {
		err = fmt.Errorf("payload %.16s: a body of %d bytes", key, r.ContentLength)
	}
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	file, err := a.receive(w, r, 0, r.ContentLength)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("payload %.16s: %w", key, err))
		return
	}
	a.payloads.keep(key, file)
	respond(w, http.StatusNoContent, nil)
}

// Payload gives the agent a file that it sends as an argument; key is the SHA-256 of its content, in hexadecimal.
func (c *Client) Payload(ctx context.Context, key string, file []byte) error {
	return c.do(ctx, http.MethodPut, "/payload/"+key, content(file), nil, maxAnswer)
}
