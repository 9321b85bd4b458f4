package run

import (
	"errors"
	"strings"

	"testbed/emulator/faas"
	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/migration"
	"testbed/emulator/predict/transport"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
)

// PredictMoves predicts the moves that a replay of the plans would have, without one: when each begins, its instance
// has the states, the rate and the work that the transport model has seen until then, and what is expected of it is
// what a run expects. Events have their Model, and moves what is predicted alone.
func PredictMoves(e *resolved.Scenario, plans []*plan.Plan) ([]record.Event, error) {
	setting := Setting(e)
	if len(setting.Moves) == 0 && setting.Rebalance == nil {
		return nil, nil
	}
	engine, err := alone(e, setting)
	if err != nil {
		return nil, err
	}
	standby := map[plan.Model]*predict.Standby{}
	var events []record.Event
	var errs []error
	options := transport.OptionsOf(setting)
	options.Moving = func(model plan.Model, one *predict.Seen, m *predict.Move) {
		name := func(id int) string { return e.Topology.Vertices[id].Name }
		move := migration.Move{From: one.At, To: m.To, Rounds: m.Rounds, Small: m.Small}
		if standby[model] == nil {
			standby[model] = predict.NewStandby(setting.Starts, plans, model)
		}
		expected, err := expect(engine, one, move, standby[model].Start(one.Functions, m.To))
		standby[model].Leave(one.Functions, one.At)
		errs = append(errs, err)
		method := faas.StopAndCopy
		if m.Rounds > 0 {
			method = faas.PreCopy
		}
		events = append(events, record.Event{Model: string(model), Moves: []record.Migration{{
			Tags: record.Tags{Model: string(model)}, Function: strings.Join(one.Functions, "+"),
			Client: name(int(one.Client)), From: name(int(one.At)), To: name(int(m.To)), Method: method,
			States: one.States, StateBytes: one.Bytes, Predicted: expected,
		}}})
	}
	replayed, err := transport.New(e.Topology, e.Speed, options)
	if err == nil {
		_, err = replayed.Predict(plans)
	}
	return events, errors.Join(append(errs, err)...)
}

// expect says what a move of an instance is expected to take, whose programs take so long to start at the target.
func expect(engine predict.Engine, one *predict.Seen, m migration.Move, start instance.Distribution) (
	*record.PredictedMove, error,
) {
	p, err := migration.Predict(engine, migration.Instance{
		Bytes: one.Bytes, States: one.States, Rate: one.Rate, Drain: one.Drain,
		Start: start,
	}, m)
	if err != nil {
		return nil, err
	}
	return &record.PredictedMove{
		Unavailable: p.Unavailable, P95: p.P95, Start: p.Start, Bytes: p.Bytes, Rounds: p.Rounds, Took: p.Took,
	}, nil
}
