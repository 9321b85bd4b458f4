package swarm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/machines/control"
)

const (
	// starting bounds how long all agents of a Swarm may take, and asking is the time between looks at its tasks.
	starting = 3 * time.Minute
	asking   = 250 * time.Millisecond
	// mostLooks is how many looks those have that are still undecided once a task was refused: it is mostly the same
	// for all, and all are to be named.
	mostLooks = 20
)

// gathering is the coming together of agents, each where its machine is among those that are wanted.
type gathering struct {
	*start
	agents   []*carrier.Agent
	under    []bool // way
	missing  int
	meetings chan met
	meeting  sync.WaitGroup
	looks    int // since the first task was refused
	turns    int // of looking
}

type met struct {
	at    int
	agent *carrier.Agent
	err   error
}

// gather takes in the relays of the machines that are wanted, has each start its agent, and returns these in the order
// of the machines.
func (s *start) gather(ctx context.Context, from *gate, services []string) ([]*carrier.Agent, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, starting, fmt.Errorf("agents did not come in %v", starting))
	defer cancel()
	g := &gathering{start: s, agents: make([]*carrier.Agent, len(s.on)), under: make([]bool, len(s.on)),
		missing: len(s.on), meetings: make(chan met)}
	err := g.run(ctx, from, services)
	cancel()
	go func() { g.meeting.Wait(); close(g.meetings) }()
	for m := range g.meetings {
		g.agents[m.at] = m.agent
	}
	if err != nil {
		return nil, carrier.Left(err, carrier.CloseAll(g.agents))
	}
	return g.agents, nil
}

func (g *gathering) run(ctx context.Context, from *gate, services []string) error {
	look := time.NewTicker(asking)
	defer look.Stop()
	for g.missing > 0 {
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), g.absent())
		case <-look.C:
			if err := g.look(ctx, services); err != nil {
				return err
			}
		case who := <-from.guests:
			g.welcome(ctx, who)
		case m := <-g.meetings:
			g.agents[m.at] = m.agent
			g.missing--
			if m.err != nil {
				return carrier.On(g.on[m.at], m.err)
			}
		}
	}
	return nil
}

// look fails where tasks were refused, with all that are, and where machines are not there any more.
func (g *gathering) look(ctx context.Context, services []string) error {
	if g.turns++; g.turns%mostLooks == 0 {
		if err := g.gone(ctx); err != nil {
			return err
		}
	}
	failed, undecided, err := g.refused(ctx, services)
	if err != nil || failed == nil {
		return err
	}
	if g.looks++; undecided && g.looks < mostLooks {
		return nil
	}
	return failed
}

// gone names the machines that have left the Swarm, or are down, and whose agents have not come.
func (g *gathering) gone(ctx context.Context) error {
	_, unfit, err := g.Machines(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, u := range unfit {
		at := slices.IndexFunc(g.on, func(m machines.Machine) bool { return m.ID == u.Machine.ID })
		if at >= 0 && g.agents[at] == nil {
			failed = append(failed, carrier.On(g.on[at], fmt.Errorf("%w: %s", carrier.ErrUnreachable, u.Why)))
		}
	}
	return errors.Join(failed...)
}

// welcome meets a relay, unless nobody waits for it.
func (g *gathering) welcome(ctx context.Context, who guest) {
	at := slices.IndexFunc(g.on, func(m machines.Machine) bool { return m.ID == who.node })
	if at < 0 || g.under[at] {
		who.Close()
		return
	}
	g.under[at] = true
	g.meeting.Go(func() {
		agent, err := g.meet(ctx, who.Conn, g.on[at])
		g.meetings <- met{at, agent, err}
	})
}

// meet has a relay start its agent, and meets that.
func (s *start) meet(ctx context.Context, conn net.Conn, m machines.Machine) (*carrier.Agent, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err := control.Send(conn, s.spec())
	var answer relay.Answer
	if err == nil {
		err = control.Receive(conn, &answer)
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	switch {
	case answer.Failed != "":
		err = said(answer)
	case err != nil:
		err = fmt.Errorf("its relay: %w: %w", control.ErrLost, err)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return carrier.Meet(ctx, conn, m, s.launch, s.options.Digest)
}

// said is the error that a relay tells of, of all its kinds.
func said(a relay.Answer) error {
	err := errors.New(a.Failed)
	if a.Left {
		err = fmt.Errorf("%w: %w", carrier.ErrLeft, err)
	}
	if a.Taken {
		err = fmt.Errorf("%w: %w", carrier.ErrTaken, err)
	}
	if a.Unreachable {
		err = fmt.Errorf("%w: %w", carrier.ErrUnreachable, err)
	}
	return err
}

// absent names the machines whose agents have not come.
func (g *gathering) absent() error {
	var failed []error
	for i, a := range g.agents {
		if a == nil {
			failed = append(failed, carrier.On(g.on[i], errors.New("its agent has not come: can it reach this one?")))
		}
	}
	return errors.Join(failed...)
}
