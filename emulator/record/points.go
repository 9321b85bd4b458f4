package record

import (
	"fmt"
	"strconv"
	"strings"

	"testbed/emulator/record/lineprotocol"
)

// The measurements.
const (
	chainMeasurement = "chain"
	stepMeasurement  = "step"
	linkMeasurement  = "link"
	hostMeasurement  = "host"
)

func (t Tags) point(measurement string) lineprotocol.Point {
	return lineprotocol.Point{Measurement: measurement, Fields: map[string]any{}, Tags: map[string]string{
		"run": t.Run, "testbed": t.Testbed, "scenario": t.Scenario, "model": t.Model, "policy": t.Policy,
		"fabric": t.Fabric, "runtime": t.Runtime, "client_class": t.ClientClass, "length": strconv.Itoa(t.Length),
	}}
}

func tagsOf(p lineprotocol.Point) (Tags, error) {
	length, err := strconv.Atoi(p.Tags["length"])
	if err != nil {
		return Tags{}, fmt.Errorf("tag length: %w", err)
	}
	return Tags{
		Run: p.Tags["run"], Testbed: p.Tags["testbed"], Scenario: p.Tags["scenario"], Model: p.Tags["model"],
		Policy: p.Tags["policy"], Fabric: p.Tags["fabric"], Runtime: p.Tags["runtime"],
		ClientClass: p.Tags["client_class"], Length: length,
	}, nil
}

// Point is the chain in line protocol. The job and the client's name are fields, not tags, for a database
// keeps an index of all tags' values.
func (c *Chain) Point() lineprotocol.Point {
	p := c.Tags.point(chainMeasurement)
	p.Time = c.Time
	p.Fields = map[string]any{
		"index": int64(c.Index), "job": c.Job, "client": c.Client, "start_ns": c.Start,
		"latency_s": c.Measured.Latency, "network_s": c.Measured.Network, "processing_s": c.Measured.Processing,
		"bytes": c.Bytes, "states": int64(c.States), "lost": int64(c.Lost), "conflicts": int64(c.Conflicts),
		"cold": int64(c.Cold), "late_s": c.Late, "ok": c.OK(),
	}
	if c.Error != "" {
		p.Fields["error"] = oneLine(c.Error)
	}
	if c.Predicted != nil {
		p.Fields["predicted_latency_s"] = c.Predicted.Latency
		p.Fields["predicted_network_s"] = c.Predicted.Network
		p.Fields["predicted_processing_s"] = c.Predicted.Processing
	}
	// Errors are measured less predicted. The reader works them out again.
	if c.Predicted != nil && c.Measured.Latency > 0 {
		p.Fields["latency_error_s"] = c.Measured.Latency - c.Predicted.Latency
		p.Fields["network_error_s"] = c.Measured.Network - c.Predicted.Network
		p.Fields["processing_error_s"] = c.Measured.Processing - c.Predicted.Processing
	}
	return p
}

func chainOf(p lineprotocol.Point) (Chain, error) {
	tags, err := tagsOf(p)
	c := Chain{
		Tags: tags, Time: p.Time.UTC(), Index: int(p.Int("index")), Job: p.Text("job"), Client: p.Text("client"),
		Start:    p.Int("start_ns"),
		Measured: Times{p.Number("latency_s"), p.Number("network_s"), p.Number("processing_s")},
		Bytes:    p.Int("bytes"), States: int(p.Int("states")), Lost: int(p.Int("lost")),
		Conflicts: int(p.Int("conflicts")), Cold: int(p.Int("cold")), Late: p.Number("late_s"), Error: p.Text("error"),
	}
	if _, known := p.Fields["predicted_latency_s"]; known {
		c.Predicted = &Times{
			p.Number("predicted_latency_s"), p.Number("predicted_network_s"), p.Number("predicted_processing_s"),
		}
	}
	return c, err
}

// Point is the step in line protocol. Its index is a tag, for steps may begin at the same moment.
func (s *Step) Point() lineprotocol.Point {
	p := s.Tags.point(stepMeasurement)
	p.Time = s.Time
	p.Tags["role"], p.Tags["step"] = s.Role, strconv.Itoa(s.Index)
	p.Fields = map[string]any{
		"chain": int64(s.Chain), "job": s.Job, "task": int64(s.Task), "from": s.From, "to": s.To, "bytes": s.Bytes,
		"ops": s.Ops, "offset_s": s.Offset, "duration_s": s.Duration, "remote_s": s.Remote,
	}
	if s.Predicted != nil {
		p.Fields["predicted_s"] = *s.Predicted
		p.Fields["error_s"] = s.Duration - *s.Predicted
	}
	return p
}

func stepOf(p lineprotocol.Point) (Step, error) {
	tags, err := tagsOf(p)
	if err != nil {
		return Step{}, err
	}
	index, err := strconv.Atoi(p.Tags["step"])
	if err != nil {
		return Step{}, fmt.Errorf("tag step: %w", err)
	}
	s := Step{
		Tags: tags, Time: p.Time.UTC(), Chain: int(p.Int("chain")), Job: p.Text("job"), Index: index,
		Task: int(p.Int("task")), Role: p.Tags["role"], From: p.Text("from"), To: p.Text("to"), Bytes: p.Int("bytes"),
		Ops: p.Int("ops"), Offset: p.Number("offset_s"), Duration: p.Number("duration_s"), Remote: p.Number("remote_s"),
	}
	if _, known := p.Fields["predicted_s"]; known {
		predicted := p.Number("predicted_s")
		s.Predicted = &predicted
	}
	return s, nil
}

// series tells apart what a database tells apart by tags within one run: chains (part 0) and steps (1+index).
func (t Tags) series(role string, part int) string {
	return strings.Join([]string{t.Run, t.Model, t.Policy, t.ClientClass, strconv.Itoa(t.Length), role, strconv.Itoa(part),
		t.Testbed, t.Scenario, t.Fabric, t.Runtime}, "\x00")
}
