package emulator_test

import (
	"context"
	"errors"
	"time"

	"testbed/emulator"
	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// What a sequence is made of.

// pick is one of the scenarios.
func (s *sequence) pick() *resolved.Scenario { return s.scenarios[s.r.IntN(len(s.scenarios))] }

func (s *sequence) up(ctx context.Context) error {
	e := s.pick()
	bed, err := s.w.host().Up(ctx, e, emulator.UpOptions{Name: name})
	if err == nil {
		s.bed, s.made = bed, e
	}
	return err
}

// open is the testbed as whoever has it, or as somebody new finds it.
func (s *sequence) open(ctx context.Context) (*emulator.Bed, error) {
	if s.bed != nil && s.r.IntN(3) > 0 {
		return s.bed, nil
	}
	bed, err := s.w.host().Open(ctx, name)
	if err == nil {
		s.bed = bed
	}
	return bed, err
}

// link is the name of a link that there is, or was.
func (s *sequence) link() string {
	t := s.pick().Topology
	if s.made != nil && s.r.IntN(4) > 0 {
		t = s.made.Topology
	}
	all := t.Links()
	return t.Vertices[all[s.r.IntN(len(all))]].Name
}

func (s *sequence) set(ctx context.Context) error {
	b, err := s.open(ctx)
	if err != nil {
		return err
	}
	text := []string{
		"rate=7Mbps", "delay=9ms", "loss=2%", "queue=64KiB", "rate.up=3Mbps", "jitter=100us", "duplicate=1%",
	}[s.r.IntN(7)]
	p, err := scenario.ParseProperties([]string{text})
	if err != nil {
		return err
	}
	link := s.link()
	s.say("  %s %s", link, text)
	return ofAName(b.SetLinks(ctx, "test", []string{link}, p))
}

// ofAName passes over errors about what is not in this scenario, which a sequence asks for too.
func ofAName(err error) error {
	if errors.Is(err, emulator.ErrInput) {
		return nil
	}
	return err
}

func (s *sequence) carry(packets bool) func(context.Context) error {
	return func(ctx context.Context) error {
		b, err := s.open(ctx)
		if err != nil {
			return err
		}
		return ofAName(b.Carry(ctx, "test", []string{s.link()}, packets))
	}
}

func (s *sequence) reset(ctx context.Context) error {
	b, err := s.open(ctx)
	if err != nil {
		return err
	}
	if s.r.IntN(2) == 0 {
		return b.ResetLinks(ctx, "test", nil)
	}
	return ofAName(b.ResetLinks(ctx, "test", []string{s.link()}))
}

func (s *sequence) apply(ctx context.Context) error {
	b, err := s.open(ctx)
	if err != nil {
		return err
	}
	e := s.pick()
	s.say("  %s", e.Source.Description)
	_, err = b.Apply(ctx, "test", e, nil)
	if err == nil {
		s.made = e
	}
	return err
}

func (s *sequence) begin(ctx context.Context) error {
	b, err := s.open(ctx)
	if err != nil || s.run != nil {
		return err
	}
	if s.run, err = b.Begin(ctx, "a-run"); err != nil {
		return err
	}
	s.player, err = b.NewPlayer(ctx)
	return err
}

// event lays something over a link, or takes it down.
func (s *sequence) event(ctx context.Context) (err error) {
	if s.player == nil {
		return nil
	}
	b, err := s.open(ctx)
	if err != nil {
		return err
	}
	n, err := b.Origin()
	if err != nil {
		return err
	}
	id, ok := n.Topology.Lookup(s.link())
	if !ok {
		return nil
	}
	o := fabric.Overlay{Down: []topology.ID{id}}
	if s.r.IntN(2) == 0 {
		was := n.Topology.Vertices[id].Shape[0]
		now := was
		now.Delay += 30 * time.Millisecond
		o = fabric.Overlay{Queues: []fabric.QueueOverlay{{Channel: topology.Channel{Link: id}, Was: was, Now: now}}}
	}
	moments := []orchestrator.Moment{{What: []string{"test"}, Overlay: o}}
	s.player.Play(ctx, time.Now(), moments, func(p orchestrator.Played) { err = p.Err })
	return err
}

func (s *sequence) endRun(ctx context.Context) (err error) {
	if s.player != nil {
		err = s.player.Restore(ctx)
	}
	return errors.Join(err, s.killRun(ctx))
}

// killRun leaves what the run's events have made, and the lock goes with its process.
func (s *sequence) killRun(context.Context) error {
	if s.run != nil {
		s.run.End()
	}
	s.run, s.player = nil, nil
	return nil
}

// node is the name of a node that there is.
func (s *sequence) node(ctx context.Context) (string, error) {
	b, err := s.w.host().Open(ctx, name)
	if err != nil {
		return "", err
	}
	all := b.Journal.Nodes
	return all[s.r.IntN(len(all))].Name, nil
}

// damaged does damage to a node.
func (s *sequence) damaged(ctx context.Context, do func(testbed, node string) error) error {
	node, err := s.node(ctx)
	if err != nil {
		return err
	}
	s.say("  %s", node)
	if err = do(name, node); err == nil {
		s.failing = true
	}
	return err
}

func (s *sequence) killNode(ctx context.Context) error    { return s.damaged(ctx, s.w.killNode) }
func (s *sequence) restartNode(ctx context.Context) error { return s.damaged(ctx, s.w.restartNode) }

func (s *sequence) killFabric(context.Context) error {
	s.failing = true
	return s.w.killFabric(name)
}

func (s *sequence) tamper(context.Context) error {
	s.w.tamper(name, s.r)
	return nil
}

func (s *sequence) fail(context.Context) error {
	s.failing = true
	s.say("  %s", s.w.fail(s.r))
	return nil
}

func (s *sequence) lift(context.Context) error {
	s.w.lift()
	return nil
}

// drop is the death of the controller: the kernel takes back its locks, and nobody knows anything.
func (s *sequence) drop(ctx context.Context) error {
	s.bed = nil
	return s.killRun(ctx)
}

func (s *sequence) down(ctx context.Context) error {
	err := s.w.host().Remove(ctx, name, false, nil)
	if err == nil || errors.Is(err, orchestrator.ErrNotRunning) {
		s.made = nil
	}
	return err
}
