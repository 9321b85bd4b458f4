package compare

import (
	"fmt"
	"math"
	"strings"
)

// Check finds all models and reports of which the condition is true. It fails with ErrCondition where
// there is nothing that it could be true of: the model was not measured, or nothing was predicted of what
// needs a prediction; a run without pairs must not pass for one without errors.
func (c Condition) Check(reports []*Report) ([]Violation, error) {
	var found []Violation
	tested := 0
	switch {
	case c.between:
		return nil, fmt.Errorf("%w: %q is about a difference between runs; "+
			"a time (ms) instead of %% makes it one from the prediction", ErrCondition, c.text)
	case c.ofRun():
		return nil, fmt.Errorf("%w: %q is about a run's host, which no report knows", ErrCondition, c.text)
	}
	for _, r := range reports {
		if c.engine != "" && r.Engine != c.engine {
			continue
		}
		values, err := c.values(r)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			tested++
			if compare(v.Value, c.operator, c.value) {
				found = append(found, v)
			}
		}
	}
	if tested == 0 {
		return nil, fmt.Errorf("%w: %q: no chains were measured%s%s", ErrCondition, c.text, of(string(c.model)), by(c.engine))
	}
	return found, nil
}

// CheckRuns finds all of which the condition is true: in each run's reports, or between the first run and
// the others. It fails with ErrCondition as Check does, and where a difference between runs is asked for
// and there is none.
func (c Condition) CheckRuns(all *Comparison) ([]Violation, error) {
	var found []Violation
	if !c.between {
		for _, r := range all.Runs {
			violations, err := c.CheckRun(r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Name, err)
			}
			for i := range violations {
				if len(all.Runs) > 1 {
					violations[i].Run = r.Name
				}
			}
			found = append(found, violations...)
		}
		return found, nil
	}
	tested := make([]bool, len(all.Runs))
	for i := range all.Differences {
		d := &all.Differences[i]
		if d.Quantity != c.quantity || c.model != "" && d.Model != c.model {
			continue
		}
		tested[d.Number-1] = true
		v := Violation{Condition: c, Run: d.Run, Model: d.Model, Value: betweenRuns[c.metric](&d.Ratio)}
		if compare(v.Value, c.operator, c.value) {
			found = append(found, v)
		}
	}
	if len(all.Runs) < 2 {
		return nil, fmt.Errorf("%w: %q is about a difference between runs: give a second one", ErrCondition, c.text)
	}
	for i := 1; i < len(tested); i++ {
		if !tested[i] {
			return nil, fmt.Errorf("%w: %q: %s and %s have not both measured chains%s",
				ErrCondition, c.text, all.Runs[0].Name, all.Runs[i].Name, of(string(c.model)))
		}
	}
	return found, nil
}

func of(model string) string {
	if model == "" {
		return ""
	}
	return " of the model " + model
}

func by(engine string) string {
	if engine == "" {
		return ""
	}
	return ", or nothing was predicted by " + engine
}

// values are what the condition has to be tested with.
func (c Condition) values(r *Report) ([]Violation, error) {
	value := func(v float64) Violation { return Violation{Condition: c, Engine: r.Engine, Value: v} }
	k := kindOf(c.metric)
	if k == whole {
		v := value(ofReport[c.metric](r))
		if math.IsNaN(v.Value) {
			return nil, fmt.Errorf("%w: %q: fewer than two models were measured and predicted", ErrCondition, c.text)
		}
		if c.metric == "order.violations" && len(r.Order.Relations) == 0 {
			return nil, fmt.Errorf("%w: %q: no two models that the study orders were measured", ErrCondition, c.text)
		}
		return []Violation{v}, nil
	}
	var all []Violation
	for i := range r.Models {
		g := &r.Models[i]
		if c.model != "" && g.Model != c.model {
			continue
		}
		if err := c.defined(g, k); err != nil {
			return nil, err
		}
		v := value(0)
		v.Model = g.Model
		switch k {
		case count:
			v.Value = ofModel[c.metric](g)
		case span:
			v.Value = ofStarts[c.metric](g)
		default:
			v.Value = ofQuantity[c.metric](g.quantity(c.quantity))
		}
		all = append(all, v)
	}
	return all, nil
}

// defined says whether the group has what the condition is about.
func (c Condition) defined(g *Group, k kind) error {
	switch {
	case k == count:
	case g.Chains == g.Errors:
		return fmt.Errorf("%w: %q: every chain of %s failed", ErrCondition, c.text, g.Model)
	case k == span || strings.HasPrefix(c.metric, "measured."):
	case g.Paired == 0:
		return fmt.Errorf("%w: %q: no chain of %s has a prediction", ErrCondition, c.text, g.Model)
	}
	return nil
}

func (g *Group) quantity(name string) *Quantity {
	switch name {
	case "network":
		return &g.Network
	case "processing":
		return &g.Processing
	}
	return &g.Total
}

func compare(value float64, operator string, bound float64) bool {
	switch operator {
	case ">":
		return value > bound
	case ">=":
		return value >= bound
	case "<":
		return value < bound
	case "<=":
		return value <= bound
	case "==":
		return value == bound
	}
	return value != bound
}
