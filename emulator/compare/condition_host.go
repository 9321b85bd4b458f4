package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"testbed/emulator/record"
)

// ofHost are the metrics of a run's verdict on itself: what the host, on which testbed runs, had to do with what was
// measured. Times are in seconds. Where a number is known between bounds only, they differ.
var ofHost = map[string]func(*record.Validity) (low, high float64, missing string){
	"host.late.p50": late(func(l *lateness) float64 { return l.p50 }),
	"host.late.p99": late(func(l *lateness) float64 { return l.p99 }),
	"host.late.max": late(func(l *lateness) float64 { return l.most }),
	"host.lost": func(v *record.Validity) (low, high float64, missing string) {
		lost := v.Lost
		switch {
		case v.Fabric != nil:
			lost = v.Fabric.Lost
		case v.Canary == nil && v.CanaryError == "": // of a version that did not count them
			return 0, 0, silent
		}
		return float64(lost), float64(lost), ""
	},
	"host.disturbed": func(v *record.Validity) (low, high float64, missing string) {
		if v.Chains == 0 {
			return 0, 0, "no chain came to its end"
		}
		return float64(v.Disturbed), float64(v.Disturbed + v.Unwatched), ""
	},
	ofVerdict: func(v *record.Validity) (low, high float64, missing string) {
		at := slices.Index(verdicts, v.Verdict)
		if at < 0 {
			return 0, 0, fmt.Sprintf("the run says %.20q of itself", v.Verdict)
		}
		return float64(at), float64(at), ""
	},
}

const (
	ofVerdict = "verdict"

	hostLate = "host.late."
	silent   = "the fabric did not tell of its lateness"
)

// lateness is by how much packets were late: those of the fabric or, where it does not tell, the canary's probes.
type lateness struct{ p50, p99, most float64 }

func late(of func(*lateness) float64) func(*record.Validity) (low, high float64, missing string) {
	return func(v *record.Validity) (low, high float64, missing string) {
		var l lateness
		switch {
		case v.Fabric != nil && v.Fabric.Packets == 0:
			return 0, 0, "the fabric has carried no packet"
		case v.Fabric != nil:
			l = lateness{v.Fabric.LateP50, v.Fabric.LateP99, v.Fabric.LateMax}
		case v.Canary != nil && v.Canary.Probes > 0:
			l = lateness{v.Canary.LateP50, v.Canary.LateP99, v.Canary.LateMax}
		default:
			return 0, 0, silent
		}
		return of(&l), of(&l), ""
	}
}

// ofRun says whether the condition is about the host of a run, and not about its reports.
func (c Condition) ofRun() bool { return ofHost[c.metric] != nil }

// notOfRun says what stands before a metric that is of the whole run; empty: nothing.
func (c Condition) notOfRun(quantity bool) string {
	switch {
	case c.engine != "":
		return c.engine
	case c.model != "":
		return string(c.model)
	case quantity:
		return c.quantity
	}
	return ""
}

// CheckRun finds all of a run of which the condition is true: the run itself where it is about the host, otherwise
// models and reports. It fails as Check does, and where the run does not know what the condition is about.
func (c Condition) CheckRun(r *Run) ([]Violation, error) {
	if !c.ofRun() {
		return c.Check(r.Reports)
	}
	if r.Validity == nil {
		return nil, fmt.Errorf("%w: %q: the run has no verdict on itself; it was cut short, or made by an older version",
			ErrCondition, c.text)
	}
	low, high, missing := ofHost[c.metric](r.Validity)
	if missing != "" {
		return nil, fmt.Errorf("%w: %q: %s", ErrCondition, c.text, missing)
	}
	exact := c.operator == "==" || c.operator == "!="
	is := compare(low, c.operator, c.value)
	if low != high && (exact || is != compare(high, c.operator, c.value)) {
		return nil, fmt.Errorf("%w: %q: it is between %s and %s, for of the others the host's part is not known",
			ErrCondition, c.text, render(low, c.kind()), render(high, c.kind()))
	}
	if !is {
		return nil, nil
	}
	return []Violation{{Condition: c, Value: low}}, nil
}

func hostKind(metric string) kind {
	switch {
	case metric == ofVerdict:
		return colour
	case strings.HasPrefix(metric, hostLate):
		return seconds
	}
	return whole
}

// hostMetrics are the names of ofHost.
func hostMetrics() []string { return slices.Collect(maps.Keys(ofHost)) }
