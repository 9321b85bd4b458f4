package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/plan"
	"testbed/emulator/record"
)

// ErrCondition is wrapped by errors about conditions that cannot be read or evaluated.
var ErrCondition = errors.New("not a condition")

// Condition is what --fail-if takes: [ENGINE:][MODEL.][QUANTITY.]METRIC OPERATOR NUMBER[UNIT], for instance
//
//	error.median > 10%
//	transport:error.median > 10%
//	in-edge.network.error.p95 >= 0.25
//	measured.p95 > 300ms
//	states.failed > 0
//
// Without an engine it is about every predictor, without a model about every model, without a quantity
// (total, network, processing) about total.
//
// difference.mean, .low and .high with a time are measured less predicted; with % they are between runs: by
// how much the mean measured is above (or, negative, below) that of the first run, and the bounds of its interval:
//
//	difference.mean > 5%
//	in-edge.difference.low > 5%
//
// late is how many chains started more than 5 ms after they were due, late.max by how much at most, and due.mean,
// .median and .p95 are latencies from when they were due:
//
//	late > 0
//	due.p95 > 300ms
//
// host.late.p50, .p99 and .max are how late packets were, host.lost how many the host lost, host.disturbed how many
// chains it disturbed, verdict what the run says of itself, from green over amber to red: of the whole run.
//
//	host.late.p99 > 0.2ms
//	verdict >= amber
type Condition struct {
	text     string
	engine   string     // empty: every predictor
	model    plan.Model // empty: every model
	quantity string
	metric   string
	operator string
	between  bool    // of runs
	value    float64 // ratio, seconds, count, or place in verdicts
}

// Between says whether the condition is about the difference between runs: it needs two at least.
func (c Condition) Between() bool { return c.between }

// String is the condition as it was written.
func (c Condition) String() string { return c.text }

// Violation is one model, or one report, of which a condition is true.
type Violation struct {
	Condition Condition
	Run       string // empty: the condition was checked for one run's reports
	Engine    string
	Model     plan.Model // empty: the condition is about the whole report
	Value     float64    // in the condition's base unit: ratio, seconds, count or place in verdicts
}

func (v Violation) String() string {
	where := strings.Join(strings.Fields(v.Run+" "+v.Engine+" "+string(v.Model)), " ")
	if where != "" {
		where += ": "
	}
	return fmt.Sprintf("%s%s (it is %s)", where, v.Condition, render(v.Value, v.Condition.kind()))
}

// kind is what a metric is counted in.
type kind int

const (
	unknown kind = iota
	ratio        // of a quantity
	seconds      // of a quantity
	count        // of a model
	span         // seconds, of a model
	whole        // of the report
	colour       // of the run: a verdict
)

// verdicts are what a run can say of itself, the best first.
var verdicts = []string{record.Green, record.Amber, record.Red}

var quantities = []string{"total", "network", "processing"}

var (
	ofQuantity = map[string]func(*Quantity) float64{
		"error.median":     func(q *Quantity) float64 { return q.Error.Median },
		"error.mean":       func(q *Quantity) float64 { return q.Error.Mean },
		"error.p95":        func(q *Quantity) float64 { return q.Error.P95 },
		"bias":             func(q *Quantity) float64 { return q.Error.Bias },
		"measured.mean":    func(q *Quantity) float64 { return q.Measured.Mean },
		"measured.median":  func(q *Quantity) float64 { return q.Measured.Median },
		"measured.p95":     func(q *Quantity) float64 { return q.Measured.P95 },
		"predicted.mean":   func(q *Quantity) float64 { return q.Predicted.Mean },
		"predicted.median": func(q *Quantity) float64 { return q.Predicted.Median },
		"predicted.p95":    func(q *Quantity) float64 { return q.Predicted.P95 },
		"difference.mean":  func(q *Quantity) float64 { return q.Difference.Mean },
		"difference.low":   func(q *Quantity) float64 { return q.Difference.Low },
		"difference.high":  func(q *Quantity) float64 { return q.Difference.High },
	}
	betweenRuns = map[string]func(*Share) float64{
		"difference.mean": func(s *Share) float64 { return s.Ratio - 1 },
		"difference.low":  func(s *Share) float64 { return s.Low - 1 },
		"difference.high": func(s *Share) float64 { return s.High - 1 },
	}
	ofModel = map[string]func(*Group) float64{
		"chains":         func(g *Group) float64 { return float64(g.Chains) },
		"late":           func(g *Group) float64 { return float64(g.Late) },
		"errors":         func(g *Group) float64 { return float64(g.Errors) },
		"paired":         func(g *Group) float64 { return float64(g.Paired) },
		"states.checked": func(g *Group) float64 { return float64(g.States.Checked) },
		"states.passed":  func(g *Group) float64 { return float64(g.States.Passed) },
		"states.failed":  func(g *Group) float64 { return float64(g.States.Failed) },
	}
	ofStarts = map[string]func(*Group) float64{
		"late.max":   func(g *Group) float64 { return g.LateMax },
		"due.mean":   func(g *Group) float64 { return g.sinceDue().Mean },
		"due.median": func(g *Group) float64 { return g.sinceDue().Median },
		"due.p95":    func(g *Group) float64 { return g.sinceDue().P95 },
	}
	ofReport = map[string]func(*Report) float64{
		"order.violations": func(r *Report) float64 { return float64(r.Order.violations()) },
		"unpredicted":      func(r *Report) float64 { return float64(r.Unpredicted) },
		"unmeasured":       func(r *Report) float64 { return float64(r.Unmeasured) },
		"rank.total":       func(r *Report) float64 { return tau(r.TauTotal) },
		"rank.network":     func(r *Report) float64 { return tau(r.TauNetwork) },
	}
)

