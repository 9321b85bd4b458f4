package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/internal/sleep"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/replay"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// moves carries the scenario's moves of stateful instances out during the replay of a model that has some.
func (r *run) moves(ctx context.Context, model string) (end func()) {
	moves := r.Scenario.Moves
	if len(moves) == 0 || !r.Scenario.Movable(plan.Model(model)) {
		return func() {}
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	begun, start := 0, time.Now()
	running.Go(func() {
		for i := range moves {
			if !sleep.Until(ctx, start.Add(moves[i].At)) {
				return
			}
			begun++
			running.Go(func() { r.happened(r.move(ctx, model, &moves[i], start)) })
		}
	})
	return func() {
		stop()
		running.Wait()
		for _, m := range moves[begun:] {
			r.happened(record.Event{Model: model, What: []string{m.Text}, Scheduled: m.At.Seconds(), Missed: true})
		}
	}
}

// movedNodes are those that instances may have gone to.
func (r *run) movedNodes() []topology.ID {
	var all []topology.ID
	for i := range r.Scenario.Moves {
		m := &r.Scenario.Moves[i]
		for _, to := range m.Targets {
			all = append(all, to)
		}
		if len(m.Targets) == 0 {
			all = append(all, m.To)
		}
	}
	if r.setting.Rebalance != nil {
		all = append(all, r.Scenario.Source.Executors(r.Scenario.Topology)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reach are the nodes that instances may be moved to, by events, which name others than execute functions too, or by
// hand; nil: nothing moves.
func (r *run) reach() []topology.ID {
	if !slices.ContainsFunc(r.Scenario.Models, r.Scenario.Movable) {
		return nil
	}
	all := append(r.movedNodes(), r.Scenario.Source.Executors(r.Scenario.Topology)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// errDown ends what has not moved when its node goes down.
var errDown = errors.New("the node goes down")

// move moves instances, one after the other.
func (r *run) move(ctx context.Context, model string, m *resolved.Move, start time.Time) record.Event {
	began, chains := time.Since(start), ctx
	e := record.Event{Model: model, What: []string{m.Text}, Scheduled: m.At.Seconds()}
	agents := agents{of: r.Bed.Agent, all: map[topology.ID]Agent{}}
	defer agents.close()
	if m.Until > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, start.Add(m.Until), errDown)
		defer cancel()
	}
	found, err := r.toMove(ctx, model, m, &agents)
	errs := []error{err}
	for i := range found {
		one := *m
		if target, known := m.Targets[found[i].Client]; known {
			one.To = target
		}
		done, err := r.moveOne(ctx, model, &one, &found[i], &agents)
		if err != nil {
			errs = append(errs, r.notMoved(ctx, &found[i], err))
			continue
		}
		errs = append(errs, r.moved(&e, done))
	}
	end(chains, &e, errors.Join(errs...), began, time.Since(start))
	return e
}

// moved enters what has become of a move in its event and among the samples. A move that was undone is an error.
func (r *run) moved(e *record.Event, done record.Migration) error {
	e.Moves = append(e.Moves, done)
	err := r.dir.Migrated(&done)
	if done.Undone != "" {
		err = errors.Join(fmt.Errorf("undone: %s", done.Undone), err)
	}
	return err
}

// end enters how an event of moves has ended, which began and ended at times from the start of the chains. What failed
// because these were over was not reached.
func end(chains context.Context, e *record.Event, err error, began, ended time.Duration) {
	if err != nil && chains.Err() != nil {
		e.Missed = true
	} else if err != nil {
		e.Error = err.Error()
	}
	e.Actual, e.Took = ended.Seconds(), (ended - began).Seconds()
}

// notMoved says of which instance an error is.
func (r *run) notMoved(ctx context.Context, one *faas.Stateful, err error) error {
	if errors.Is(context.Cause(ctx), errDown) {
		err = errDown
	}
	client, _ := r.name(one.Client)
	return fmt.Errorf("function %s of %s stays where it is: %w", strings.Join(one.Functions, "+"), client, err)
}

// toMove finds the instances that a move is about.
func (r *run) toMove(ctx context.Context, model string, m *resolved.Move, agents *agents) ([]faas.Stateful, error) {
	var all []faas.Stateful
	var errs []error
	for _, node := range m.Drained {
		found, err := r.leaving(ctx, model, node, agents)
		all, errs = append(all, found...), append(errs, err)
	}
	for _, node := range m.Placed {
		one, err := r.instance(ctx, model, m, node, agents)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, *one)
	}
	return all, errors.Join(errs...)
}

// leaving finds the instances that are on a node at the moment, or have come without having been asked for yet.
func (r *run) leaving(ctx context.Context, model string, node topology.ID, agents *agents) ([]faas.Stateful, error) {
	known, err := r.known(ctx, model, node, agents)
	if err != nil {
		return nil, err
	}
	var all []faas.Stateful
	for i := range known {
		at := node
		if one := &known[i]; !one.Here {
			if !one.Prepared {
				continue
			}
			if at, _, err = faas.Locate(ctx, agents.get, &one.Stateful); err != nil {
				return all, err
			}
		}
		if at == node {
			all = append(all, known[i].Stateful)
		}
	}
	return all, nil
}

// known is what a node's agent knows of the model's instances.
func (r *run) known(ctx context.Context, model string, node topology.ID, agents *agents) (
	[]faas.InstanceStatus, error,
) {
	residents, ok := agents.get(node).(faas.Residents)
	if !ok {
		return nil, faas.ErrNotSupported
	}
	all, err := residents.Instances(ctx)
	prefix := replay.Prefix(r.dir.Run(), model)
	return slices.DeleteFunc(all, func(s faas.InstanceStatus) bool { return !strings.HasPrefix(s.ID, prefix) }), err
}

// instance finds the one that has the function's states that are placed on a node.
func (r *run) instance(ctx context.Context, model string, m *resolved.Move, node topology.ID, agents *agents) (
	*faas.Stateful, error,
) {
	all, err := r.known(ctx, model, node, agents)
	if err != nil {
		return nil, err
	}
	for i := range all {
		one := &all[i].Stateful
		if one.Origin == node && one.Client == m.Client && slices.Contains(one.Functions, m.Function) {
			return one, nil
		}
	}
	return nil, fmt.Errorf("the node has no instance of function %s", m.Function)
}

// agents are control connections that are made once.
type agents struct {
	of  func(topology.ID) Agent
	all map[topology.ID]Agent
}

func (a *agents) get(id topology.ID) Agent {
	if a.all[id] == nil {
		a.all[id] = a.of(id)
	}
	return a.all[id]
}

func (a *agents) close() {
	for _, one := range a.all {
		one.Close()
	}
}
