// Package migration predicts what the move of a stateful instance from one worker to another takes: how long its
// invocations are not served, and how many bytes travel, by stop-and-copy and by pre-copy.
//
// The way of the bytes is the transport model's: one connection, opened by the offer, whose congestion window each
// round of copying finds as the one before has left it. Before the last round those invocations end that are at work.
// Between rounds of pre-copy the instance's states change at a rate that was seen: each invocation changes one of them.
// Of one state the outcome is a mixture (it has changed during a round or not), of several the expected bytes go on.
//
// What it leaves out: other traffic on the way, what the hosts' processors take, but for the transport model's
// calibrated time a message, and the replies of chains under way that move along, some 150 bytes an invocation.
package migration

import (
	"math"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// Instance is what moves, as it is before.
type Instance struct {
	Bytes  int64   // of its states
	States int     // their number
	Rate   float64 // invocations/s, each of which changes one state
	Drain  float64 // s: how long those at work at a random instant take to end
	// Start is how long the target takes to have a program's instance ready, from the offer on; no time: it has one.
	Start instance.Distribution
}

// Move is how it moves.
type Move struct {
	From, To topology.ID
	Rounds   int   // of pre-copy, that copy while invocations go on, at most; 0: stop-and-copy
	Small    int64 // bytes that are not worth another round
}

// Prediction is what is expected. Times are in s.
type Prediction struct {
	// Unavailable is from when invocations are held until they can be served again: Drain and the last round, at the end
	// of which the target's program is ready. It is the median of what its start makes of it, and P95 the 95th percentile.
	Unavailable, P95 float64

	Start  float64 // of the program at the target, from the offer on: the median
	Drain  float64
	Took   float64 // from the first round's begin until then
	Bytes  float64 // of states, in all rounds
	Rounds float64 // the last included
}

// What says which states come, in bytes.
const (
	headBytes  = predict.MoveHead
	stateBytes = predict.MoveState
	keyBytes   = predict.MoveKey
)

// Predict predicts a move, by an engine whose plans begin with connections that none has used.
func Predict(engine predict.Engine, in Instance, m Move) (Prediction, error) {
	p, err := copied(engine, in, m)
	// What was copied before invocations were held, the start has gone on for. Who waits longer for longer starts waits a
	// quantile for that quantile of the starts.
	p.Start = in.Start.Median.Seconds()
	p.P95 = p.Unavailable + max(0, max(in.Start.P95, in.Start.Median).Seconds()-p.Took)
	late := max(0, p.Start-p.Took)
	p.Unavailable, p.Took = p.Unavailable+late, p.Took+late
	return p, err
}

// copied is what the copying takes.
func copied(engine predict.Engine, in Instance, m Move) (Prediction, error) {
	c := copying{engine: engine, Instance: in, Move: m}
	p := Prediction{Drain: in.Drain}
	if m.Rounds == 0 {
		last, err := c.last(float64(in.Bytes), float64(in.States))
		p.Unavailable, p.Took = in.Drain+last, in.Drain+last
		p.Bytes, p.Rounds = float64(in.Bytes), 1
		return p, err
	}
	if in.States <= 1 {
		return c.one(p)
	}
	return c.many(p)
}

// copying is a connection's rounds so far.
type copying struct {
	Instance
	Move
	engine predict.Engine
	sent   []int64 // by round, its message's bytes
}

// round is how long the next round takes, of so many bytes of so many states, from its first byte to its
// acknowledgement.
func (c *copying) round(bytes, states float64) (float64, error) {
	c.sent = append(c.sent, headBytes+int64(math.Round(bytes+states*stateBytes)))
	p := plan.Plan{Job: "move"}
	var after []int
	for pair, size := range append([]int64{headBytes}, c.sent...) {
		p.Steps = append(p.Steps,
			plan.Step{Role: plan.Request, From: c.From, To: c.To, Bytes: size, State: -1, Pair: pair, After: after},
			plan.Step{Role: plan.Response, From: c.To, To: c.From, State: -1, Pair: pair, After: []int{2 * pair}})
		after = []int{2*pair + 1}
	}
	all, err := c.engine.Predict([]*plan.Plan{&p})
	if err != nil {
		return 0, err
	}
	steps := all[0].Steps
	return steps[len(steps)-1].End - steps[len(steps)-2].Start, nil
}

// changed is the share of the states that change within a time, in [0,1].
func (c *copying) changed(within float64) float64 {
	return -math.Expm1(-c.Rate * within / float64(max(c.States, 1)))
}

// one is pre-copy of one state: a round finds it changed, and sends all of it, or ends the rounds.
func (c *copying) one(p Prediction) (Prediction, error) {
	size, reached := float64(c.Bytes), 1.0 // the probability that there is a round
	rest := 0.0                            // mean time of the last round
	for n := 1; n <= c.Rounds; n++ {
		took, err := c.round(size, 1)
		if err != nil {
			return p, err
		}
		p.Took, p.Bytes, p.Rounds = p.Took+reached*took, p.Bytes+reached*size, p.Rounds+reached
		again := c.changed(took)
		if c.Bytes <= c.Small {
			again = 0 // it is never worth another round, and comes with the last where it has changed
		}
		empty, full, err := c.lasts(size)
		if err != nil {
			return p, err
		}
		switch change := c.changed(took); {
		case c.Bytes <= c.Small:
			rest += reached * (change*full + (1-change)*empty)
			p.Bytes += reached * change * size
		case n == c.Rounds:
			rest += reached * (change*full + (1-change)*empty)
			p.Bytes += reached * change * size
			again = 0
		default:
			rest += reached * (1 - change) * empty
		}
		if reached *= again; reached < 1e-6 {
			break
		}
	}
	p.Unavailable = p.Drain + rest
	p.Took, p.Rounds = p.Took+p.Unavailable, p.Rounds+1
	return p, nil
}

// last is how long the last round would take now, which names all states besides: what it sends is forgotten.
func (c *copying) last(bytes, states float64) (float64, error) {
	sent := c.sent
	took, err := c.round(bytes+float64(c.States)*keyBytes, states)
	c.sent = sent
	return took, err
}

// lasts is how long a last round takes that has nothing to send, and one that has all.
func (c *copying) lasts(size float64) (empty, full float64, err error) {
	if empty, err = c.last(0, 0); err == nil {
		full, err = c.last(size, 1)
	}
	return empty, full, err
}

// many is pre-copy of several states.
func (c *copying) many(p Prediction) (Prediction, error) {
	share := 1.0
	for n := 1; n <= c.Rounds; n++ {
		bytes := share * float64(c.Bytes)
		if n > 1 && bytes <= float64(c.Small) {
			break
		}
		took, err := c.round(bytes, share*float64(c.States))
		if err != nil {
			return p, err
		}
		p.Took, p.Bytes, p.Rounds = p.Took+took, p.Bytes+bytes, p.Rounds+1
		share = c.changed(took)
	}
	bytes := share * float64(c.Bytes)
	last, err := c.last(bytes, share*float64(c.States))
	p.Unavailable = p.Drain + last
	p.Took, p.Bytes, p.Rounds = p.Took+p.Unavailable, p.Bytes+bytes, p.Rounds+1
	return p, err
}
