package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// Collector takes predictions, then chains one by one, and keeps of a chain a few numbers, not its steps.
// It is for one run, and for one goroutine.
type Collector struct {
	options Options
	engines []*engine
	policy  string
	samples []sample
	counts  map[groupKey]*counts
	chains  int
	size    size
	beside  []bool       // of samples, those that overlapped others in time
	dags    map[int]bool // indexes of jobs with steps that are predicted to run side by side in some model
}

// sample is a chain that was measured without an error.
type sample struct {
	job                        string
	model                      plan.Model
	index, length              int32
	total, network, processing float64
	start, end                 int64   // ns; 0: not known
	late                       float64 // s, at most what the host added; where it is known
	waited                     float64 // s that it started after it was due
	weight                     float64 // how many jobs it stands for
	disturbed                  bool
}

// counts are those of a group that no engine has a say in.
type counts struct {
	chains, errors int
	states         States
	picks          Picks
}

// engine is one engine's predictions and what came of them.
type engine struct {
	name        string
	known       map[key]*forecast
	used        int
	unpredicted int
	pairs       []pair // beside the collector's samples
	sums        map[groupKey]*sums
	branches    map[plan.Model]*branches // of jobs that are DAGs
}

type key struct {
	model plan.Model
	index int
}

type groupKey struct {
	model  plan.Model
	length int // 0: all
}

// forecast is a prediction, as far as it is needed.
type forecast struct {
	total, network, processing float64
	used                       bool
	parts                      bool // those of the steps are known
	steps                      []forecastStep
	starts                     []int // by replay: see predict.Prediction; nil: not known
}

type forecastStep struct {
	begin    float64
	duration float64
	parts    predict.Parts
}

// pair is a sample's prediction.
type pair struct {
	known      bool
	attributed bool
	apart      bool // of what queueing consists can be told
	total      float64
	network    float64
	processing float64
	waits      float64             // of transfers behind others, as the reference says
	causes     [causeCount]float64 // measured - predicted
}

// NewCollector begins a comparison.
func NewCollector(o Options) *Collector {
	return &Collector{options: o.filled(), counts: map[groupKey]*counts{}, dags: map[int]bool{}}
}

// Predict takes a prediction, of any engine; it keeps nothing of it. All predictions have to come before
// the first chain. It fails with ErrInput where a chain is predicted twice by one engine or a time is
// negative or not a number.
func (c *Collector) Predict(p *predict.Prediction) error {
	e, err := c.engine(p.Engine)
	if err == nil {
		err = c.size.predict(len(p.Steps))
	}
	if err != nil {
		return err
	}
	k := key{p.Model, p.Index}
	switch {
	case len(c.counts) > 0:
		return fmt.Errorf("%w: %s %d (%s) is predicted after chains were added", ErrInput, p.Model, p.Index, p.Job)
	case e.known[k] != nil:
		return fmt.Errorf("%w: %s %d (%s) is predicted twice", ErrInput, p.Model, p.Index, p.Job)
	case bad(p.Total, p.Network, p.Processing) || badSteps(p.Steps):
		return fmt.Errorf("%w: %s %d (%s): the prediction has a time that is negative or no number of seconds", ErrInput,
			p.Model, p.Index, p.Job)
	}
	f := &forecast{total: p.Total, network: p.Network, processing: p.Processing, starts: slices.Clone(p.Starts)}
	f.parts = p.Parts != nil && len(p.Parts) == len(p.Steps)
	f.steps = make([]forecastStep, len(p.Steps))
	for i, s := range p.Steps {
		f.steps[i].begin, f.steps[i].duration = s.Start, s.End-s.Start
		if f.parts {
			f.steps[i].parts = p.Parts[i]
		}
	}
	e.known[k] = f
	if f.overlaps() {
		c.dags[p.Index] = true
	}
	return nil
}

func (c *Collector) engine(name string) (*engine, error) {
	for _, e := range c.engines {
		if e.name == name {
			return e, nil
		}
	}
	if len(c.engines) == maxEngines {
		return nil, fmt.Errorf("%w: predictions of more than %d engines", ErrInput, maxEngines)
	}
	e := &engine{name: name, known: map[key]*forecast{}, sums: map[groupKey]*sums{},
		branches: map[plan.Model]*branches{}}
	c.engines = append(c.engines, e)
	return e, nil
}

