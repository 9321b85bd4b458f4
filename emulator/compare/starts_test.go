package compare

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
)

// begun are chains that took 100 ms from their start, and waited for that after they were due, in s.
func begun(waited ...float64) []Chain {
	all := make([]Chain, len(waited))
	for i, w := range waited {
		all[i] = Chain{Index: i, Job: "j", Model: plan.InEdge, Length: 1, Total: 0.1, Late: w}
	}
	return all
}

// TestLatenciesFromWhenChainsWereDue: what a chain waited before it started is no part of its latency, and not left
// out.
func TestLatenciesFromWhenChainsWereDue(t *testing.T) {
	late := begun(0, 0.001, 2, 0.4)
	late[3].Weight = 3
	late = append(late, Chain{Index: 9, Model: plan.InEdge, Length: 1, Late: 7, Err: "failed"})
	g := mustCompare(t, late, nil).Models[0]
	if m := g.Total.Measured; g.Late != 2 || g.LateMax != 2 || g.SinceDue == nil || m.Min != 0.1 || m.Max != 0.1 {
		t.Fatalf("%+v", g)
	}
	// 0.1, 0.101, 2.1 and three times 0.5.
	if s := g.SinceDue; math.Abs(s.Mean-(0.1+0.101+2.1+1.5)/6) > 1e-12 || s.Max != 2.1 || s.Min != 0.1 || s.N != 4 {
		t.Errorf("%+v", s)
	}
	if g := mustCompare(t, begun(0, 0.005, 0.001), nil).Models[0]; g.Late != 0 || g.SinceDue != nil || g.LateMax != 0.005 {
		t.Errorf("in time: %+v", g)
	}
	var text bytes.Buffer
	const want = "in-edge: 2 of 4 chains started more than 5 ms after they were due, by 2000.0 ms at most; from when " +
		"they were due they took 633.5 ms on average, 400.2 at the median and 1900.0 at p95"
	if err := WriteTable(&text, []*Report{mustCompare(t, late, nil)}, "total"); err != nil ||
		!strings.Contains(strings.Join(strings.Fields(text.String()), " "), want) {
		t.Errorf("%v\n%s", err, text.String())
	}
	text.Reset()
	if err := WriteTable(&text, []*Report{mustCompare(t, begun(0, 0.001), nil)}, "total"); err != nil ||
		strings.Contains(text.String(), "due") {
		t.Errorf("in time: %v\n%s", err, text.String())
	}
}

func TestConditionsAboutStarts(t *testing.T) {
	late, inTime := []*Report{mustCompare(t, begun(0, 2), nil)}, []*Report{mustCompare(t, begun(0, 0.001), nil)}
	for _, c := range []struct {
		text string
		of   []*Report
		want string
	}{
		{"late > 0", late, "in-edge: late > 0 (it is 1)"}, {"in-edge.late > 1", late, ""}, {"late > 0", inTime, ""},
		{"late.max >= 2s", late, "in-edge: late.max >= 2s (it is 2000.000 ms)"}, {"late.max > 2ms", inTime, ""},
		{"due.mean > 1s", late, "in-edge: due.mean > 1s (it is 1100.000 ms)"}, {"due.mean > 101 ms", inTime, ""},
		{"due.p95 > 1s", late, "in-edge: due.p95 > 1s (it is 2000.000 ms)"}, {"due.median == 0.1s", inTime,
			"in-edge: due.median == 0.1s (it is 100.000 ms)"},
	} {
		condition, err := ParseCondition(c.text, builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		found, err := condition.Check(c.of)
		got := ""
		for _, v := range found {
			got += v.String()
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	failed := []Chain{{Model: plan.InEdge, Length: 1, Err: "failed"}}
	c, err := ParseCondition("due.p95 > 1s", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check([]*Report{mustCompare(t, failed, nil)}); !errors.Is(err, ErrCondition) {
		t.Errorf("of nothing that was measured: %v", err)
	}
}
