package transport

import (
	"math"
	"slices"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// A policy looks at all instances now and then, as it would in the emulation: what it sees is what they have had to do
// in this replay.

// planRebalance enters when instances are looked at next: at the policy's next time or, where what was decided before
// has lasted longer than that, at once.
func (r *replay) planRebalance() {
	policy, all := r.engine.options.Rebalance, &r.residents
	if policy == nil || len(all.all) == 0 || all.round < 0 {
		return
	}
	all.round++
	all.next = max(r.now, all.begin+int64(all.round)*picoseconds(policy.Every))
	r.agenda.push(event{at: all.next, kind: rebalances})
}

// rebalance lets those instances begin to move of which the policy says so, one after the other. When the last has, the
// policy is asked again.
func (r *replay) rebalance(e *event) error {
	all, policy := &r.residents, r.engine.options.Rebalance
	if policy == nil || e.at != all.next || all.round < 0 {
		return nil // of a model's chains that have ended
	}
	var seen []predict.Seen
	for _, one := range all.all {
		seen = append(seen, one.seen(r.now))
	}
	decisions, err := policy.Decide(time.Duration(all.round)*policy.Every, seen, all.standby)
	if err != nil {
		return err
	}
	m := &mover{Move: predict.Move{Rounds: policy.Rounds, Small: policy.Small}, after: r.planRebalance}
	for _, d := range decisions {
		m.left, m.places = append(m.left, all.all[d.Index]), append(m.places, d.To)
	}
	all.movers = append(all.movers, m)
	r.beginMove(m)
	return nil
}

// seen is what an agent would say of an instance.
func (one *resident) seen(now int64) predict.Seen {
	s := predict.Seen{Placed: one.Root.Node, Client: one.Root.Client, Functions: one.Functions, At: one.at,
		States: len(one.states)}
	for _, v := range one.states {
		s.Bytes += v.bytes
	}
	s.Rate, s.Drain = one.load.rate(now)
	return s
}

// loadSeen is what an instance has had to do where it is, as agents count it.
type loadSeen struct {
	since   int64 // ps: when the first began; 0: none has
	number  int64 // of invocations that have ended
	squares float64
}

func (l *loadSeen) begin(now int64) {
	if l.since == 0 {
		l.since = max(1, now)
	}
}

func (l *loadSeen) end(took int64) {
	l.number++
	l.squares += predict.Seconds(took) * predict.Seconds(took)
}

// rate is invocations/s until now, and drain as package faas has it.
func (l *loadSeen) rate(now int64) (rate, drain float64) {
	if l.number < 2 || now <= l.since {
		return 0, 0
	}
	rate = float64(l.number) / predict.Seconds(now-l.since)
	d := math.Sqrt(l.squares / float64(l.number))
	return rate, max(0, d+math.Expm1(-rate*d)/rate)
}

// executing is how long a chain's step has been at work, from when its request was there.
func (c *chain) executing(step int, now int64) int64 {
	task := c.plan.Steps[step].Task
	i := slices.IndexFunc(c.plan.Steps, func(s plan.Step) bool { return s.Task == task && s.Role == plan.Request })
	if i < 0 {
		return 0
	}
	return max(0, now-c.steps[i].now)
}
