package compare

import (
	"bytes"
	"strings"
	"testing"

	"testbed/emulator/record"
)

// TestRemarks: a run of which something is to be known says so, and no other.
func TestRemarks(t *testing.T) {
	green := &record.Validity{Verdict: record.Green}
	for _, c := range []struct {
		of   Run
		want string
	}{
		{Run{Exit: record.OK, Validity: green}, ""},
		{Run{Exit: record.OK, Validity: &record.Validity{Verdict: record.Red, Reasons: []string{"the network was changed"}}},
			"The run judges itself red: the network was changed"},
		{Run{Exit: record.Interrupted, Validity: &record.Validity{Verdict: record.Amber, Reasons: []string{"a", "b", "c"}}},
			"The run judges itself amber: a (and 2 more); it was interrupted"},
		{Run{Exit: record.Failed, Validity: green}, "The run has failed"},
		{Run{Exit: record.Running}, "The run has no verdict on itself; it was killed, or has not ended"},
		{Run{Exit: record.OK}, "The run has no verdict on itself"},
		{Run{Exit: "what\x1b[2J", Validity: green}, `The run ended as "what\x1b[2J"`},
	} {
		if got := c.of.Remark(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		var text bytes.Buffer
		if err := WriteRemark(&text, &c.of); err != nil || (text.Len() == 0) != (c.want == "") ||
			strings.ContainsRune(text.String(), '\x1b') {
			t.Errorf("%v: %q", err, text.String())
		}
	}
}

// TestRunsThatDifferSaySo: in version, kernel, verdict and how they ended; alike ones say nothing of that.
func TestRunsThatDifferSaySo(t *testing.T) {
	green := &record.Validity{Verdict: record.Green}
	base := Run{Name: "a", Scenario: "s", Fabric: "f", Runtime: "r", Version: "v1", Kernel: "6.1",
		Exit: record.OK, Validity: green}
	with := func(change func(*Run)) *Run {
		r := base
		change(&r)
		return &r
	}
	red := &record.Validity{Verdict: record.Red}
	for _, c := range []struct {
		other         *Run
		first, second string // what follows the runtime
	}{
		{with(func(*Run) {}), ")", ")"},
		{with(func(r *Run) { r.Version = "v2" }), ", version v1)", ", version v2)"},
		{with(func(r *Run) { r.Kernel = "" }), ", kernel 6.1)", ", kernel ?)"},
		{with(func(r *Run) { r.Validity = red }), ")", ", red)"},
		{with(func(r *Run) { r.Validity, r.Exit = nil, record.Interrupted }), ")",
			", no verdict on itself, was interrupted)"},
	} {
		var text bytes.Buffer
		if err := WriteRuns(&text, &Comparison{Runs: []*Run{&base, c.other}}, "total"); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(text.String(), "\n")
		for i, want := range []string{"1: a (scenario s, seed 0, fabric f, runtime r" + c.first,
			"2: a (scenario s, seed 0, fabric f, runtime r" + c.second} {
			if lines[i] != want {
				t.Errorf("%q, want %q", lines[i], want)
			}
		}
	}
}
