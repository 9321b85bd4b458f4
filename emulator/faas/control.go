package faas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

// WarmSpec asks for idle connections to another agent.
type WarmSpec struct {
	Address     string `json:"address"`     // host:port
	Connections int    `json:"connections"` // that are to be open; at least 1
	Bytes       int64  `json:"bytes"`       // sent both ways over each, so that its windows open; 0: none
}

// handleControl serves the controller: all that the network may ask for, and management.
func (a *Agent) handleControl(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if key, ok := strings.CutPrefix(path, "/state/"); ok && r.Method == http.MethodPut {
		a.handleSeed(w, r, key)
	} else if key, ok := strings.CutPrefix(path, "/state-version/"); ok && r.Method == http.MethodGet {
		a.handleVersion(w, key)
	} else if path == "/state" && r.Method == http.MethodDelete {
		a.handleClean(w, r.URL.Query().Get("prefix"))
	} else if path == "/chain" && r.Method == http.MethodPost {
		a.handleChain(w, r)
	} else if path == "/warm" && r.Method == http.MethodPost {
		a.handleWarm(w, r)
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
	a.states.seed(key, size)
	respond(w, http.StatusNoContent, nil)
}

func (a *Agent) handleVersion(w http.ResponseWriter, key string) {
	v, err := a.states.get(key)
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	defer v.content.release()
	buffer := a.pools.get(int64(len(v.content.data)))
	defer buffer.release()
	respondJSON(w, StateVersion{
		Version: v.version, Bytes: int64(len(v.content.data)),
		Intact: checksum(v.content.data) == v.sum && intact(v.content.data, buffer.data, key, v.version),
	})
}

// handleClean forgets states; with the last of them goes the memory.
func (a *Agent) handleClean(w http.ResponseWriter, prefix string) {
	if a.states.drop(prefix) > 0 && prefix == "" {
		debug.FreeOSMemory()
	}
	respond(w, http.StatusNoContent, nil)
}

func (a *Agent) handleChain(w http.ResponseWriter, r *http.Request) {
	var spec ChainSpec
	if err := json.NewDecoder(r.Body).Decode(&spec); err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("chain: %w", err))
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // only when it is at its end does the server notice that the controller has gone
	result, err := a.runChain(r.Context(), &spec)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("chain %s: %w", spec.Key, err))
		return
	}
	respondJSON(w, result)
}

func (a *Agent) handleWarm(w http.ResponseWriter, r *http.Request) {
	var wanted []WarmSpec
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	if err := a.warm(r.Context(), wanted); err != nil {
		fail(w, http.StatusBadGateway, err)
		return
	}
	respond(w, http.StatusNoContent, nil)
}

// warm opens the connections that are missing, all at once, and uses each of them once.
func (a *Agent) warm(ctx context.Context, wanted []WarmSpec) error {
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, peer := range wanted {
		if peer.Bytes < 0 || peer.Bytes > maxBody {
			return fmt.Errorf("warming %s with %d bytes", peer.Address, peer.Bytes)
		}
		for range max(peer.Connections, 1) - a.peers.open(peer.Address) {
			wait.Go(func() {
				if err := a.echo(ctx, peer); err != nil {
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
	buffer := a.pools.get(to.Bytes)
	defer buffer.release()
	m := message{method: http.MethodPost, path: "/echo", body: [][]byte{buffer.data}, fresh: true}
	return a.peers.do(ctx, to.Address, &m, func(resp *http.Response) error {
		_, err := io.ReadFull(resp.Body, buffer.data) // what is sent has left before what is read arrives
		return err
	})
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
