package faas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"testbed/emulator/faas/keyspace"
)

// WarmSpec asks for idle connections to another agent, or for memory.
type WarmSpec struct {
	Address     string `json:"address"`     // host:port; empty: it asks for memory alone
	Connections int    `json:"connections"` // that are to be open; 0: one or, where Fresh is set, none
	Bytes       int64  `json:"bytes"`       // sent both ways over each, so that its windows open; 0: none
	// Fresh closes the idle connections that there are, whose congestion windows tell of what was sent before.
	Fresh bool `json:"fresh,omitempty"`
	// Replica says that it may fail: see Pair.
	Replica bool `json:"replica,omitempty"`
	// Room are the sizes of buffers, in bytes, that there is to be memory for, all at a time.
	Room []int64 `json:"room,omitempty"`
}

// handleControl serves the controller: all that the network may ask for, and management.
func (a *Agent) handleControl(w http.ResponseWriter, r *http.Request) {
	w.Header()[headerProtocol] = protocolHeader
	if err := checkProtocol(r.Header); err != nil {
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	path := r.URL.Path
	if path == "/chain" && r.Method == http.MethodPost {
		a.handleChain(w, r)
	} else if path == "/warm" && r.Method == http.MethodPost {
		a.handleWarm(w, r)
	} else if path == "/clock" && r.Method == http.MethodPut {
		a.handleClock(w, r)
	} else if path == pathMove && r.Method == http.MethodPost {
		a.handleMove(w, r)
	} else if path == pathKnown {
		a.handleKnown(w, r)
	} else if path == pathArrivals {
		a.handleArrivals(w, r)
	} else if strings.HasPrefix(path, pathInstances) {
		a.handleInstances(w, r)
	} else if key, ok := strings.CutPrefix(path, "/part/"); ok {
		a.handlePart(w, r, key)
	} else if a.handleOwnPrograms(w, r, path) {
		return
	} else if r.ContentLength != 0 {
		a.handleFromNetwork(w, r)
	} else if key, ok := strings.CutPrefix(path, "/state/"); ok && r.Method == http.MethodPut {
		a.handleSeed(w, r, key)
	} else if key, ok := strings.CutPrefix(path, "/state-version/"); ok && r.Method == http.MethodGet {
		a.handleVersion(w, r, key)
	} else if path == "/state" && r.Method == http.MethodDelete {
		a.handleClean(w, r, r.URL.Query().Get("prefix"))
	} else if path == "/spells" && r.Method == http.MethodGet {
		a.handleSpells(w, r)
	} else if path == "/stats" && r.Method == http.MethodGet {
		respondJSON(w, a.Stats())
	} else {
		a.handleFromNetwork(w, r)
	}
}

// handleSeed makes a state of version 0, whose content the agent knows by itself.
func (a *Agent) handleSeed(w http.ResponseWriter, r *http.Request, key string) {
	size, err := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
	if err != nil || size < 0 || size > maxBody {
		fail(w, http.StatusBadRequest, fmt.Errorf("bytes: want a size from 0 to %d", maxBody))
		return
	}
	keeps, key, err := a.keeperOf(key)
	if err == nil {
		err = checkStateKey(key)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	if err := keeps.seed(r.Context(), key, size); err != nil {
		fail(w, statusOf(err), fmt.Errorf("state %s: %w", key, err))
		return
	}
	respond(w, http.StatusNoContent, nil)
}

func (a *Agent) handleVersion(w http.ResponseWriter, r *http.Request, key string) {
	keeps, key, err := a.keeperOf(key)
	var v value
	if err == nil {
		v, err = keeps.look(r.Context(), key)
	}
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	defer v.content.release()
	found, err := a.examine(r.Context(), key, v)
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	respondJSON(w, found)
}

// examine holds a state's content against what its key and version say of it.
func (a *Agent) examine(ctx context.Context, key string, v value) (StateVersion, error) {
	buffer, err := a.pools.take(ctx, int64(len(v.content.data)))
	if err != nil {
		return StateVersion{}, err
	}
	defer buffer.release()
	keys := keyspace.Overhead(v.content.data)
	if err := a.pools.budget.take(ctx, keys); err != nil {
		return StateVersion{}, err
	}
	defer a.pools.budget.giveBack(keys)
	found := StateVersion{Version: v.version, Bytes: int64(len(v.content.data))}
	if space, err := keyspace.Decode(v.content.data, keyspace.MaxBytes); err == nil { // a program's, or without bytes
		found.Intact = checksum(v.content.data) == v.sum
		if found.Bytes > 0 {
			found.Digest = space.Digest()
		}
	} else {
		found.Intact = checksum(v.content.data) == v.sum && intact(v.content.data, buffer.data, key, v.version)
	}
	return found, nil
}

// handleClean forgets states, and ends what goes on in their chains; with the last of them goes the memory.
func (a *Agent) handleClean(w http.ResponseWriter, r *http.Request, prefix string) {
	a.parts.drop(prefix)
	a.residents.drop(prefix)
	a.routes.drop(prefix)
	a.dispatchers.forget(prefix)
	a.bundles.drop(prefix)
	n, err := a.drop(r.Context(), prefix)
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	if n > 0 && prefix == "" {
		debug.FreeOSMemory()
	}
	respond(w, http.StatusNoContent, nil)
}

func (a *Agent) handleChain(w http.ResponseWriter, r *http.Request) {
	var spec ChainSpec
	if !a.readJSON(w, r, &spec) {
		return
	}
	result, err := a.runChain(r.Context(), &spec)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("chain %s: %w", spec.Key, err))
		return
	}
	respondJSON(w, result)
}

