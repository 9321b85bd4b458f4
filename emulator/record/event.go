package record

// Event is a moment of a scenario's timeline during one model's replay.
type Event struct {
	Model     string   `json:"model"`
	What      []string `json:"what"`
	Scheduled float64  `json:"scheduled_s"`           // after the model's first chain began
	Actual    float64  `json:"actual_s,omitempty"`    // when the network was as wanted
	Took      float64  `json:"took_s,omitempty"`      // of that, what the change itself took
	Error     string   `json:"error,omitempty"`       // why the network may not be as wanted
	Missed    bool     `json:"not_reached,omitempty"` // the model's last chain had ended before
}
