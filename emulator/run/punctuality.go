package run

import (
	"fmt"

	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
	"testbed/emulator/replay"
)

// leastGap is the mean time between starts, in s, that a host is held to at least: beginning a chain takes some of it.
const leastGap = 1e-3

// judgeStarts judges whether a model's chains began when they were due: those that did not met another load than the
// one that the arrival process says, and that was predicted.
// Who allows the host more of a chain than usual allows as many to be late.
func judgeStarts(v *record.Validity, c *record.ModelCounts) {
	begun, allowed := c.Done+c.Failed+c.Lost, tolerable
	if v.Share > replay.DefaultShare {
		allowed = v.Share
	}
	bunched := c.Gap > 0 && c.LateMean > max(c.Gap, leastGap)
	if c.Late == 0 && !bunched {
		return
	}
	verdict := record.Amber
	text := fmt.Sprintf("%s: %d of %s began more than %.3g ms after they were due, by %.3g s at most", c.Model,
		c.Late, printable.Count(begun, "chain"), 1e3*record.LateStart, c.LateMax)
	if bunched {
		text += fmt.Sprintf(", and all by %.3g ms on average, where one is due each %.3g ms", 1e3*c.LateMean, 1e3*c.Gap)
	}
	if bunched && allowed < 1 || float64(c.Late) > allowed*float64(begun) {
		verdict = record.Red
		text += ": the load was not the one that was wanted"
	}
	blame(v, verdict, "%s", text)
}
