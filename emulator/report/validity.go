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
		Reasons   []string
	}{Max: 1e3 * v.HostMax, Reasons: v.Reasons}
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
	return html.Validity{Colour: v.Verdict, Text: text}
}