func tau(t *float64) float64 {
	if t == nil {
		return math.NaN()
	}
	return *t
}

func (o Order) violations() int {
	n := 0
	for _, r := range o.Relations {
		if r.Verdict == No {
			n++
		}
	}
	return n
}

func kindOf(metric string) kind {
	switch {
	case ofHost[metric] != nil:
		return hostKind(metric)
	case ofQuantity[metric] != nil && (metric == "bias" || strings.HasPrefix(metric, "error.")):
		return ratio
	case ofQuantity[metric] != nil:
		return seconds
	case ofModel[metric] != nil:
		return count
	case ofStarts[metric] != nil:
		return span
	case ofReport[metric] != nil:
		return whole
	}
	return unknown
}

func (c Condition) kind() kind {
	if c.between {
		return ratio
	}
	return kindOf(c.metric)
}

// Metrics lists the names that conditions may use, sorted.
func Metrics() []string {
	names := hostMetrics()
	for name := range ofQuantity {
		names = append(names, name)
	}
	for name := range ofModel {
		names = append(names, name)
	}
	for name := range ofStarts {
		names = append(names, name)
	}
	for name := range ofReport {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

var conditionForm = lazy.Regexp(
	`^\s*(?:([a-z][a-z0-9-]*):)?([A-Za-z0-9.-]+)\s*(>=|<=|==|!=|>|<)\s*([-+0-9.eE]+|green|amber|red)\s*(%|[a-zµ]*)\s*$`)

// ParseCondition reads a condition about the models that from has. Its errors wrap ErrCondition and say what would be
// right.
func ParseCondition(text string, from *catalogue.Catalogue) (Condition, error) {
	fail := func(format string, args ...any) (Condition, error) {
		return Condition{}, fmt.Errorf("%w: %q: %s", ErrCondition, text, fmt.Sprintf(format, args...))
	}
	parts := conditionForm().FindStringSubmatch(text)
	if parts == nil {
		return fail("write [ENGINE:][MODEL.][QUANTITY.]METRIC OPERATOR NUMBER[UNIT], such as error.median > 10%%")
	}
	c := Condition{text: strings.TrimSpace(text), engine: parts[1], operator: parts[3], quantity: "total"}
	name := strings.ToLower(parts[2])
	if first, rest, ok := strings.Cut(name, "."); ok {
		if from.Has(catalogue.Models, first) {
			c.model, name = plan.Model(first), rest
		}
	}
	first, rest, _ := strings.Cut(name, ".")
	given := slices.Contains(quantities, first)
	if given {
		c.quantity, name = first, rest
	}
	c.metric = name
	k := kindOf(name)
	switch before := c.notOfRun(given); {
	case k == unknown:
		return fail("unknown metric %q; write one of %s", name, strings.Join(Metrics(), ", "))
	case c.ofRun() && before != "":
		return fail("%s is of the whole run: leave %q out", name, before)
	case given && (k == count || k == span || k == whole):
		return fail("%s is not of a quantity: leave %q out", name, first)
	case c.model != "" && k == whole:
		return fail("%s is not of a model: leave %q out", name, c.model)
	}
	if k == colour {
		if c.value = float64(slices.Index(verdicts, parts[4])); c.value < 0 || parts[5] != "" {
			return fail("%q is no verdict; write one of %s", parts[4]+parts[5], strings.Join(verdicts, ", "))
		}
		return c, nil
	}
	number, err := strconv.ParseFloat(parts[4], 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return fail("%q is not a number", parts[4])
	}
	if c.between = parts[5] == "%" && betweenRuns[name] != nil; c.between {
		k = ratio
		if c.engine != "" {
			return fail("a difference between runs is not of a predictor: leave %q out", c.engine)
		}
	}
	scale, err := scaleOf(parts[5], k)
	if err != nil {
		return fail("%v", err)
	}
	c.value = number * scale
	return c, nil
}

// scaleOf is what a unit multiplies its number with to reach the kind's base unit.
func scaleOf(unit string, k kind) (float64, error) {
	switch k {
	case ratio:
		if s, ok := map[string]float64{"%": 0.01, "": 1}[unit]; ok {
			return s, nil
		}
		return 0, fmt.Errorf("the unit %q; write %% or, for a plain ratio, nothing", unit)
	case seconds, span:
		if s, ok := map[string]float64{"s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}[unit]; ok {
			return s, nil
		}
		return 0, fmt.Errorf("the unit %q; a time needs s, ms or us", unit)
	}
	if unit != "" {
		return 0, fmt.Errorf("the unit %q; this is a plain number", unit)
	}
	return 1, nil
}

func render(v float64, k kind) string {
	switch k {
	case ratio:
		return fmt.Sprintf("%.2f%%", 100*v)
	case seconds, span:
		return fmt.Sprintf("%.3f ms", 1000*v)
	case colour:
		if at := int(v); at >= 0 && at < len(verdicts) {
			return verdicts[at]
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
