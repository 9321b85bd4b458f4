package compare

import (
	"math"

	"testbed/emulator/internal/statistics"
	"testbed/emulator/plan"
)

// Order is whether the models are ordered by network latency as the study found.
type Order struct {
	Verdict   Decision   `json:"verdict"` // no or undecided where one relation is; none: none was tested
	Holds     bool       `json:"holds"`   // Verdict is yes
	Relations []Relation `json:"relations"`
}

// Decision is what a measurement says to a statement.
type Decision string

// The decisions.
const (
	Yes       Decision = "yes"
	No        Decision = "no"
	Undecided Decision = "undecided" // it is compatible with both
)

// Relation compares two models' measured mean network latency, chain by chain of those that both models ran, as paired
// data. It is so, or not, where the whole confidence interval of the mean difference says it: > where that lies above
// 0, >= where it does not reach below 0.
type Relation struct {
	Left       plan.Model `json:"left"`
	Relation   string     `json:"relation"`
	Right      plan.Model `json:"right"`
	LeftMean   float64    `json:"left_mean_s"`
	RightMean  float64    `json:"right_mean_s"`
	Difference Interval   `json:"difference"`
	Chains     int        `json:"chains"` // in common
	Verdict    Decision   `json:"verdict"`
	Holds      bool       `json:"holds"` // Verdict is yes
	// ToDecide is how many chains in common would decide an undecided relation, if the mean difference stayed what it is
	// and the interval narrowed with the root of their number; 0: it is decided, or no number would do.
	ToDecide int `json:"chains_to_decide,omitempty"`
}

// relations are the study's order of the models by network latency, and what its authors found of two more.
func relations() []Relation {
	return []Relation{
		{Left: plan.External, Relation: ">", Right: plan.InEdge},
		{Left: plan.InEdge, Relation: ">", Right: plan.InClient},
		{Left: plan.InClient, Relation: ">=", Right: plan.InFunction},
		{Left: plan.PureFaaS, Relation: ">", Right: plan.StatePropagate},
	}
}

// average is the mean of one or several measurements of a chain.
type average struct {
	sum    float64
	n      int
	weight float64 // how many jobs the chain stands for
}

func (a average) mean() float64 { return a.sum / float64(a.n) }

// order tests the relations between models that were both measured.
func (c *Collector) order(members map[groupKey][]int32) Order {
	out := Order{Relations: []Relation{}}
	network := func(i int32) float64 { return c.samples[i].network }
	for _, r := range relations() {
		left, right := members[groupKey{model: r.Left}], members[groupKey{model: r.Right}]
		a, b := c.averages(left, network), c.averages(right, network)
		var as, bs, differences, weights []float64
		for _, i := range left { // in the rows' order, so that the bootstrap is repeatable
			at := c.samples[i].index
			l, ok := a[at]
			r, both := b[at]
			if !ok || !both {
				continue
			}
			as, bs, differences = append(as, l.mean()), append(bs, r.mean()), append(differences, l.mean()-r.mean())
			weights = append(weights, l.weight)
			delete(a, at)
		}
		if len(differences) == 0 {
			continue
		}
		weights = statistics.Alike(weights)
		r.LeftMean, r.RightMean = statistics.WeightedMean(as, weights), statistics.WeightedMean(bs, weights)
		r.Chains = len(differences)
		r.Difference = intervals(c.options, balanced(weights, differences)...)[0]
		r.decide()
		out.Relations = append(out.Relations, r)
	}
	out.decide()
	return out
}

// decide says what the interval of the difference says.
func (r *Relation) decide() {
	d := r.Difference
	switch {
	case d.Low > 0 || r.Relation == ">=" && d.Low >= 0:
		r.Verdict = Yes
	case d.High < 0 || r.Relation == ">" && d.High <= 0:
		r.Verdict = No
	default:
		r.Verdict, r.ToDecide = Undecided, r.needed()
	}
	r.Holds = r.Verdict == Yes
}

