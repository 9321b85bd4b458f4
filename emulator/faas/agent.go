package faas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
)

// Agent is a running agent. All of its methods may be called at the same time.
type Agent struct {
	config  Config
	clock   *clock
	pools   *pools
	states  *store
	peers   *peers
	sharing *sharing
	filler  []byte // what arguments and results consist of; read only
	change  changer
	counts  counters
	tcp     net.Listener
	servers []*http.Server
	failed  chan error
	stop    context.CancelFunc
}

// Stats are an agent's counters since its start.
type Stats struct {
	Invocations int64 `json:"invocations"` // executed here
	Chains      int64 `json:"chains"`      // carried out from here
	Reads       int64 `json:"reads"`       // of this repository, over the network
	Writes      int64 `json:"writes"`      // to this repository, over the network
	Conflicts   int64 `json:"conflicts"`   // writes refused for their version
	Corrupt     int64 `json:"corrupt"`     // contents that did not fit their checksum
	Dials       int64 `json:"dials"`       // connections opened to other agents
	States      int   `json:"states"`      // held at present
}

type counters struct {
	invocations, chains, reads, writes, conflicts, corrupt atomic.Int64
}

// Start makes an agent that serves until Close. It fails where the configuration is invalid or a socket
// cannot be listened at.
func Start(config Config) (*Agent, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	c, p := newClock(), &pools{}
	a := &Agent{
		config: config, clock: c, pools: p, states: newStore(p), peers: newPeers(),
		sharing: newSharing(c, config.Speed), filler: make([]byte, 64<<10),
		change: nextVersion, failed: make(chan error, 2),
	}
	fill(a.filler, 1)
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	listen := net.ListenConfig{KeepAlive: -1}
	tcp, err := listen.Listen(ctx, "tcp", config.Listen)
	if err != nil {
		stop()
		return nil, fmt.Errorf("functions' socket: %w", err)
	}
	a.tcp = tcp
	a.serve(ctx, tcp, a.handleFromNetwork)
	if config.Control != "" {
		control, err := listenUnix(ctx, config.Control)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("control socket: %w", err), a.Close())
		}
		a.serve(ctx, control, a.handleControl)
	}
	return a, nil
}

// listenUnix listens at a path, where a socket may be left from an agent that died.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	var listen net.ListenConfig
	return listen.Listen(ctx, "unix", path)
}

func (a *Agent) serve(ctx context.Context, l net.Listener, handler http.HandlerFunc) {
	s := &http.Server{
		Handler:     handler,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0),
	}
	a.servers = append(a.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			select {
			case a.failed <- err:
			default:
			}
		}
	}()
}

// Addr is the TCP address that the agent listens at.
func (a *Agent) Addr() netip.AddrPort {
	address, _ := netip.ParseAddrPort(a.tcp.Addr().String())
	return address
}

// Close ends the agent, with whatever runs, and removes its control socket.
func (a *Agent) Close() error {
	a.stop()
	var errs []error
	for _, s := range a.servers {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	a.peers.close()
	return errors.Join(errs...)
}

// Stats reads the counters.
func (a *Agent) Stats() Stats {
	n := &a.counts
	return Stats{
		Invocations: n.invocations.Load(), Chains: n.chains.Load(), Reads: n.reads.Load(), Writes: n.writes.Load(),
		Conflicts: n.conflicts.Load(), Corrupt: n.corrupt.Load(), Dials: a.peers.dials.Load(), States: a.states.count(),
	}
}

// handleFromNetwork serves what other nodes may ask for. Paths are few and are on the timed way, so that
// they are told apart by hand.
func (a *Agent) handleFromNetwork(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
	path := r.URL.Path
	if function, ok := strings.CutPrefix(path, "/function/"); ok && r.Method == http.MethodPost {
		a.handleFunction(w, r, function)
	} else if key, ok := strings.CutPrefix(path, "/state/"); ok && r.Method == http.MethodGet {
		a.handleRead(w, key)
	} else if ok && r.Method == http.MethodPut {
		a.handleWrite(w, r, key)
	} else if path == "/echo" && r.Method == http.MethodPost {
		a.handleEcho(w, r)
	} else if path == "/healthz" {
		a.handleHealth(w)
	} else {
		fail(w, http.StatusNotFound, fmt.Errorf("%s %s: no such resource", r.Method, path))
	}
}

// handleEcho answers with as many bytes as it got: it opens a connection's windows.
func (a *Agent) handleEcho(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < 0 || r.ContentLength > maxBody {
		fail(w, http.StatusBadRequest, fmt.Errorf("a body of %d bytes", r.ContentLength))
		return
	}
	body := a.pools.get(r.ContentLength)
	defer body.release()
	if _, err := io.ReadFull(r.Body, body.data); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	respond(w, http.StatusOK, body.data)
}

func (a *Agent) handleHealth(w http.ResponseWriter) { respond(w, http.StatusOK, []byte("ok\n")) }

// respond sends a response of known length.
func respond(w http.ResponseWriter, status int, body []byte) {
	if status != http.StatusNoContent {
		w.Header()["Content-Length"] = []string{fmt.Sprint(len(body))}
	}
	w.WriteHeader(status)
	w.Write(body) // the caller sees a broken connection by itself
}

// fail sends an error's text.
func fail(w http.ResponseWriter, status int, err error) {
	respond(w, status, []byte(err.Error()))
}

// statusOf is the HTTP status that stands for a store's error.
func statusOf(err error) int {
	switch {
	case errors.Is(err, errMissing):
		return http.StatusNotFound
	case errors.Is(err, errConflict):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}
