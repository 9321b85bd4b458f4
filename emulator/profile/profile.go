// Package profile is what a profiling run has measured of functions that are programs: how long they take by the size
// of their argument, how large their results and states are, and how long an instance takes to start. Plans and
// predictions of programs are made of it, for nothing else tells them. It is pure: others have measured what it holds.
package profile

import "time"

// Format is the version of the file that this program writes, and the only one that it reads.
const Format = 1

// Profile is what was measured.
type Profile struct {
	About     About
	Functions []Function // in the order of their names
	Tasks     []Task     // in the order in which they were executed first
}

// About says of what, where and how.
type About struct {
	Format   int       `json:"format"`
	Scenario string    `json:"scenario"`        // its name
	Digest   string    `json:"scenario_sha256"` // of the scenario with its defaults resolved, as 64 hexadecimal digits
	Model    string    `json:"model"`           // execution model under which it was measured
	Host     string    `json:"host"`            // name of the machine
	Kernel   string    `json:"kernel"`
	Runtime  string    `json:"runtime"` // that ran the nodes
	Fabric   string    `json:"fabric"`
	Program  string    `json:"program"` // version of the testbed
	Made     time.Time `json:"made"`
	Chains   int       `json:"chains"` // that were executed, 0 to 2^31 - 1
}

// Function is what was measured of all invocations of one function.
type Function struct {
	Name        string        `json:"name"`        // 1 to 255 bytes
	Invocations int           `json:"invocations"` // from 1: the sum of Inputs
	Inputs      []Input       `json:"inputs"`      // by the size of the argument, ascending, each once, 1 to 256
	Starts      *Distribution `json:"starts,omitempty"`
}

// Input is what was measured of invocations whose arguments had one size, or nearly one.
type Input struct {
	Argument    int64        `json:"argument_bytes"` // bytes, 0 to 2^40; the median of the sizes where there are many
	Invocations int          `json:"invocations"`
	Duration    Distribution `json:"duration"`
	Result      int64        `json:"result_bytes"`     // bytes, 0 to 2^40; median
	States      []State      `json:"states,omitempty"` // medians, in the order of the states that the tasks name
}

// State is a state's size in bytes, 0 to 2^40, before an invocation and after it.
type State struct {
	Read    int64 `json:"read_bytes"`
	Written int64 `json:"written_bytes"`
}

// Task is what was measured of one task of a job: medians, where it was executed more than once.
type Task struct {
	Job      string        `json:"job"`  // 1 to 255 bytes
	Task     int           `json:"task"` // its index in the job
	Function string        `json:"function"`
	Argument int64         `json:"argument_bytes"` // bytes, 0 to 2^40
	Result   int64         `json:"result_bytes"`   // bytes, 0 to 2^40
	Duration time.Duration `json:"duration_ns"`    // in ns, 0 to a day
	States   []State       `json:"states,omitempty"`
}

// Distribution has quantiles of durations, in ns, 0 to a day, ascending.
type Distribution struct {
	Count  int           `json:"count"` // of what was measured, from 1
	Min    time.Duration `json:"min_ns"`
	P5     time.Duration `json:"p5_ns"`
	P25    time.Duration `json:"p25_ns"`
	Median time.Duration `json:"median_ns"`
	P75    time.Duration `json:"p75_ns"`
	P95    time.Duration `json:"p95_ns"`
	Max    time.Duration `json:"max_ns"`
}

// Bounds of what a profile may say.
const (
	maxBytes    = 1 << 40        // of an argument, a result, a state
	maxDuration = 24 * time.Hour // of an invocation, a start
	maxName     = 255            // bytes
	maxInputs   = 256            // of a function
	maxStates   = 1000           // of a task, as in plans
	maxCount    = 1<<31 - 1
)
