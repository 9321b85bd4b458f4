package record

import (
	"crypto/rand"
	"strings"
	"time"
)

// distinguishing is how many letters and digits of a run's name tell runs apart that begin in the same second,
// wherever their directories are: 30 bits. A run's name is in the key of every state, so two runs on one
// testbed must not share it.
const distinguishing = 6

// RunName is a new name for a run: the scenario's, the time in UTC to the second, and six letters and digits
// that no other run has, such as iiot-20260101T120000Z-7kx2mq. It is a plain file name on any system, and of
// at most 84 bytes.
func RunName(scenario string, now time.Time) string {
	distinction := strings.ToLower(rand.Text()[:distinguishing])
	return safeName(scenario) + "-" + now.UTC().Format("20060102T150405Z") + "-" + distinction
}

// safeName makes a name that is a plain file name on any system.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if name == "" {
		return "run"
	}
	return name[:min(len(name), 60)] // the run's name is part of every state's key
}
