package compare

import "testbed/emulator/plan"

// Comparison is several runs side by side, the first being what the others are held against, and what
// `testbed compare --format json` writes, for one run as well.
type Comparison struct {
	Runs        []*Run       `json:"runs"`
	Differences []Difference `json:"differences,omitempty"` // by run, quantity, model; none for the first run
}

// Run is one run with its reports.
type Run struct {
	Directory string    `json:"directory"`
	Name      string    `json:"run"`
	Scenario  string    `json:"scenario"`
	Seed      uint64    `json:"seed"`
	Fabric    string    `json:"fabric"`
	Runtime   string    `json:"runtime"`
	Kernel    string    `json:"kernel"`
	Version   string    `json:"version"`             // of the program
	Exit      string    `json:"exit"`                // how the run ended
	Truncated bool      `json:"truncated,omitempty"` // the samples' last line is cut off
	Reports   []*Report `json:"reports"`

	samples []sample // what was measured, to pair it with other runs
}

// Difference compares one model's mean with that of the first run.
type Difference struct {
	Run      string     `json:"run"`
	Quantity string     `json:"quantity"`
	Model    plan.Model `json:"model"`
	Paired   bool       `json:"paired"` // by job; otherwise the two runs are independent samples
	Chains   int        `json:"chains"` // paired: pairs; otherwise chains of this run
	First    Interval   `json:"first"`  // mean of the first run
	This     Interval   `json:"this"`
	Ratio    Share      `json:"mean_ratio"` // this / first, over the pairs where paired
}