// needed is the number of chains with which the interval would not reach 0.
func (r *Relation) needed() int {
	d := r.Difference
	reach := d.Mean - d.Low // towards 0
	if d.Mean < 0 {
		reach = d.High - d.Mean
	}
	n := math.Ceil(float64(r.Chains) * math.Pow(reach/d.Mean, 2))
	if !(n > float64(r.Chains)) || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

// decide says what the relations say together.
func (o *Order) decide() {
	for _, r := range o.Relations {
		switch {
		case r.Verdict == No || o.Verdict == "":
			o.Verdict = r.Verdict
		case o.Verdict == Yes:
			o.Verdict = r.Verdict
		}
	}
	o.Holds = o.Verdict == Yes
}

// averages are samples' values by the index of their job.
func (c *Collector) averages(members []int32, of func(i int32) float64) map[int32]average {
	by := make(map[int32]average, len(members))
	for _, i := range members {
		a := by[c.samples[i].index]
		by[c.samples[i].index] = average{a.sum + of(i), a.n + 1, c.samples[i].weight}
	}
	return by
}

// rank fills in how far measurement and prediction rank the models alike.
func (c *Collector) rank(r *Report, e *engine, members map[groupKey][]int32) {
	measured := [2]func(i int32) float64{
		func(i int32) float64 { return c.samples[i].total }, func(i int32) float64 { return c.samples[i].network },
	}
	predicted := [2]func(i int32) float64{
		func(i int32) float64 { return e.pairs[i].total }, func(i int32) float64 { return e.pairs[i].network },
	}
	for q, name := range quantities[:2] {
		var m, p []float64
		var jobs []ranked
		for i := range r.Models {
			g := &r.Models[i]
			if g.Paired == 0 {
				continue
			}
			m, p = append(m, g.quantity(name).Measured.Mean), append(p, g.quantity(name).Predicted.Mean)
			pairs := e.paired(members[groupKey{model: g.Model}])
			jobs = append(jobs, ranked{c.averages(pairs, measured[q]), c.averages(pairs, predicted[q])})
		}
		tau := kendall(m, p)
		if tau == nil {
			continue
		}
		if q == 0 {
			r.TauTotal = tau
		} else {
			r.TauNetwork = tau
		}
		out := Rank{Quantity: name, Models: len(m), Kendall: *tau, Spearman: spearman(m, p)}
		out.count(jobs)
		r.Ranks = append(r.Ranks, out)
	}
}

func (e *engine) paired(members []int32) []int32 {
	var out []int32
	for _, i := range members {
		if e.pairs[i].known {
			out = append(out, i)
		}
	}
	return out
}

// ranked are one model's chains, by job.
type ranked struct{ measured, predicted map[int32]average }

// count compares the models' order job by job.
func (r *Rank) count(models []ranked) {
	for job := range models[0].measured {
		m, p := make([]float64, 0, len(models)), make([]float64, 0, len(models))
		for _, of := range models {
			if a, ok := of.measured[job]; ok {
				m, p = append(m, a.mean()), append(p, of.predicted[job].mean())
			}
		}
		if len(m) < len(models) {
			continue
		}
		pairs, concordant := agree(m, p)
		r.Jobs++
		r.Pairs += pairs
		r.Concordant += concordant
		if pairs == concordant {
			r.SameOrder++
		}
	}
	if r.Jobs > 0 {
		r.Agreement = float64(r.SameOrder) / float64(r.Jobs)
	}
}

// agree counts the pairs of models, and those that are measured in the predicted order.
func agree(measured, predicted []float64) (pairs, concordant int) {
	for i := range measured {
		for j := range i {
			pairs++
			p, m := predicted[i]-predicted[j], measured[i]-measured[j]
			if math.Abs(p) <= EqualPrediction*math.Max(predicted[i], predicted[j]) || p*m > 0 {
				concordant++
			}
		}
	}
	return pairs, concordant
}
