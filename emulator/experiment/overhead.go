package experiment

// overheads are what cells have taken beside their chains, in s.
type overheads struct {
	measured, predicted mean
	fresh               mean // measured on a testbed that was brought up for it
}

// mean is a sum of so many values.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) { m.sum, m.n = m.sum+v, m.n+1 }

// or is the mean, or a value where there is none.
func (m mean) or(otherwise float64) float64 {
	if m.n == 0 {
		return otherwise
	}
	return m.sum / float64(m.n)
}

// What a cell takes beside its chains where no cell of the experiment has been measured yet, in s, on two cores: most
// is the calibration, the report and its figures, and bringing the testbed up.
const (
	usualOverhead = 2.0
	usualFresh    = 5.0
	usualPredict  = 0.2
)

func (o *overheads) add(r *Result) {
	switch {
	case r.Run == "":
		o.predicted.add(r.Took)
	case r.Fresh:
		o.fresh.add(max(0, r.Took-r.Estimate))
	default:
		o.measured.add(max(0, r.Took-r.Estimate))
	}
}

// estimate is how long cells take, in s: chains as predicted, and what was measured of the rest.
func (o *overheads) estimate(cells []*Cell, emulated bool, workers int) float64 {
	if len(cells) == 0 {
		return 0
	}
	if !emulated {
		return float64(len(cells)) * o.predicted.or(usualPredict) / float64(max(workers, 1))
	}
	total := o.fresh.or(usualFresh) - o.measured.or(usualOverhead)
	for _, c := range cells {
		total += c.Estimate + o.measured.or(usualOverhead)
	}
	return max(total, 0)
}
