package record

import "time"

// Event is a moment of a scenario's timeline during one model's replay or, with Origin, a change that somebody else
// made to the network during the run: only What, Origin, Revision and Time are of that.
type Event struct {
	Model     string   `json:"model,omitempty"`
	What      []string `json:"what"`
	Scheduled float64  `json:"scheduled_s"`           // after the model's first chain began
	Actual    float64  `json:"actual_s,omitempty"`    // when the network was as wanted
	Took      float64  `json:"took_s,omitempty"`      // of that, what the change itself took
	Error     string   `json:"error,omitempty"`       // why the network may not be as wanted
	Missed    bool     `json:"not_reached,omitempty"` // the model's last chain had ended before, or before it was done

	Moves []Migration `json:"moves,omitempty"` // of stateful instances

	Origin   string    `json:"origin,omitempty"`   // who made it; empty: the scenario
	Load     string    `json:"load,omitempty"`     // traffic, program or capture, that it put on the testbed; empty: none
	Revision uint64    `json:"revision,omitempty"` // of the network, after it
	Time     time.Time `json:"time,omitzero"`
}
