package compare

import (
	"math"
	"slices"

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
	processing
	overhead
	parallel
	transfers
	causeCount
)

const roleCount = int(plan.Response) + 1

// sums add up what is known of a group's steps. Sums of several groups may be added to each other.
type sums struct {
	pairs      int
	attributed int
	roles      [roleCount]roleSums
	predicted  [causeCount]float64 // over attributed chains
	measured   [causeCount]float64
	fine       int // attributed chains whose predictions' parts were known
}

type roleSums struct {
	steps               int
	measured, predicted float64
	causes              [causeCount]struct{ predicted, difference float64 }
}

// chainCauses is where one chain's time, and the error of its prediction, is.
type chainCauses struct {
	fine                            bool
	steps                           float64 // measured, all of them
	forecast                        float64 // the same predicted
	difference, predicted, measured [causeCount]float64
}

// add takes in a chain with its forecast. The reference is what knows the parts of transfers best.
func (s *sums) add(m *Chain, f, reference *forecast) pair {
	s.pairs++
	p := pair{known: true, total: f.total, network: f.network, processing: f.processing}
	c := chainCauses{fine: f.parts && reference != nil && reference.parts && len(reference.steps) == len(f.steps)}
	whole := len(m.Steps) > 0 && len(m.Steps) == len(f.steps)
	for i := range m.Steps {
		step := &m.Steps[i]
		if step.Index < 0 || step.Index >= len(f.steps) || int(step.Role) >= roleCount {
			whole = false
			continue
		}
		of := f
		if c.fine {
			of = reference
		}
		c.step(step, &f.steps[step.Index], &of.steps[step.Index], &s.roles[step.Role])
	}
	if !whole {
		return p
	}
	c.rest(m.Total, f.total)
	s.attributed++
	if c.fine {
		s.fine++
	}
	for i := range causeCount {
		s.predicted[i] += c.predicted[i]
		s.measured[i] += c.measured[i]
	}
	p.attributed, p.causes = true, c.difference
	return p
}

// step divides one step's difference; f is what the engine predicted of it, t what the reference did.
func (c *chainCauses) step(m *Step, f, t *forecastStep, role *roleSums) {
	c.steps += m.Duration
	c.forecast += f.duration
	role.steps++
	role.measured += m.Duration
	role.predicted += f.duration
	note := func(cause int, predicted, difference float64) {
		c.predicted[cause] += predicted
		c.difference[cause] += difference
		role.causes[cause].predicted += predicted
		role.causes[cause].difference += difference
	}
	switch {
	case m.Role == plan.Execute && c.fine:
		calibrated := predict.Seconds(f.parts.Host)
		c.measured[processing] += m.Duration
		note(processing, f.duration-calibrated, m.Duration-(f.duration-calibrated))
		role.causes[overhead].predicted += calibrated // of the chain, rest works it out
		role.causes[overhead].difference -= calibrated
	case m.Role == plan.Execute:
		c.measured[processing] += m.Duration
		note(processing, f.duration, m.Duration-f.duration)
	case c.fine:
		for cause, of := range [...]func(*predict.Parts) int64{
			propagation:   func(p *predict.Parts) int64 { return p.Propagation },
			serialisation: func(p *predict.Parts) int64 { return p.Serialisation },
			slowStart:     func(p *predict.Parts) int64 { return p.SlowStart },
			roundTrip:     func(p *predict.Parts) int64 { return p.RoundTrip },
			hostTime:      func(p *predict.Parts) int64 { return p.Host },
		} {
			own := of(&f.parts)
			note(cause, predict.Seconds(own), predict.Seconds(of(&t.parts)-own))
		}
		note(queueing, 0, m.Duration-t.duration)
	default:
		c.measured[transfers] += m.Duration
		note(transfers, f.duration, m.Duration-f.duration)
	}
}

// rest takes in what is in no step. It belongs to the FaaS if the steps follow one another; if some of them
// run beside others, it cannot be told from their overlap.
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
	s.attributed += o.attributed
	s.fine += o.fine
	for i := range s.roles {
		r, from := &s.roles[i], &o.roles[i]
		r.steps += from.steps
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
		forecast += s.predicted[i] / float64(s.attributed)
	}
	var out []Cause
	for i, name := range CauseNames {
		c := Cause{Cause: name, Predicted: s.predicted[i] / float64(s.attributed), Difference: differences[i]}
		if apart := i == processing || i == overhead || i == parallel || i == transfers; apart {
			m := s.measured[i] / float64(s.attributed)
			c.Measured = &m
		}
		if all > 0 {
			c.Share = math.Abs(c.Difference.Mean) / all
		}
		if forecast > 0 {
			c.PredictedShare = c.Predicted / forecast
		}
		if s.shown(i) {
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
	case parallel, transfers:
		return s.predicted[cause] != 0 || s.measured[cause] != 0
	}
	return s.fine > 0
}

// report says what the roles contribute.
func (s *sums) report() []Role {
	all := 0.0
	for _, r := range s.roles {
		all += math.Abs(r.measured - r.predicted)
	}
	var roles []Role
	for i := range s.roles {
		r := &s.roles[i]
		if r.steps == 0 {
			continue
		}
		out := Role{Role: plan.Role(i).String(), Steps: r.steps, Measured: r.measured / float64(r.steps), Predicted: r.predicted / float64(r.steps)}
		out.PerChain = (r.measured - r.predicted) / float64(s.pairs)
		if all > 0 {
			out.Share = math.Abs(r.measured-r.predicted) / all
		}
		out.Causes = s.roleCauses(plan.Role(i))
		roles = append(roles, out)
	}
	return roles
}

func (s *sums) roleCauses(role plan.Role) []RoleCause {
	possible := []int{propagation, serialisation, slowStart, roundTrip, hostTime, queueing, transfers}
	if role == plan.Execute {
		possible = []int{processing}
		if s.fine > 0 {
			possible = append(possible, overhead)
		}
	} else if role != plan.Read && role != plan.Write {
		possible = slices.DeleteFunc(possible, func(c int) bool { return c == roundTrip })
	}
	var out []RoleCause
	for _, c := range possible {
		if s.shown(c) {
			of := s.roles[role].causes[c]
			out = append(out, RoleCause{Cause: CauseNames[c], Predicted: of.predicted / float64(s.pairs), PerChain: of.difference / float64(s.pairs)})
		}
	}
	return out
}
