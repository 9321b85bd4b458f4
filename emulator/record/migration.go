package record

import (
	"fmt"
	"time"

	"testbed/emulator/record/lineprotocol"
)

const migrationMeasurement = "migration"

// Migration is the move of a stateful instance from one worker to another. Times are in s.
type Migration struct {
	Tags Tags      `json:"-"` // without a client's class and a length
	Time time.Time `json:"time"`

	Function    string         `json:"function"` // or functions, of those that share their states
	Client      string         `json:"client"`
	From        string         `json:"from"`
	To          string         `json:"to"`
	Method      string         `json:"method"`
	Rounds      int            `json:"rounds"` // of copying, the one for which invocations were held included
	States      int            `json:"states"` // before the move
	StateBytes  int64          `json:"state_bytes"`
	Bytes       int64          `json:"bytes"` // of states, in all rounds
	Unavailable float64        `json:"unavailability_s"`
	Drain       float64        `json:"drain_s"`                   // of that, until what was at work had ended
	Start       float64        `json:"start_s,omitempty"`         // of its programs at To, from the offer on; 0: were warm
	Awaited     float64        `json:"start_awaited_s,omitempty"` // of Start, when all states had come
	Took        float64        `json:"took_s"`                    // from the first copying, or the hold, to the end
	Delayed     int            `json:"delayed"`                   // invocations that came meanwhile
	Delay       float64        `json:"delay_s"`                   // their mean
	MaxDelay    float64        `json:"max_delay_s"`
	Undone      string         `json:"undone,omitempty"`  // why the instance stayed where it was; empty: it did not
	Decided     *Decided       `json:"decided,omitempty"` // by placement.rebalance; nil: by an event, or by hand
	Predicted   *PredictedMove `json:"predicted,omitempty"`
}

// Decided is why a policy moved an instance: what its invocations were predicted to save, and what the move costs, in s
// of waiting.
type Decided struct {
	Why  string  `json:"why"`
	Gain float64 `json:"gain_s"`
	Cost float64 `json:"cost_s"`
}

// PredictedMove is what was expected of a move, by the states' sizes before it and the rate of invocations that was
// seen.
type PredictedMove struct {
	Unavailable float64 `json:"unavailability_s"`
	P95         float64 `json:"unavailability_p95_s,omitempty"` // of that, as far as starts of its programs decide it
	Start       float64 `json:"start_s,omitempty"`              // of those, the median; 0: they are warm at To
	Bytes       float64 `json:"bytes"`
	Rounds      float64 `json:"rounds"`
	Took        float64 `json:"took_s"`
}

// Point is the move in line protocol.
func (m *Migration) Point() lineprotocol.Point {
	p := m.Tags.point(migrationMeasurement)
	delete(p.Tags, "client_class")
	delete(p.Tags, "length")
	p.Time = m.Time
	p.Tags["method"], p.Tags["from"], p.Tags["to"] = m.Method, m.From, m.To
	p.Fields = map[string]any{
		"function": m.Function, "client": m.Client, "rounds": int64(m.Rounds), "states": int64(m.States),
		"state_bytes": m.StateBytes, "bytes": m.Bytes,
		"unavailability_s": m.Unavailable, "drain_s": m.Drain, "took_s": m.Took, "delayed": int64(m.Delayed),
		"start_s": m.Start, "start_awaited_s": m.Awaited, "delay_s": m.Delay, "max_delay_s": m.MaxDelay, "ok": m.Undone == "",
	}
	if m.Undone != "" {
		p.Fields["error"] = oneLine(m.Undone)
	}
	if d := m.Decided; d != nil {
		p.Fields["gain_s"], p.Fields["cost_s"] = d.Gain, d.Cost
	}
	if e := m.Predicted; e != nil {
		p.Fields["predicted_unavailability_s"], p.Fields["predicted_bytes"] = e.Unavailable, e.Bytes
		p.Fields["predicted_rounds"], p.Fields["predicted_took_s"] = e.Rounds, e.Took
		p.Fields["unavailability_error_s"] = m.Unavailable - e.Unavailable
		p.Fields["predicted_start_s"], p.Fields["predicted_unavailability_p95_s"] = e.Start, e.P95
	}
	return p
}

// Migrated writes a move.
func (d *Directory) Migrated(m *Migration) error {
	p := m.Point()
	p.Time = d.instants.distinct(m.Tags.series("migration "+m.Method+" "+m.From+" "+m.To, 0), p.Time)
	lines, err := lineprotocol.Append(nil, p)
	if err != nil {
		return fmt.Errorf("results %s: %w", d.path, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.writable(); err != nil {
		return err
	}
	return d.append(lines, entry{observed: 1})
}