func (a *Agent) handleWarm(w http.ResponseWriter, r *http.Request) {
	var wanted []WarmSpec
	if !a.readJSON(w, r, &wanted) {
		return
	}
	if err := a.warm(r.Context(), wanted); err != nil {
		fail(w, http.StatusBadGateway, err)
		return
	}
	respond(w, http.StatusNoContent, nil)
}

// warm finds the memory, opens the connections that are missing, all at once, and uses each of them once.
func (a *Agent) warm(ctx context.Context, wanted []WarmSpec) error {
	for _, peer := range wanted {
		if err := peer.validate(); err != nil {
			return err
		}
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, peer := range wanted {
		if a.room(peer.Room); peer.Address == "" {
			continue
		}
		if peer.Fresh {
			a.peers.forget(peer.Address)
		} else {
			peer.Connections = max(peer.Connections, 1)
		}
		missing := peer.Connections - a.peers.open(peer.Address)
		if peer.Replica && a.suspected(peer.Address) {
			missing = 0
		}
		for range missing {
			wait.Go(func() {
				if err := a.echo(ctx, peer); err != nil && !a.without(ctx, peer, err) {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, fmt.Errorf("connecting to %s: %w", peer.Address, err))
				}
			})
		}
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (a *Agent) echo(ctx context.Context, to WarmSpec) error {
	if to.Replica {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, hedge, os.ErrDeadlineExceeded)
		defer cancel()
	}
	if isRedis(to.Address) {
		return redisStates{Agent: a, address: to.Address, replica: to.Replica}.warm(ctx, to.Bytes)
	}
	m := message{method: http.MethodPost, path: "/echo", body: a.filling(to.Bytes), fresh: true}
	return a.peers.do(ctx, to.Address, &m, func(resp *http.Response) error {
		return a.pools.discard(resp.Body, to.Bytes)
	})
}

func (w *WarmSpec) validate() error {
	if err := checkRoom(w.Room); err != nil || w.Address == "" {
		return err
	}
	if err := checkAddress(w.Address); err != nil {
		return fmt.Errorf("warming: %w", err)
	}
	if w.Bytes < 0 || w.Bytes > maxBody || w.Connections > maxWarm {
		return fmt.Errorf("warming %s: %d connections, %d bytes: want %d and %d at most",
			w.Address, w.Connections, w.Bytes, maxWarm, maxBody)
	}
	return nil
}

// readJSON reads a request's body to its end, for only then does the server notice that the controller has
// gone. It answers and returns false where that fails.
func (a *Agent) readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	body := a.body(w, r)
	text, err := io.ReadAll(io.LimitReader(body, maxSpec+1))
	switch {
	case err != nil:
		err = stalled(err, a.limits.stall)
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("body: %w", err))
		return false
	case len(text) > maxSpec:
		a.refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than %d bytes", maxSpec))
		return false
	}
	body.end()
	if err := json.Unmarshal(text, into); err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("%s: %w", r.URL.Path, err))
		return false
	}
	return true
}

func respondJSON(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	respond(w, http.StatusOK, text)
}
