package compare

import (
	"errors"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

func TestConditions(t *testing.T) {
	reports := twoEngines(t)
	for text, want := range map[string]int{
		"error.median > 10%":           0, // total
		"network.error.median > 10%":   4, // statesim's four
		"network.error.median>=0.1999": 4,

		"statesim:network.error.median > 10%":  4,
		"transport:network.error.median > 10%": 0,

		"in-edge.network.error.p95 > 10%":  1,
		"external.network.error.p95 > 21%": 0,
		"network.bias < 0":                 0,
		"measured.mean > 1ms":              8,
		"measured.p95 < 1us":               0,
		"network.difference.mean > 20 ms":  4,
		"states.failed > 0":                2,
		"in-edge.states.failed == 1":       2,
		"errors != 0":                      2,
		"chains < 20":                      0,
		"order.violations > 0":             0,
		"rank.total < 1":                   0,
		"unpredicted > 0":                  0,
		"Network.Error.Mean > 1e-1":        4,
	} {
		c, err := ParseCondition(text, builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		found, err := c.Check(reports)
		if err != nil || len(found) != want {
			t.Errorf("%s: %d violations, want %d: %v %v", text, len(found), want, found, err)
		}
	}
	if c, err := ParseCondition("oracle:error.median > 10%", builtin.Catalogue()); err != nil {
		t.Error(err)
	} else if _, err := c.Check(reports); !errors.Is(err, ErrCondition) {
		t.Errorf("a predictor that did not predict passes for one without errors: %v", err)
	}
	c, _ := ParseCondition("in-edge.network.error.median > 10%", builtin.Catalogue())
	found, _ := c.Check(reports)
	if got := found[0].String(); got != "statesim in-edge: in-edge.network.error.median > 10% (it is 20.00%)" {
		t.Error(got)
	}
}

func TestConditionSyntax(t *testing.T) {
	for text, hint := range map[string]string{
		"": "METRIC OPERATOR", "error.median": "METRIC OPERATOR", "error.median > ": "METRIC OPERATOR",
		"error.median => 3": "METRIC OPERATOR", "error.media > 3%": "error.median", "error.median > 3ms": "write %",
		"measured.mean > 3": "ms", "measured.mean > 3%": "ms", "errors > 3%": "plain number",
		"network.errors > 3": "leave", "in-edge.order.violations > 0": "leave", "error.median > 1.2.3": "not a number",
		"host.late.p99 > 0.2": "ms", "host.late.p99 > 2%": "ms", "host.lost > 1ms": "plain number",
		"in-edge.host.late.p99 > 1ms": "whole run", "network.host.lost > 1": "whole run",
		"transport:host.disturbed > 1": "whole run", "verdict > 1": "one of green, amber, red",
		"verdict > red%":         "no verdict",
		"in-edge.verdict == red": "whole run", "errors > red": "not a number", "late > 1ms": "plain number",
		"late.max > 1": "ms", "network.due.p95 > 1s": "leave", "network.late > 1": "leave",
		"host.late > 1ms": "host.late.max",

		"error.median > 1e999": "not a number", "nomodel.error.median > 1%": "unknown metric",
	} {
		_, err := ParseCondition(text, builtin.Catalogue())
		if !errors.Is(err, ErrCondition) || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: %v; want a hint at %q", text, err, hint)
		}
	}
}

// A condition about what was not compared is an error, not a pass.
func TestConditionsOnNothing(t *testing.T) {
	m, p := base(3)
	some := mustCompare(t, m[:3], nil) // external only, without predictions
	for text, reports := range map[string][]*Report{
		"error.median > 10%": {some}, "in-edge.measured.mean > 1s": {some}, "rank.total < 1": {some},
		"order.violations > 0": {some}, "errors > 0": nil,
	} {
		c, err := ParseCondition(text, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if found, err := c.Check(reports); !errors.Is(err, ErrCondition) {
			t.Errorf("%s: %v, %v", text, found, err)
		}
	}
	for i := range m {
		m[i].Err = "failed"
	}
	c, _ := ParseCondition("measured.mean < 1s", builtin.Catalogue())
	if _, err := c.Check([]*Report{mustCompare(t, m, p)}); !errors.Is(err, ErrCondition) {
		t.Errorf("all chains failed: %v", err)
	}
}

func FuzzParseCondition(f *testing.F) {
	f.Add("error.median > 10%")
	f.Add("in-edge.network.measured.p95>=1.5ms")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCondition(text, builtin.Catalogue())
		if err != nil {
			if !errors.Is(err, ErrCondition) {
				t.Fatalf("%v is no ErrCondition", err)
			}
			return
		}
		m, p := base(1)
		if _, err := c.Check([]*Report{mustCompareQuick(m, p)}); err != nil && !errors.Is(err, ErrCondition) {
			t.Fatal(err)
		}
		if c.model != "" && c.model != plan.Model(strings.ToLower(string(c.model))) {
			t.Fatal(c.model)
		}
	})
}

func mustCompareQuick(m []Chain, p []predict.Prediction) *Report {
	r, err := compareOne(m, p, Options{Catalogue: builtin.Catalogue(), Resamples: 2})
	if err != nil {
		panic(err)
	}
	return r
}
