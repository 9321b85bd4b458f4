package record

import (
	"strconv"
	"strings"

	"testbed/emulator/record/lineprotocol"
)

// roleStart is the role of steps that wait for an instance of a function.
const roleStart = "start"

// The measurements.
const (
	chainMeasurement = "chain"
	stepMeasurement  = "step"
	linkMeasurement  = "link"
	hostMeasurement  = "host"

	// Of attempts that were disturbed and repeated.
	attemptMeasurement     = "attempt"
	attemptStepMeasurement = "attempt_step"
)

func (t Tags) point(measurement string) lineprotocol.Point {
	own := map[string]string{
		"run": t.Run, "testbed": t.Testbed, "scenario": t.Scenario, "model": t.Model, "policy": t.Policy,
		"fabric": t.Fabric, "runtime": t.Runtime, "client_class": t.ClientClass, "length": strconv.Itoa(t.Length),
	}
	return lineprotocol.Point{Measurement: measurement, Fields: map[string]any{}, Tags: tagged(t.Factors, own)}
}

// tagged are tags with those of the factors beside them.
func tagged(factors, tags map[string]string) map[string]string {
	for name, value := range factors {
		_, taken := tags[name]
		if value = oneLine(value); value != "" && !taken { // a tag has a value
			tags[name] = value
		}
	}
	return tags
}

// Point is the chain in line protocol. The job and the client's name are fields, not tags, for a database
// keeps an index of all tags' values.
func (c *Chain) Point() lineprotocol.Point {
	measurement := chainMeasurement
	if c.Superseded {
		measurement = attemptMeasurement
	}
	p := c.Tags.point(measurement)
	p.Time = c.Time
	if c.Machine != "" {
		p.Tags["machine"] = c.Machine
	}
	p.Fields = map[string]any{
		"index": int64(c.Index), "job": c.Job, "client": c.Client, "start_ns": c.Start,
		"latency_s": c.Measured.Latency, "network_s": c.Measured.Network, "processing_s": c.Measured.Processing,
		"bytes": c.Bytes, "states": int64(c.States), "lost": int64(c.Lost), "conflicts": int64(c.Conflicts),
		"retries": int64(c.Retries), "cold": int64(c.Cold), "late_s": c.Late, "ok": c.OK(),
		"attempt": int64(max(c.Attempt, 1)), "disturbed": c.Disturbed,
		"weight": c.Stands(),
	}
	if h := c.Host; h != nil {
		p.Fields["host_late_s"], p.Fields["host_late_nodes_s"] = h.All, h.Nodes
		if h.FabricKnown {
			p.Fields["host_late_fabric_s"] = h.Fabric
		}
	}
	if c.Picked > 0 {
		p.Fields["picked"], p.Fields["picked_as_predicted"] = int64(c.Picked), int64(c.Foreseen)
	}
	if c.Scaled {
		p.Fields["starts"], p.Fields["start_s"] = int64(c.Starts), c.Measured.Start
	}
	c.programFields(p.Fields)
	if c.Error != "" {
		p.Fields["error"] = oneLine(c.Error)
	}
	if c.Predicted != nil {
		p.Fields["predicted_latency_s"] = c.Predicted.Latency
		p.Fields["predicted_network_s"] = c.Predicted.Network
		p.Fields["predicted_processing_s"] = c.Predicted.Processing
		if c.Scaled {
			p.Fields["predicted_start_s"] = c.Predicted.Start
		}
	}
	// Errors are measured less predicted. The reader works them out again.
	if c.Predicted != nil && c.Measured.Latency > 0 {
		p.Fields["latency_error_s"] = c.Measured.Latency - c.Predicted.Latency
		p.Fields["network_error_s"] = c.Measured.Network - c.Predicted.Network
		p.Fields["processing_error_s"] = c.Measured.Processing - c.Predicted.Processing
	}
	return p
}

// Point is the step in line protocol. Its index is a tag, for steps may begin at the same moment.
func (s *Step) Point() lineprotocol.Point {
	measurement := stepMeasurement
	if s.Superseded {
		measurement = attemptStepMeasurement
	}
	p := s.Tags.point(measurement)
	p.Time = s.Time
	p.Tags["role"], p.Tags["step"] = s.Role, strconv.Itoa(s.Index)
	p.Fields = map[string]any{
		"chain": int64(s.Chain), "job": s.Job, "task": int64(s.Task), "from": s.From, "to": s.To, "bytes": s.Bytes,
		"ops": s.Ops, "offset_s": s.Offset, "duration_s": s.Duration, "remote_s": s.Remote,
	}
	if s.Retries > 0 {
		p.Fields["retries"] = int64(s.Retries)
	}
	if s.Role == roleStart {
		p.Fields["start_s"] = s.Start
	}
	if s.Moved > 0 || s.Held > 0 {
		p.Fields["held_s"], p.Fields["moved"] = s.Held, int64(s.Moved)
	}
	if s.FromMachine != "" {
		p.Fields["from_machine"], p.Fields["to_machine"] = s.FromMachine, s.ToMachine
	}
	if s.ClockError > 0 {
		p.Fields["clock_error_s"] = s.ClockError
	}
	if s.Predicted != nil {
		p.Fields["predicted_s"] = *s.Predicted
		p.Fields["error_s"] = s.Duration - *s.Predicted
	}
	return p
}

// series tells apart what a database tells apart by tags within one run: chains (part 0) and steps (1+index).
func (t Tags) series(role string, part int) string {
	return strings.Join([]string{t.Run, t.Model, t.Policy, t.ClientClass, strconv.Itoa(t.Length), role, strconv.Itoa(part),
		t.Testbed, t.Scenario, t.Fabric, t.Runtime}, "\x00")
}