// Add takes a chain; it keeps neither it nor its steps. It fails with ErrInput where a time is negative
// or not a number, or the policy is not that of the chains before.
func (c *Collector) Add(m *Chain) error {
	if len(c.engines) == 0 {
		if _, err := c.engine(""); err != nil {
			return err
		}
	}
	if err := c.check(m); err != nil {
		return err
	}
	c.policy = m.Policy
	c.chains++
	if err := c.size.chain(c.chains, m.Job); err != nil {
		return err
	}
	k := groupKey{m.Model, max(1, m.Length)}
	n := c.counts[k]
	if n == nil {
		if err := c.size.group(k, len(c.counts)+1); err != nil {
			return err
		}
		n = &counts{}
		c.counts[k] = n
	}
	n.chains++
	n.states.Checked += m.States
	n.states.Failed += m.Lost
	n.states.Passed += m.States - m.Lost
	if m.Err != "" {
		n.errors++
	} else {
		index, length := int32(m.Index), int32(max(1, m.Length))
		s := sample{job: m.Job, model: m.Model, index: index, length: length, total: m.Total, network: m.Network,
			processing: m.Processing, start: m.Start, late: m.HostLate, disturbed: m.Disturbed,
			weight: m.weight(), waited: m.Late}
		if s.start > 0 {
			s.end = s.start + int64(m.Total*1e9)
		}
		c.samples = append(c.samples, s)
		n.picks.add(m)
	}
	reference := c.reference(m)
	for _, e := range c.engines {
		e.add(m, k, reference)
		if c.dags[m.Index] {
			e.branch(m)
		}
	}
	return nil
}

// reference is the forecast that tells a transfer's parts from its queueing.
func (c *Collector) reference(m *Chain) *forecast {
	for _, e := range c.engines {
		if e.name == c.options.Reference {
			return e.known[key{m.Model, m.Index}]
		}
	}
	return nil
}

// add takes the chain in, with the prediction that there is.
func (e *engine) add(m *Chain, k groupKey, reference *forecast) {
	f := e.known[key{m.Model, m.Index}]
	switch {
	case f == nil:
		e.unpredicted++
	case !f.used:
		f.used = true
		e.used++
	}
	if m.Err != "" {
		return
	}
	if f == nil {
		e.pairs = append(e.pairs, pair{})
		return
	}
	if e.sums[k] == nil {
		e.sums[k] = &sums{}
	}
	e.pairs = append(e.pairs, e.sums[k].add(m, f, reference))
}

// branch takes a job in that is a DAG.
func (e *engine) branch(m *Chain) {
	f := e.known[key{m.Model, m.Index}]
	if f == nil || m.Err != "" {
		return
	}
	b := e.branches[m.Model]
	if b == nil {
		b = &branches{}
		e.branches[m.Model] = b
	}
	b.add(m, f)
}

func (c *Collector) check(m *Chain) error {
	if len(c.counts) > 0 && m.Policy != c.policy {
		return fmt.Errorf("%w: the rows are of the policies %q and %q; compare each with its own predictions",
			ErrInput, c.policy, m.Policy)
	}
	wrong := bad(m.Total, m.Network, m.Processing, m.HostLate, m.Late) || m.Start < 0
	wrong = wrong || bad(m.Weight) || m.Weight > mostWeight
	wrong = wrong || m.Index != int(int32(m.Index)) || m.Length != int(int32(m.Length))
	for i := range m.Steps {
		wrong = wrong || bad(m.Steps[i].Duration, m.Steps[i].Started) || !(math.Abs(m.Steps[i].Begin) <= longest)
	}
	if m.Err == "" && wrong {
		return fmt.Errorf("%w: %s %d (%s): a measured time is negative or no number of seconds, or its weight is none",
			ErrInput, m.Model, m.Index, m.Job)
	}
	return nil
}

// longest and shortest bound a time other than 0, in seconds. Beyond them squares and ratios are no numbers.
const longest, shortest = 1e9, 1e-30

func bad(times ...float64) bool {
	return slices.ContainsFunc(times, func(t float64) bool { return !(t >= 0 && t <= longest) || t > 0 && t < shortest })
}

// badSteps says whether a prediction has a step that begins or ends at no possible time.
func badSteps(steps []predict.StepPrediction) bool {
	return slices.ContainsFunc(steps, func(s predict.StepPrediction) bool {
		return !(math.Abs(s.Start) <= longest && math.Abs(s.End) <= longest)
	})
}

// sortedKeys orders groups by model, as the catalogue lists them, and length.
func sortedKeys[V any](c *catalogue.Catalogue, groups map[groupKey]V) []groupKey {
	place := func(m plan.Model) int { return c.Index(catalogue.Models, string(m)) }
	var keys []groupKey
	for k := range groups {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b groupKey) int {
		return cmp.Or(
			cmp.Compare(place(a.model), place(b.model)), cmp.Compare(a.model, b.model), cmp.Compare(a.length, b.length),
		)
	})
	return keys
}
