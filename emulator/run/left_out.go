package run

import (
	"fmt"
	"strings"
	"time"

	"testbed/emulator/predict"
	"testbed/emulator/resolved"
)

// LeftOut says which failures predictions of the scenario's chains know nothing of: a chain fails that needs a host
// which is down and does not come back, or that takes longer than the replay allows.
func LeftOut(e *resolved.Scenario, predictions []predict.Prediction) (notes []string) {
	const most = 5
	_, gone := outages(e)
	var names []string
	for _, node := range e.Topology.Attached() {
		if at, is := gone[node]; is {
			names = append(names, fmt.Sprintf("%s (at %v)", e.Topology.Vertices[node].Name, at))
		}
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	if len(names) > 0 {
		notes = append(notes, "these go down, do not come back, and are predicted as if they stayed up; chains that "+
			"need them then fail: "+strings.Join(names, ", "))
	}
	timeout := e.Source.Replay.Timeout
	for _, m := range e.Models {
		late := 0
		for i := range predictions {
			if p := &predictions[i]; p.Model == m && p.Total > timeout.Seconds() {
				late++
			}
		}
		if late > 0 {
			notes = append(notes, fmt.Sprintf("chains of %s that are predicted to take longer than replay.timeout (%v) fail "+
				"when it is over: %d of them", m, timeout.Round(time.Millisecond), late))
		}
	}
	return notes
}
