package function

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/internal/bounded"
)

// Instance is a program that was started and is ready. Its methods may be called at the same time.
type Instance struct {
	program *Program
	node    string
	address string // host:port at which it listens
	work    work
	state   *sidecar
	stop    sync.Once
}

// work is what executes an instance: a process, or a container.
type work interface {
	// kill ends it with all that it has started, and returns when it is gone: at first kindly, unless now.
	kill(now bool)
	gone() <-chan struct{}
	// fate says how it has ended, with the last that it printed; it waits for that only where it is gone.
	fate() string
}

// ErrGone is wrapped by errors of an invocation during which, or before which, the instance ended.
var ErrGone = errors.New("its instance has ended")

// ErrBefore wraps ErrGone: nothing of the invocation has reached the instance, so that another one can serve it.
var ErrBefore = fmt.Errorf("%w before the invocation", ErrGone)

// Gone is closed when the instance has ended, by itself or by Stop.
func (i *Instance) Gone() <-chan struct{} { return i.work.gone() }

// Stop ends the instance with all that it has started, and returns when it is gone.
func (i *Instance) Stop() { i.end(false) }

func (i *Instance) end(now bool) {
	i.stop.Do(func() {
		i.work.kill(now)
		i.state.close()
	})
}

// Invoke sends an invocation to the function and returns its result. An instance that does not answer in time is
// killed, for it may answer a later invocation with this one's result; the error wraps ErrGone then, and where the
// instance ended in the middle. When ctx ends, so does the instance, if nobody waits for anything else of it, and the
// error is ctx's cause; otherwise the invocation goes on to its end before that is returned, since what the function
// does for others must not suffer, and what it still does for this one counts. Errors name function and node.
func (i *Instance) Invoke(ctx context.Context, inv *Invocation) ([]byte, error) {
	result, err := i.invoke(ctx, inv)
	if err != nil {
		return nil, fmt.Errorf("function %s on node %s: %w", i.program.Name, i.node, err)
	}
	return result, nil
}

func (i *Instance) invoke(ctx context.Context, inv *Invocation) ([]byte, error) {
	select {
	case <-i.work.gone():
		return nil, ErrBefore
	default:
	}
	one := i.state.begin(inv)
	if one == nil {
		return nil, ErrBefore
	}
	allowed, cancel := context.WithTimeoutCause(context.Background(), i.program.Timeout, errSlow)
	defer cancel()
	forget := context.AfterFunc(ctx, func() {
		if i.state.leave(one) {
			i.end(true)
		}
	})
	result, err := inv.post(allowed, i.address)
	if err != nil {
		err = i.explain(allowed, err)
	}
	forget()
	if i.state.end(one) { // after a kill: what it has asked is then refused, and nobody waits for it
		i.end(true)
	}
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	return result, err
}

var errSlow = errors.New("too slow")

// dying is how long a process whose connection broke has to end before the break counts as its answer.
const dying = 300 * time.Millisecond

// explain says of an invocation that failed what became of the instance.
func (i *Instance) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		i.end(true)
		return fmt.Errorf("no answer within its timeout of %v; it was killed: %w", i.program.Timeout, ErrGone)
	}
	select {
	case <-i.work.gone():
		return fmt.Errorf("%w during the invocation: %s", ErrGone, i.work.fate())
	case <-time.After(patience(err)):
	}
	if broken := (*net.OpError)(nil); errors.As(err, &broken) && broken.Op == "dial" {
		i.end(true)
		return fmt.Errorf("nothing listens at its $PORT any more (%w); it was killed: %w", err, ErrGone)
	}
	return err
}

// patience is how long to wait for an instance's end after an error: its own answers are no sign of one.
func patience(err error) time.Duration {
	var broken *net.OpError
	if errors.As(err, &broken) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return dying
	}
	return 0
}

// start has run bring a program to work at a port, beside a state API at another, and returns when it is ready. Errors
// name function and node.
func start(ctx context.Context, p *Program, node string, run func(at) (work, error)) (*Instance, error) {
	state, err := newSidecar(p.Name)
	if err != nil {
		return nil, notStarted(p, node, err)
	}
	port, err := freePort()
	var child work
	if err == nil {
		child, err = run(at{port, state.port(), state.token})
	}
	if err != nil {
		state.close()
		return nil, notStarted(p, node, err)
	}
	i := &Instance{
		program: p, node: node, address: fmt.Sprintf("127.0.0.1:%d", port), work: child, state: state,
	}
	if err := i.await(ctx); err != nil {
		i.end(true)
		return nil, notStarted(p, node, err)
	}
	return i, nil
}

func notStarted(p *Program, node string, err error) error {
	return fmt.Errorf("function %s on node %s: starting it: %w", p.Name, node, err)
}

// await waits until the instance is ready.
func (i *Instance) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, i.program.Timeout, errSlow)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		if probe(ctx, i.address) {
			return nil
		}
		select {
		case <-i.work.gone():
			return fmt.Errorf("it ended before it was ready: %s", i.work.fate())
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, errSlow) {
				return cause
			}
			return fmt.Errorf("it is not ready after its timeout of %v: nothing listens at its $PORT, %s, "+
				"or its /_/health answers 503%s", i.program.Timeout, i.address, said(i.work))
		case <-time.After(wait):
		}
	}
}

// said is what an instance that goes on has printed, for messages.
func said(w work) string {
	if talker, ok := w.(interface{ last() string }); ok {
		if text := talker.last(); text != "" {
			return "; it printed: " + text
		}
	}
	return ""
}

// sidecar is an instance's Dapr sidecar: its state API on loopback.
type sidecar struct {
	sessions
	token    string // that whoever asks has to know
	listener net.Listener
	server   *http.Server
}

// Bounds of what a sidecar takes: connections at a time, and how long one of them may stand still.
const (
	maxConnections = 512
	sidecarHeader  = 10 * time.Second
	sidecarStall   = 30 * time.Second
	sidecarIdle    = 10 * time.Minute
)

func newSidecar(function string) (*sidecar, error) {
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sidecar{token: rand.Text()}
	listener := bounded.Listen(inner, maxConnections, sidecarStall)
	s.listener = listener
	s.server = &http.Server{
		Handler:           dapr.Guard(s.token, dapr.WithProgress(sidecarStall, dapr.Handler(function, s.find))),
		ReadHeaderTimeout: sidecarHeader, IdleTimeout: sidecarIdle, MaxHeaderBytes: 64 << 10,
		ConnState: listener.State, ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = s.server.Serve(listener) }() // until close, which is its only end
	return s, nil
}

func (s *sidecar) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *sidecar) close() { _ = s.server.Close() }

// Ports for functions are below those that the system gives to connections, and not those that programs like to have.
const (
	firstPort = 20000
	lastPort  = 32000
)

// The search for a port begins elsewhere in every process, for others in the same network may search at the same time.
var (
	firstTry = mathrand.Int64N(lastPort - firstPort)
	nextPort atomic.Int64
)

// freePort finds a port of loopback at which nobody listens.
func freePort() (int, error) {
	var last error
	for range lastPort - firstPort {
		port := firstPort + int((firstTry+nextPort.Add(1))%(lastPort-firstPort))
		l, err := net.Listen("tcp4", ":"+strconv.Itoa(port))
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return 0, last
}

// StateToken is what requests to StateAddress have as dapr.TokenHeader.
func (i *Instance) StateToken() string { return i.state.token }

// StateAddress is where the instance's state API is: a URL without a path.
func (i *Instance) StateAddress() string { return fmt.Sprintf("http://127.0.0.1:%d", i.state.port()) }
