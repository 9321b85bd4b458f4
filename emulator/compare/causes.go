package compare

import (
	"math"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// The causes by number, in the order of CauseNames.
const (
	propagation = iota
	serialisation
	slowStart
	roundTrip
	hostTime
	queueing
	hostLateness
	waiting
	modelError
	processing
	overhead
	parallel
	transfers
	coldStart
	instanceQueue
	causeCount
)

const roleCount = int(plan.Start) + 1

// sums add up what is known of a group's steps, times in seconds. Sums of several groups may be added to each other.
type sums struct {
	pairs int // chains with a forecast
	// weight is how many jobs those of them stand for whose steps are summed, which those of chains with other workers
	// than predicted are not, and whole those that are attributed; sums below are weighted so.
	weight, whole float64
	// attributed of them have all steps measured and predicted, so that their whole error has causes. A chain that
	// lacks a step still counts in roles.
	attributed int
	partsKnown int // attributed chains whose forecasts say of what their transfers consist
	apart      int // of those, chains whose residual is told apart
	roles      [roleCount]roleSums
	predicted  [causeCount]float64 // over attributed chains
	measured   [causeCount]float64 // likewise; of causes that can be measured apart
}

type roleSums struct {
	steps               int
	weight              float64 // of the chains that they are of
	measured, predicted float64
	cold                int // waits for an instance's start
	coldPredicted       perReplay
	causes              [causeCount]struct{ predicted, difference float64 }
}

// chainCauses attributes one chain's time, and the error of its prediction, to causes; times in seconds.
type chainCauses struct {
	partsKnown                      bool
	weight                          float64 // how many jobs it stands for
	steps                           float64 // measured, all of them
	forecast                        float64 // the same predicted
	waits                           float64 // of transfers behind others, as the reference says
	cold                            int     // steps that are predicted to wait for a start, in some replay
	difference, predicted, measured [causeCount]float64
}

// add takes in a chain with its forecast. The parts of a transfer cannot be measured: how long it would have taken on
// an idle network, and how long it waited behind others, is taken from reference, the forecast of the predictor that
// models the network best, and what was measured beyond that is queueing, which Collector.apart tells apart.
func (s *sums) add(m *Chain, f, reference *forecast) pair {
	s.pairs++
	p := pair{known: true, total: f.total, network: f.network, processing: f.processing}
	c := chainCauses{
		weight:     m.weight(),
		partsKnown: f.parts && reference != nil && reference.parts && len(reference.steps) == len(f.steps),
	}
	complete := len(m.Steps) > 0 && len(m.Steps) == len(f.steps)
	if m.astray() {
		return p // its steps are others than those predicted
	}
	s.weight += c.weight
	for i := range m.Steps {
		step := &m.Steps[i]
		if step.Index < 0 || step.Index >= len(f.steps) || int(step.Role) >= roleCount {
			complete = false
			continue
		}
		of := f
		if c.partsKnown {
			of = reference
		}
		c.step(step, &f.steps[step.Index], &of.steps[step.Index], &s.roles[step.Role])
	}
	s.roles[plan.Start].coldPredicted.add(c.starts(f, complete))
	if !complete {
		return p
	}
	c.rest(m.Total, f.total)
	s.attributed++
	s.whole += c.weight
	if c.partsKnown {
		s.partsKnown++
		if p.apart = m.HostKnown && m.Start > 0; p.apart {
			s.apart++
		}
	}
	for i := range causeCount {
		s.predicted[i] += c.weight * c.predicted[i]
		s.measured[i] += c.weight * c.measured[i]
	}
	p.attributed, p.causes, p.waits = true, c.difference, c.waits
	return p
}

// step attributes one step's time: m was measured of it, f is what the engine predicted, reference what the reference
// did. The differences noted add up to what was measured less what was predicted.
func (c *chainCauses) step(m *Step, f, reference *forecastStep, role *roleSums) {
	c.steps += m.Duration
	c.forecast += f.duration
	role.steps++
	role.weight += c.weight
	role.measured += c.weight * m.Duration
	role.predicted += c.weight * f.duration
	note := func(cause int, predicted, difference float64) {
		c.predicted[cause] += predicted
		c.difference[cause] += difference
		role.causes[cause].predicted += c.weight * predicted
		role.causes[cause].difference += c.weight * difference
	}
	switch {
	case m.Role == plan.Start:
		c.instance(m, f, role, note)
	case m.Role == plan.Execute && c.partsKnown:
		// The host's time around an execution was calibrated with an empty function: it is the FaaS's overhead.
		calibrated := predict.Seconds(f.parts.Host)
		c.measured[processing] += m.Duration
		note(processing, f.duration-calibrated, m.Duration-(f.duration-calibrated))
		role.causes[overhead].predicted += c.weight * calibrated // the chain's own is what rest leaves over
		role.causes[overhead].difference -= c.weight * calibrated
	case m.Role == plan.Execute:
		c.measured[processing] += m.Duration
		note(processing, f.duration, m.Duration-f.duration)
	case c.partsKnown:
		for cause, of := range [...]func(*predict.Parts) int64{
			propagation:   func(p *predict.Parts) int64 { return p.Propagation },
			serialisation: func(p *predict.Parts) int64 { return p.Serialisation },
			slowStart:     func(p *predict.Parts) int64 { return p.SlowStart },
			roundTrip:     func(p *predict.Parts) int64 { return p.RoundTrip },
			hostTime:      func(p *predict.Parts) int64 { return p.Host },
			waiting:       func(p *predict.Parts) int64 { return p.Queueing },
		} {
			if of != nil {
				own := of(&f.parts)
				note(cause, predict.Seconds(own), predict.Seconds(of(&reference.parts)-own))
			}
		}
		c.waits += predict.Seconds(reference.parts.Queueing)
		note(queueing, 0, m.Duration-reference.duration)
	default:
		c.measured[transfers] += m.Duration
		note(transfers, f.duration, m.Duration-f.duration)
	}
}

// rest attributes what is in no step: total was measured of the chain, predicted of it. It belongs to the FaaS if the
// steps follow one another, so that their forecasts add up to the chain's; if some of them run beside others, it cannot
// be told from their overlap.
func (c *chainCauses) rest(total, predicted float64) {
	cause := overhead
	if math.Abs(predicted-c.forecast) > 1e-9*(1+predicted) {
		cause = parallel
	}
	c.measured[cause] = total - c.steps
	c.predicted[cause] = predicted
	c.difference[cause] = total - predicted
	for i := range causeCount {
		if i != cause {
			c.predicted[cause] -= c.predicted[i]
			c.difference[cause] -= c.difference[i]
		}
	}
}

// merge adds the sums of other chains.
func (s *sums) merge(o *sums) {
	s.pairs += o.pairs
	s.weight += o.weight
	s.whole += o.whole
	s.attributed += o.attributed
	s.partsKnown += o.partsKnown
	s.apart += o.apart
	for i := range s.roles {
		r, from := &s.roles[i], &o.roles[i]
		r.steps += from.steps
		r.cold += from.cold
		r.coldPredicted.add(from.coldPredicted)
		r.weight += from.weight
		r.measured += from.measured
		r.predicted += from.predicted
		for c := range r.causes {
			r.causes[c].predicted += from.causes[c].predicted
			r.causes[c].difference += from.causes[c].difference
		}
	}
	for i := range causeCount {
		s.predicted[i] += o.predicted[i]
		s.measured[i] += o.measured[i]
	}
}

// causes turns sums and intervals of the differences into what is reported: of all causes of which
// something was predicted or measured.
func (s *sums) causes(differences []Interval) []Cause {
	if s.attributed == 0 {
		return nil
	}
	all, forecast := 0.0, 0.0
	for i, d := range differences {
		all += math.Abs(d.Mean)
		forecast += s.predicted[i] / s.whole
	}
	var out []Cause
	for i, name := range CauseNames {
		c := Cause{Cause: name, Predicted: s.predicted[i] / s.whole, Difference: differences[i]}
		if apart := i == processing || i == overhead || i == parallel || i >= transfers; apart {
			m := s.measured[i] / s.whole
			c.Measured = &m
		}
		if all > 0 {
			c.Share = math.Abs(c.Difference.Mean) / all
		}
		if forecast > 0 {
			c.PredictedShare = c.Predicted / forecast
		}
		if whole := i == queueing && s.apart == s.partsKnown; s.shown(i) && !whole {
			out = append(out, c)
		}
	}
	return out
}

// shown says whether a cause can occur: those of parts where parts are known, transfers as a whole where
// they are not, parallel where chains have branches.
func (s *sums) shown(cause int) bool {
	switch cause {
	case processing, overhead:
		return true
	case parallel, transfers, coldStart, instanceQueue:
		return s.predicted[cause] != 0 || s.measured[cause] != 0
	case waiting:
		return s.apart > 0 || s.predicted[cause] != 0
	case hostLateness, modelError:
		return s.apart > 0
	}
	return s.partsKnown > 0
}
