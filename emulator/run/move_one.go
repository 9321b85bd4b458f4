package run

import (
	"context"
	"fmt"
	"strings"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/faas/instance"
	"testbed/emulator/predict"
	"testbed/emulator/predict/migration"
	"testbed/emulator/predict/transport"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// moveOne moves an instance, and predicts that beforehand.
func (r *run) moveOne(ctx context.Context, model string, m *resolved.Move, one *faas.Stateful, agents *agents) (
	record.Migration, error,
) {
	at, found, err := faas.Locate(ctx, agents.get, one)
	if err != nil {
		return record.Migration{}, err
	}
	out := record.Migration{Tags: r.tags(), Function: strings.Join(one.Functions, "+"),
		Method: m.Method, States: found.States, StateBytes: found.Bytes}
	out.Tags.Model = model
	out.Client, _ = r.name(one.Client)
	out.From, _ = r.name(at)
	out.To, _ = r.name(m.To)
	if at == m.To {
		return out, fmt.Errorf("function %s of %s is on %s already", out.Function, out.Client, out.To)
	}
	start := r.standby(ctx, agents, one.Functions, m.To).Expect(one.Functions, m.To)
	if out.Predicted, err = r.predictMove(m, at, &found, start); err != nil {
		return out, err
	}
	address := func(id topology.ID) string { return r.Bed.Address(id).String() }
	order := faas.Move{ID: one.ID, To: m.To, Address: address(m.To), Method: m.Method, Rounds: m.Rounds}
	ctx, cancel := context.WithTimeout(ctx, faas.ChainTime)
	defer cancel()
	from, done, err := faas.MoveAt(ctx, agents.get, address, one.Origin, order)
	if err != nil {
		return out, err
	}
	if from != at { // somebody has moved it in between, and what was predicted is of another move
		out.From, _ = r.name(from)
		out.Predicted = nil
	}
	enter(&out, done)
	return out, nil
}

// enter enters what has become of a move.
func enter(out *record.Migration, done *faas.Moved) {
	out.Time = time.Now()
	out.Rounds, out.Bytes, out.Undone = len(done.Rounds), done.Bytes(), done.Undone
	out.Start, out.Awaited = float64(done.Start)/1e9, float64(done.Awaited)/1e9
	if done.Held == 0 {
		return
	}
	began := done.Held
	if len(done.Rounds) > 0 {
		began = min(began, done.Rounds[0].Start) // of pre-copy; the offer, for which the target finds memory, is before
	}
	out.Unavailable, out.Took = done.Unavailable().Seconds(), float64(done.Served-began)/1e9
	if last := len(done.Rounds) - 1; last >= 0 && done.Undone == "" {
		out.Drain = float64(done.Rounds[last].Start-done.Held) / 1e9
	}
	out.Delayed = len(done.Delays)
	for _, d := range done.Delays {
		out.Delay += float64(d) / 1e9 / float64(out.Delayed)
		out.MaxDelay = max(out.MaxDelay, float64(d)/1e9)
	}
}

// alone predicts what happens by itself, on connections that nothing has used yet, and without moves besides.
func alone(e *resolved.Scenario, s predict.Setting) (predict.Engine, error) {
	options := transport.OptionsOf(s)
	options.Connections, options.Arrivals, options.Fresh = 0, predict.Arrivals{}, true
	options.Moves, options.Rebalance, options.Outages = nil, nil, nil
	return transport.New(e.Topology, e.Speed, options)
}

// predictMove says what a move of an instance that is at a node is expected to take, whose programs take so long to
// start at the target.
func (r *run) predictMove(m *resolved.Move, at topology.ID, found *faas.InstanceStatus, start instance.Distribution) (
	*record.PredictedMove, error,
) {
	engine, err := alone(r.Scenario, r.setting)
	if err != nil {
		return nil, err
	}
	move := migration.Move{From: at, To: m.To, Small: faas.SmallRest}
	if m.Method == faas.PreCopy {
		move.Rounds = m.Rounds
	}
	return expect(engine, &predict.Seen{
		Bytes: found.Bytes, States: found.States, Rate: found.Rate, Drain: found.Drain,
	}, move, start)
}
