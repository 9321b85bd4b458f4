package record

import (
	"time"

	"testbed/emulator/record/lineprotocol"
)

// Attempt is an attempt at a chain that the host disturbed, and that was made again.
type Attempt struct {
	Model   string
	Index   int // of the chain's job in the workload
	End     time.Time
	Latency float64 // s
	Late    float64 // s, at most what the host has added to it
}

// ReadAttempts calls each for every such attempt in samples.lp, like ReadLinks.
func ReadAttempts(path string, each func(Attempt) error) error {
	return readPoints(path, func(p lineprotocol.Point) error {
		return each(Attempt{Model: p.Tags["model"], Index: int(p.Int("index")), End: p.Time.UTC(),
			Latency: p.Number("latency_s"), Late: p.Number("host_late_s")})
	}, attemptMeasurement)
}
