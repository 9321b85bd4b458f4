package run

import (
	"fmt"
	"strings"

	"testbed/emulator/record"
)

// What a host adds to a message is some tenths of a millisecond. Beyond mostMessage something else is in it; where it
// is less than nothing by more than blind, which no measurement of links tells from what is right, packets were faster
// than they are to be. Either is in the prediction of each message of each chain. Times are in s.
const (
	mostMessage = 1e-3
	blind       = 50e-6
)

// judgeBasis judges what predictions and measurements are held against: the network that the run found, its links as
// they were measured, and the host's part of a message as it was calibrated.
func judgeBasis(v *record.Validity, m *record.Manifest) {
	if c := m.Changed; c != nil && len(c.Silent) > 0 {
		blame(v, record.Red, "when the run began, %s%s: the scenario does not say so, and no prediction knows of it; "+
			"`testbed link reset` ends it, and events of the scenario can say it", strings.Join(c.Silent, ", "), by(c))
	}
	if m.FidelityError != "" {
		first, rest, _ := strings.Cut(m.FidelityError, "\n")
		if rest != "" {
			first += fmt.Sprintf("; and %d more", 1+strings.Count(rest, "\n"))
		}
		blame(v, record.Amber, "not all links could be measured, and what those were like nobody knows: %s", first)
	}
	judgeMessage(v, m.Overhead)
}

// judgeMessage judges the host's part of a message.
func judgeMessage(v *record.Validity, o *record.Overhead) {
	if o == nil || o.Varies {
		return
	}
	const remedy = "`testbed verify` says whether links are as they should be"
	rest, vague := o.Step-o.Way, o.Vague/4 // the median of a uniform jitter strays, too
	switch {
	case rest < -blind-vague:
		blame(v, record.Amber, "messages from %s to %s, without load, took %.3g ms less than predicted, and no host can "+
			"do that: what is predicted is too long; %s", o.From, o.To, -1e3*rest, remedy)
	case rest > mostMessage+vague:
		blame(v, record.Amber, "messages from %s to %s, without load, took %.3g ms more than predicted, which is in the "+
			"prediction of every message as the host's part: the host was busy, or a link is not as it should be; %s", o.From,
			o.To, 1e3*rest, remedy)
	}
}

// by says who has changed the network, where that is known.
func by(c *record.Changed) string {
	if len(c.By) == 0 {
		return ""
	}
	return " (" + strings.Join(c.By, ", ") + ")"
}
