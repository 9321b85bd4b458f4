package cli

import (
	"bytes"
	"strings"
	"testing"

	"testbed/emulator/verify"
)

// What was not measured is shown with its reason, and is no failure; what is off is one.
func TestFindings(t *testing.T) {
	findings := []verify.Finding{
		{
			Probe: "rtt", Link: "up1", Class: "dsl", From: "a", To: "b", Target: 0.02, Measured: 0.0201, Tail: 0.021,
			Error: 0.0001, Verdict: "ok", OK: true,
		},
		{
			Probe: "rate", Link: "up1", Class: "dsl", From: "a", To: "b", Target: 5e6, Measured: 4e6, Error: -0.2,
			Verdict: "ok: at most the target", OK: true, Bound: true,
		},
		{Link: "up2, up3", Class: "dsl", Verdict: "not measured: the link is down", Skipped: true},
	}
	var out bytes.Buffer
	s := &State{Stdout: &out, Stderr: &out}
	printFindings(s, findings, func(id string) string { return id })
	for _, want := range []string{
		"20.100 ms", "+0.100 ms", "<= 5.00 Mbps", "4.00 Mbps", "up2, up3", "not measured: the link is down",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), " 0.00 Mbps") || strings.Contains(out.String(), " 0.000 ms") {
		t.Errorf("figures of what was not measured:\n%s", out.String())
	}
	if err := verdict(findings); err != nil {
		t.Errorf("nothing is off: %v", err)
	}
	if err := verdict(findings[2:]); err == nil || !strings.Contains(err.Error(), "nothing was measured") {
		t.Errorf("nothing was measured: %v", err)
	}
	unsteady := verify.Finding{Probe: "rate", Link: "up1", Class: "dsl", From: "a", To: "b",
		Verdict: "not measured: unsteady", Unmeasured: true}
	out.Reset()
	printFindings(s, []verify.Finding{unsteady}, func(id string) string { return id })
	if strings.Contains(out.String(), " 0.00 Mbps") || !strings.Contains(out.String(), "not measured: unsteady") {
		t.Errorf("what could not be measured:\n%s", out.String())
	}
	for _, all := range [][]verify.Finding{{unsteady}, append([]verify.Finding{unsteady}, findings...)} {
		err := verdict(all)
		if code, _ := exitCode(err); code != ExitCheck || !strings.Contains(err.Error(), "1 of what should be measurable") {
			t.Errorf("what should be measurable was not: %v", err)
		}
	}
	findings[1].OK = false
	err := verdict(findings)
	if code, _ := exitCode(err); err == nil || code != ExitCheck || !strings.Contains(err.Error(), "1 of 2 ") {
		t.Errorf("%v", err)
	}
}
