// Package live is how a run stands while it is under way: how many chains are done, at what rate, the
// latency by model, what has failed, and which links are used most. A run keeps it in a file, from which
// another process can show it.
package live

import (
	"encoding/json"
	"io/fs"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/internal/statefile"
)

// fileMode is that of the status's file, whatever the umask: nobody but root gets into its directory anyway.
const fileMode fs.FileMode = 0o600

// Status is how a run stands at one moment.
type Status struct {
	Run      string    `json:"run"`
	Dir      string    `json:"dir"` // the run's directory, absolute
	Testbed  string    `json:"testbed"`
	Scenario string    `json:"scenario"`
	Runtime  string    `json:"runtime"`
	Fabric   string    `json:"fabric"`
	Phase    string    `json:"phase"`
	Began    time.Time `json:"began"`
	Updated  time.Time `json:"updated"`
	Ended    bool      `json:"ended"`
	Done     int       `json:"done"` // chains that are done or have failed, of all models
	Total    int       `json:"total"`
	Failed   int       `json:"failed"` // of Done: those with errors or lost states
	Rate     float64   `json:"rate"`   // chains/s over the last seconds
	Models   []Model   `json:"models"`
	Links    []Link    `json:"links"`  // those used most, the first most of all
	Errors   []string  `json:"errors"` // the last few
	Events   []string  `json:"events"` // the last few, in words
}

// Model is how one execution model's chains stand.
type Model struct {
	Model   string  `json:"model"`
	Planned int     `json:"planned"`
	Done    int     `json:"done"`
	Failed  int     `json:"failed"`
	Median  float64 `json:"median_s"` // of the latency of those done without error; 0: none yet
	P95     float64 `json:"p95_s"`
	Starts  int     `json:"starts,omitempty"` // invocations that waited for the start of an instance
}

// Link is the use of one queue of a link over the last interval.
type Link struct {
	Link string  `json:"link"`
	Dir  int     `json:"dir"`
	From string  `json:"from"`
	Use  float64 `json:"use"` // of its rate, 0 to 1; 0 where the rate is unlimited
	Rate float64 `json:"rate_bps"`
}

// Remaining estimates how long the rest takes at the present rate; 0: not known.
func (s *Status) Remaining() time.Duration {
	if s.Rate <= 0 || s.Done >= s.Total {
		return 0
	}
	return time.Duration(float64(s.Total-s.Done) / s.Rate * float64(time.Second))
}

// Write stores the status in a directory of root's own: a reader sees the old one or the new one.
func (s *Status) Write(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return statefile.Replace(path, text, fileMode)
}

// Read loads what Write stored. It fails with fs.ErrNotExist where no run has stored anything.
func Read(path string) (*Status, error) {
	s := &Status{}
	if err := readfile.JSON(path, readfile.Limits{Bytes: 4 * readfile.MiB, Values: 50_000}, s); err != nil {
		return nil, err
	}
	return s, nil
}
