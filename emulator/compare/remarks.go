package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"testbed/emulator/record"
)

// exits say how a run ended that did not end well.
var exits = map[string]string{
	record.Interrupted: "was interrupted", record.Failed: "has failed", record.Running: "was killed, or has not ended",
}

// ended says how a run ended; empty: well, or that is not known.
func (r *Run) ended() string {
	if r.Exit == record.OK || r.Exit == "" {
		return ""
	}
	if words, known := exits[r.Exit]; known {
		return words
	}
	return fmt.Sprintf("ended as %.20q", r.Exit)
}

// Remark is what is to be known of a run before its figures are used: its verdict on itself, with the weightiest
// reason, where that is not green, and how it ended where it did not end well. It is empty where there is nothing to
// be said.
func (r *Run) Remark() string {
	var parts []string
	switch v := r.Validity; {
	case v == nil:
		parts = append(parts, "has no verdict on itself")
	case v.Verdict != record.Green:
		text := fmt.Sprintf("judges itself %.20s", v.Verdict)
		if n := len(v.Reasons); n > 0 {
			text += ": " + v.Reasons[0]
			if n > 1 {
				text += fmt.Sprintf(" (and %d more)", n-1)
			}
		}
		parts = append(parts, text)
	}
	if words := r.ended(); words != "" {
		parts = append(parts, words)
	}
	if len(parts) == 0 {
		return ""
	}
	return "The run " + strings.Join(parts, "; it ")
}

// WriteRemark prints a run's remark, if there is one.
func WriteRemark(w io.Writer, r *Run) error {
	p := &printer{w: w}
	if text := r.Remark(); text != "" {
		p.paragraph(text)
	}
	return p.err
}

// list names the runs, with what tells them apart.
func (p *printer) list(all []*Run) {
	differ := func(of func(*Run) string) bool {
		return slices.ContainsFunc(all, func(r *Run) bool { return of(r) != of(all[0]) })
	}
	versions := differ(func(r *Run) string { return r.Version })
	kernels := differ(func(r *Run) string { return r.Kernel })
	for i, r := range all {
		text := fmt.Sprintf("%d: %s (scenario %s, seed %d, fabric %s, runtime %s",
			i+1, r.Name, or(r.Scenario, "?"), r.Seed, or(r.Fabric, "?"), or(r.Runtime, "?"))
		if versions {
			text += ", version " + or(r.Version, "?")
		}
		if kernels {
			text += ", kernel " + or(r.Kernel, "?")
		}
		switch {
		case r.Validity == nil:
			text += ", no verdict on itself"
		case r.Validity.Verdict != record.Green:
			text += ", " + r.Validity.Verdict
		}
		if words := r.ended(); words != "" {
			text += ", " + words
		}
		p.paragraph(text + ")")
	}
}
