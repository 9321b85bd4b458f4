package seat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"testbed/emulator/internal/localsocket"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
)

// keeper keeps the agents, in the process.
type keeper struct {
	testbed, dir string
	carrier      carrier.Carrier
	agents       []*carrier.Agent
	begun        bool // the agents are there
	listener     *net.UnixListener
	serving      sync.WaitGroup
	leaving      atomic.Bool

	once   sync.Once     // for losing
	losing chan struct{} // closed when the first agent is lost
	loss   error         // that agent's
}

// roll says who is kept.
func (k *keeper) roll() roll {
	r := roll{Version: version, Testbed: k.testbed}
	for _, a := range k.agents {
		r.Agents = append(r.Agents, Agent{Machine: a.Machine, Hello: a.Hello})
	}
	return r
}

// watch notices agents that are lost, and ends what may be left of them.
func (k *keeper) watch() {
	for _, a := range k.agents {
		go func() {
			<-a.Lost()
			if k.leaving.Load() {
				return
			}
			err := carrier.On(a.Machine, a.Cause())
			log.Printf("%s: lost: %v", k.testbed, err)
			k.once.Do(func() { k.loss = err; close(k.losing) })
			if err := a.Close(); err != nil {
				log.Printf("%s: %v", k.testbed, err)
			}
		}()
	}
}

// serve answers this user's processes until ctx ends.
func (k *keeper) serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = k.listener.Close() })
	defer stop()
	for {
		conn, err := k.listener.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			time.Sleep(10 * time.Millisecond) // such as too many files
			continue
		}
		k.serving.Go(func() {
			defer func() { _ = conn.Close() }()
			ended := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer ended()
			if err := localsocket.Known(conn); err != nil {
				log.Printf("%s: turned away: %v", k.testbed, err)
				return
			}
			k.answer(ctx, conn)
		})
	}
}

// saying bounds how long a client may take to say what it wants.
const saying = 20 * time.Second

// answer does what a client wants.
func (k *keeper) answer(ctx context.Context, conn *net.UnixConn) {
	_ = conn.SetDeadline(time.Now().Add(saying))
	w, err := readWant(conn)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if w.machine == "" {
		k.tell(ctx, conn, w.service)
		return
	}
	stream, err := k.open(w)
	if err != nil {
		_ = sendAnswer(conn, err)
		return
	}
	defer stream.Close()
	if sendAnswer(conn, nil) == nil {
		control.Splice(conn, stream)
	}
}

// open opens a stream to a machine's agent.
func (k *keeper) open(w want) (net.Conn, error) {
	i := slices.IndexFunc(k.agents, func(a *carrier.Agent) bool { return a.Machine.ID == w.machine })
	if i < 0 {
		return nil, errNoMachine
	}
	return k.agents[i].Open(w.service)
}

// tell serves what is the process's own.
func (k *keeper) tell(ctx context.Context, conn net.Conn, service string) {
	switch service {
	case agentsService:
		if sendAnswer(conn, nil) == nil {
			_ = send(conn, k.roll())
		}
	case watchService:
		if sendAnswer(conn, nil) != nil {
			return
		}
		gone := make(chan struct{})
		go func() { _, _ = io.Copy(io.Discard, conn); close(gone) }()
		select {
		case <-k.losing:
			_ = send(conn, kinds.Of(k.loss))
		case <-gone:
		case <-ctx.Done():
		}
	default:
		_ = sendAnswer(conn, fmt.Errorf("%.80q: %w", service, control.ErrNoService))
	}
}
