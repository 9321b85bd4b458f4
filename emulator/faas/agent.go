package faas

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"testbed/emulator/faas/function"
	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/bounded"
)

// Agent is a running agent. All of its methods may be called at the same time.
type Agent struct {
	config      Config
	limits      limits
	clock       *clock
	pools       *pools
	states      *store
	parts       parts
	residents   *residents
	routes      routes
	peers       *peers
	sharing     *sharing
	turns       turns
	dispatchers dispatchers
	fleets      fleets
	known       known
	filler      []byte // what arguments and results consist of; read only
	change      changer
	programs    programs
	bundles     bundles
	installed   *installed
	beside      *function.Beside
	payloads    payloads
	counts      counters
	punctuality *punctuality
	suspects    sync.Map     // addresses of replicas that did not answer, with when
	password    string       // of Redis servers
	redis       *redisServer // this node's; nil: none
	tcp         net.Listener
	listeners   []*bounded.Listener
	servers     []*http.Server
	failed      chan error
	context     context.Context // until Close
	stop        context.CancelFunc
}

// Stats are an agent's counters since its start.
type Stats struct {
	Invocations int64 `json:"invocations"` // executed here
	Chains      int64 `json:"chains"`      // carried out from here
	Reads       int64 `json:"reads"`       // of this repository, over the network
	Writes      int64 `json:"writes"`      // to this repository, over the network
	Conflicts   int64 `json:"conflicts"`   // writes refused for their version
	Retries     int64 `json:"retries"`     // of writes from here, because they were refused
	Corrupt     int64 `json:"corrupt"`     // contents that did not fit their checksum
	Dials       int64 `json:"dials"`       // connections opened to other agents
	States      int   `json:"states"`      // held at present
	Bytes       int64 `json:"bytes"`       // of states and messages, at present
	Restarts    int64 `json:"restarts"`    // of this node's Redis server
	Connections int   `json:"connections"` // that others have to this agent at present, the control socket's included

	// Instances are those of functions whose instances start and end, together; nil: there are none.
	Instances *instance.Stats `json:"instances,omitempty"`
}

type counters struct {
	invocations, chains, reads, writes, conflicts, retries, corrupt atomic.Int64
	underWay                                                        atomic.Int64 // invocations, at present
}

// Start makes an agent that serves until Close. It fails where the configuration is invalid or a socket
// cannot be listened at.
func Start(config Config) (*Agent, error) { return start(config, defaultLimits(), nextVersion) }

func start(config Config, l limits, change changer) (*Agent, error) {
	return startWith(config, l, change, nil)
}

func startWith(config Config, l limits, change changer, own programs) (*Agent, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	l.stall = config.stall()
	if l.connections == 0 {
		l.connections = served(config.memory())
	}
	c, p := newClock(), &pools{budget: newBudget(config.memory(), l.wait)}
	punctual := newPunctuality(c)
	a := &Agent{
		config: config, limits: l, clock: c, pools: p, states: newStore(p), peers: newPeers(punctual),
		sharing: newSharing(c, config.Speed), filler: make([]byte, 64<<10),
		change: change, programs: own, punctuality: punctual, failed: make(chan error, 2),
		parts: parts{all: map[string]*part{}}, residents: newResidents(p.budget),
	}
	a.installPrograms(own)
	fill(a.filler, 1)
	if err := a.readPassword(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	a.context, a.stop = ctx, stop
	listen := net.ListenConfig{KeepAlive: -1}
	tcp, err := listen.Listen(ctx, "tcp", config.Listen)
	if err != nil {
		stop()
		return nil, fmt.Errorf("functions' socket: %w", err)
	}
	a.tcp = tcp
	a.serve(ctx, stampedListener{tcp, a.punctuality}, a.handleFromPeer)
	if config.Redis != nil {
		if a.redis, err = startRedis(ctx, a, *config.Redis); err != nil {
			return nil, errors.Join(fmt.Errorf("repository: %w", err), a.Close())
		}
	}
	if config.Control != "" {
		control, err := listenControl(ctx, config.Control)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("control socket: %w", err), a.Close())
		}
		a.serve(ctx, control, a.handleControl)
	}
	return a, nil
}

// Addr is the TCP address that the agent listens at, whose port the system chose where Config.Listen has port 0.
func (a *Agent) Addr() netip.AddrPort {
	address, _ := netip.ParseAddrPort(a.tcp.Addr().String())
	return address
}

// Close ends the agent, with whatever runs, and removes its control socket.
func (a *Agent) Close() error {
	a.stop()
	a.parts.drop("")
	var errs []error
	for _, s := range a.servers {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for _, l := range a.listeners {
		_ = l.Close() // where its server has not begun to serve yet, and so does not know it; otherwise it is closed
	}
	if a.redis != nil {
		a.redis.close()
	}
	a.peers.close()
	a.installed.close()
	a.fleets.close()
	return errors.Join(errs...)
}

// Stats reads the counters.
func (a *Agent) Stats() Stats {
	n, open := &a.counts, 0
	for _, l := range a.listeners {
		open += l.Open()
	}
	restarts := int64(0)
	if a.redis != nil {
		restarts = a.redis.restarts.Load()
	}
	return Stats{
		Invocations: n.invocations.Load(), Chains: n.chains.Load(), Reads: n.reads.Load(), Writes: n.writes.Load(),
		Conflicts: n.conflicts.Load(), Retries: n.retries.Load(), Corrupt: n.corrupt.Load(),
		Dials: a.peers.dials.Load(), States: a.states.count(),
		Bytes: a.pools.budget.inUse(), Restarts: restarts, Connections: open,
		Instances: a.fleets.stats(),
	}
}

// handleFromNetwork serves what other nodes may ask for. Paths are few and are on the timed way, so that
// they are told apart by hand.
func (a *Agent) handleFromNetwork(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
	path := r.URL.Path
	if function, ok := strings.CutPrefix(path, "/function/"); ok && r.Method == http.MethodPost {
		a.handleFunction(w, r, function)
	} else if key, ok := strings.CutPrefix(path, "/state/"); ok && r.Method == http.MethodPut {
		a.handleWrite(w, r, key)
	} else if ok && r.Method == http.MethodPost {
		a.handlePrepare(w, r, key)
	} else if path == pathNext && r.Method == http.MethodPost {
		a.handleNext(w, r)
	} else if path == pathArrive && r.Method == http.MethodPost {
		a.handleArrive(w, r)
	} else if path == "/echo" && r.Method == http.MethodPost {
		a.handleEcho(w, r)
	} else if r.ContentLength != 0 {
		a.refuse(w, r, http.StatusBadRequest, fmt.Errorf("%s %s: no body is expected", r.Method, path))
	} else if ok && r.Method == http.MethodGet {
		a.handleRead(w, key)
	} else if path == "/healthz" {
		a.handleHealth(w)
	} else {
		fail(w, http.StatusNotFound, fmt.Errorf("%s %s: no such resource", r.Method, path))
	}
}

// handleEcho answers with as many bytes as it got: it opens a connection's windows.
func (a *Agent) handleEcho(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < 0 || r.ContentLength > maxBody {
		a.refuse(w, r, http.StatusBadRequest, fmt.Errorf("a body of %d bytes", r.ContentLength))
		return
	}
	body, err := a.receive(w, r, 0, r.ContentLength)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("body: %w", err))
		return
	}
	defer body.release()
	respond(w, http.StatusOK, body.data)
}

func (a *Agent) handleHealth(w http.ResponseWriter) { respond(w, http.StatusOK, []byte("ok\n")) }
