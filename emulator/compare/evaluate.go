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
		if k == count {
			v.Value = ofModel[c.metric](g)
		} else {
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
	case strings.HasPrefix(c.metric, "measured."):
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
