package transport

import (
	"math/rand/v2"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// Who is first where two chains meet can hang on a fraction of a millisecond, and much on who is first: a connection
// whose window is open, and by that when the chain meets the next. What can be predicted of that is the mean. So where
// messages have met, the replay is carried out several times, each with other times of the hosts: exponentially
// distributed ones, whose means are Options.PerMessage and Arrivals.Pause. Not where workers are picked: each replay
// picks others, and a mean over them would be that of no worker, and its tail none of any replay's.
const (
	mostReplications = 8
	// budget is how many packet-hops they may take altogether: a second or two.
	budget = 6_000_000
)

// replications is how many replays are worth while if one takes so many packet-hops; it is the same on every machine.
func replications(hops int64) int { return int(min(mostReplications, max(1, budget/max(1, hops)))) }

// drawn is a time of the host's, in picoseconds, whose mean is given.
func (r *replay) drawn(mean time.Duration) int64 {
	ps := mean.Nanoseconds() * 1000
	if r.random == nil {
		return ps
	}
	return int64(float64(ps) * r.random.ExpFloat64())
}

// startsOf is how many invocations of a plan, the at-th of all, wait for a start, in each of several replays: where
// those differ in who is cold, no mean over them says how many are. nil: all are warm.
func startsOf(p *plan.Plan, at int, runs [][]predict.Prediction) []int {
	if !p.Scaled() {
		return nil
	}
	all := make([]int, len(runs))
	for k, run := range runs {
		for step, part := range run[at].Parts {
			if p.Steps[step].Role == plan.Start && part.Processing > 0 {
				all[k]++
			}
		}
	}
	return all
}

// repeat makes all the mean over further replays of the plans, where the first took so many packet-hops.
func (e *Engine) repeat(plans []*plan.Plan, all []predict.Prediction, hops int64) error {
	n := replications(hops)
	runs := [][]predict.Prediction{all}
	for seed := 1; seed < n; seed++ {
		r := newReplay(e)
		r.random = rand.New(rand.NewPCG(uint64(seed), 0))
		one, err := r.predict(plans)
		if err != nil {
			return err
		}
		runs = append(runs, one)
	}
	for i, p := range plans {
		all[i].Starts = startsOf(p, i, runs)
		parts := make([]predict.Parts, len(p.Steps))
		for step := range parts {
			for _, run := range runs {
				parts[step].Add(&run[i].Parts[step], int64(n))
			}
		}
		schedule, err := predict.Evaluate(p, func(step int, _ float64) (float64, error) {
			return predict.Seconds(parts[step].Sum()), nil
		})
		if err != nil {
			return err
		}
		out, total := &all[i], schedule.Total
		network, processing := split(schedule, p, parts)
		if !predict.Linear(p) {
			total, network, processing = meanOf(runs, i)
		}
		out.Total, out.Network, out.Processing = total, network, processing
		out.Steps, out.Parts = schedule.Steps, parts
	}
	return nil
}

// meanOf is the mean of the times that replays predict of their at-th plan. Where branches run side by side that is not
// what the means of its steps come to: which branch takes longest differs from replay to replay, and the mean of the
// longest is more than the longest of the means.
func meanOf(runs [][]predict.Prediction, at int) (total, network, processing float64) {
	n := float64(len(runs))
	for _, run := range runs {
		total += run[at].Total / n
		network += run[at].Network / n
		processing += run[at].Processing / n
	}
	return total, network, processing
}
