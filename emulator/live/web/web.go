// Package web shows a testbed and the run on it as a small web page: chains done and to do, latency by
// model, errors, and the topology with the live use of its links. It only reads.
package web

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"time"

	"testbed/emulator/internal/bounded"
	"testbed/emulator/live"
)

// Config says what is shown. Its functions are called for each request, perhaps several at a time.
type Config struct {
	// Status is how the run on the testbed stands; it wraps fs.ErrNotExist where there is none yet.
	Status func() (*live.Status, error)
	// Links is the use of every queue of the testbed over the last second or so.
	Links func(context.Context) ([]live.Link, error)
	// Testbed is how the testbed is.
	Testbed func(context.Context) (*Testbed, error)
	// Topology is the network in force as SVG, as graph.Network's Inline draws it.
	Topology func(context.Context) ([]byte, error)
	// Hosts are names, besides localhost and IP addresses, by which the server may be addressed.
	Hosts []string
}

// Testbed is how a testbed is.
type Testbed struct {
	Name     string   `json:"name"`
	Up       bool     `json:"up"`
	Message  string   `json:"message"`  // what those who look should know, in words; empty: all is well
	Down     []string `json:"down"`     // links, hosts and switches that carry nothing
	Drawing  string   `json:"drawing"`  // changes with what Topology draws
	Problems []string `json:"problems"` // what does not work, in words
}

//go:embed page
var page embed.FS

// Handler answers GET and HEAD: / is the page, /api/testbed a Testbed, /api/status a run's live.Status, or null where
// there is none, /api/links a list of live.Link, /topology.svg the drawing. A request addressed to a name that is not
// ours, or sent by another site's page, gets 403.
func Handler(c Config) http.Handler {
	files, _ := fs.Sub(page, "page") // it is embedded
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /topology.svg", func(w http.ResponseWriter, r *http.Request) {
		drawing, err := c.Topology(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(drawing)
	})
	mux.HandleFunc("GET /api/testbed", func(w http.ResponseWriter, r *http.Request) {
		testbed, err := c.Testbed(r.Context())
		answer(w, testbed, err)
	})
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) {
		status, err := c.Status()
		if errors.Is(err, fs.ErrNotExist) {
			status, err = nil, nil
		}
		answer(w, status, err)
	})
	mux.HandleFunc("GET /api/links", func(w http.ResponseWriter, r *http.Request) {
		links, err := c.Links(r.Context())
		answer(w, links, err)
	})
	return guarded(mux, c.Hosts)
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a reader that went away
}

// Bounds of what the page's readers can hold. A browser opens six connections.
const (
	maxConnections = 96
	maxHeader      = 64 << 10 // bytes; cookies of other servers at the same address come along
	headerTime     = 5 * time.Second
	idleTime       = 30 * time.Second
	stallTime      = 15 * time.Second // that a response may stand still
)

// Serve answers on a listener until ctx ends, on at most 96 connections at a time: one more closes one that
// is idle.
func Serve(ctx context.Context, listener net.Listener, c Config) error {
	open := bounded.Listen(listener, maxConnections, stallTime)
	server := &http.Server{
		Handler:           Handler(c),
		ConnState:         open.State,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       2 * headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	ended := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer ended()
	if err := server.Serve(open); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
