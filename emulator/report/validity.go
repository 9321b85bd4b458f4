package report

import (
	"testbed/emulator/record"
	"testbed/emulator/report/html"
)

// validity is a run's verdict on itself, and why.
func validity(v *record.Validity) html.Validity {
	if v == nil {
		return html.Validity{}
	}
	said := struct {
		Max, Late float64 // ms
		Mean      float64 // %
		Reasons   []string
	}{Max: 1e3 * v.HostMax, Mean: 100 * v.MostAdded(), Reasons: v.Reasons}
	if v.Fabric != nil {
		said.Late = 1e3 * v.Fabric.LateP99
	}
	text := ""
	switch v.Verdict {
	case record.Green:
		text = say("validity.green", said)
	case record.Amber:
		text = say("validity.amber", said)
	case record.Red:
		text = say("validity.red", said)
	}
	return html.Validity{Colour: v.Verdict, Text: text, Host: host(v)}
}

// host says what is known of the host; empty: nothing.
func host(v *record.Validity) string {
	if v.Canary == nil && v.Host == nil {
		return ""
	}
	said := struct {
		Probes           uint64
		Half, Most, Late float64 // ms
		Lost             uint64
		Load             bool
		Processors       int
		Idle, Steal      float64 // %
		CPU              float64
	}{}
	if c := v.Canary; c != nil {
		said.Probes, said.Lost = c.Probes, c.Lost
		said.Half, said.Late, said.Most = 1e3*c.LateP50, 1e3*c.LateP99, 1e3*c.LateMax
	}
	if h := v.Host; h != nil {
		said.Load, said.Processors, said.Idle, said.Steal = true, h.Processors, 100*h.Idle, 100*h.Steal
		if h.CPU != nil {
			said.CPU = 100 * *h.CPU
		}
	}
	return say("validity.host", said)
}
