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
	"testbed/emulator/predict"
	"testbed/emulator/predict/migration"
	"testbed/emulator/predict/transport"
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
	for _, m := range r.Scenario.Moves {
		all = append(all, m.To)
	}
	return all
}

// move moves a function's instances, one after the other.
func (r *run) move(ctx context.Context, model string, m *resolved.Move, start time.Time) record.Event {
	began := time.Since(start)
	e := record.Event{Model: model, What: []string{m.Text}, Scheduled: m.At.Seconds()}
	agents := agents{of: r.Bed.Agent, all: map[topology.ID]Agent{}}
	defer agents.close()
	var errs []error
	for _, node := range m.Placed {
		one, err := r.instance(ctx, model, m, node, &agents)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		done, err := r.moveOne(ctx, model, m, one, &agents)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if e.Moves = append(e.Moves, done); done.Undone != "" {
			errs = append(errs, fmt.Errorf("undone: %s", done.Undone))
		}
		if err := r.dir.Migrated(&done); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		e.Error = err.Error()
	}
	ended := time.Since(start)
	e.Actual, e.Took = ended.Seconds(), (ended - began).Seconds()
	return e
}

// instance finds the one that has the function's states that are placed on a node.
func (r *run) instance(ctx context.Context, model string, m *resolved.Move, node topology.ID, agents *agents) (
	*faas.Stateful, error,
) {
	residents, ok := agents.get(node).(faas.Residents)
	if !ok {
		return nil, faas.ErrNotSupported
	}
	all, err := residents.Instances(ctx)
	if err != nil {
		return nil, err
	}
	prefix := replay.Prefix(r.dir.Run(), model)
	for i := range all {
		one := &all[i].Stateful
		if one.Origin == node && one.Client == m.Client && slices.Contains(one.Functions, m.Function) &&
			strings.HasPrefix(one.ID, prefix) {
			return one, nil
		}
	}
	return nil, fmt.Errorf("the node has no instance of function %s", m.Function)
}

// moveOne moves an instance, and predicts that beforehand.
func (r *run) moveOne(ctx context.Context, model string, m *resolved.Move, one *faas.Stateful, agents *agents) (
	record.Migration, error,
) {
	at, found, err := faas.Locate(ctx, agents.get, one)
	if err != nil {
		return record.Migration{}, err
	}
	out := record.Migration{Tags: r.tags(), Function: strings.Join(one.Functions, "+"),
		Method: m.Method, States: found.States}
	out.Tags.Model = model
	out.Client, _ = r.name(one.Client)
	out.From, _ = r.name(at)
	out.To, _ = r.name(m.To)
	if at == m.To {
		return out, fmt.Errorf("function %s of %s is on %s already", out.Function, out.Client, out.To)
	}
	if out.Predicted, err = r.predictMove(m, at, &found); err != nil {
		return out, err
	}
	address := func(id topology.ID) string { return r.Bed.Address(id).String() }
	order := faas.Move{ID: one.ID, To: m.To, Address: address(m.To), Method: m.Method, Rounds: m.Rounds}
	ctx, cancel := context.WithTimeout(ctx, faas.ChainTime)
	defer cancel()
	_, done, err := faas.MoveAt(ctx, agents.get, address, one.Origin, order)
	if err != nil {
		return out, err
	}
	enter(&out, done)
	return out, nil
}

// enter enters what has become of a move.
func enter(out *record.Migration, done *faas.Moved) {
	out.Time = time.Now()
	out.Rounds, out.Bytes, out.Undone = len(done.Rounds), done.Bytes(), done.Undone
	if done.Held == 0 {
		return
	}
	out.Unavailable, out.Took = done.Unavailable().Seconds(), float64(done.Served-done.Began)/1e9
	if last := len(done.Rounds) - 1; last >= 0 && done.Undone == "" {
		out.Drain = float64(done.Rounds[last].Start-done.Held) / 1e9
	}
	out.Delayed = len(done.Delays)
	for _, d := range done.Delays {
		out.Delay += float64(d) / 1e9 / float64(out.Delayed)
		out.MaxDelay = max(out.MaxDelay, float64(d)/1e9)
	}
}

// predictMove says what a move of an instance that is at a node is expected to take.
func (r *run) predictMove(m *resolved.Move, at topology.ID, found *faas.InstanceStatus) (*record.PredictedMove, error) {
	options := transport.OptionsOf(r.setting)
	options.Connections, options.Arrivals, options.Fresh, options.Moves = 0, predict.Arrivals{}, true, nil
	engine, err := transport.New(r.Scenario.Topology, r.Scenario.Speed, options)
	if err != nil {
		return nil, err
	}
	move := migration.Move{From: at, To: m.To, Small: faas.SmallRest}
	if m.Method == faas.PreCopy {
		move.Rounds = m.Rounds
	}
	p, err := migration.Predict(engine, migration.Instance{
		Bytes: found.Bytes, States: found.States, Rate: found.Rate, Drain: found.Drain,
	}, move)
	if err != nil {
		return nil, err
	}
	return &record.PredictedMove{Unavailable: p.Unavailable, Bytes: p.Bytes, Rounds: p.Rounds, Took: p.Took}, nil
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
