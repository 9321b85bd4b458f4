package record

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/placement"
)

// ManifestFile is the manifest's name in a run's directory.
const ManifestFile = "manifest.json"

// Manifest says how a run came about and what it has left.
type Manifest struct {
	Run           string               `json:"run"`
	Testbed       string               `json:"testbed"`
	Scenario      json.RawMessage      `json:"scenario,omitempty"` // with all defaults resolved
	File          string               `json:"file,omitempty"`     // that the scenario was read from
	Seed          uint64               `json:"seed"`
	Version       string               `json:"version"` // of the program
	Kernel        string               `json:"kernel"`
	Runtime       string               `json:"runtime"`
	Fabric        string               `json:"fabric"`
	Arrival       string               `json:"arrival"`
	Alone         bool                 `json:"alone,omitempty"`     // no chain had another in its way
	Placement     []placement.Share    `json:"placement,omitempty"` // who executes functions, by class
	Compute       string               `json:"compute"`
	StateAccess   string               `json:"state_access,omitempty"`   // who reads and writes states in repositories
	Orchestration string               `json:"orchestration,omitempty"`  // who calls functions, where models leave it open
	TCP           map[string]string    `json:"tcp,omitempty"`            // sysctls of the nodes
	Queues        []fabric.QueueStatus `json:"queues,omitempty"`         // in force, with their counters at the end
	Fidelity      []Fidelity           `json:"fidelity,omitempty"`       // of the links that were measured
	FidelityError string               `json:"fidelity_error,omitempty"` // why some links could not be measured
	Changed       *Changed             `json:"changed_before,omitempty"` // the network, before the run; absent: it was not
	Events        []Event              `json:"events,omitempty"`         // what the scenario's events did, model by model
	Overhead      *Overhead            `json:"overhead,omitempty"`
	Edge          []Edge               `json:"edge,omitempty"`     // what left it, by model; none: no link to the cloud
	Validity      *Validity            `json:"validity,omitempty"` // the run's verdict on itself
	Models        []ModelCounts        `json:"models,omitempty"`
	Agreement     *Agreement           `json:"agreement,omitempty"` // of programs' results; absent: there are no programs
	Samples       Counts               `json:"samples"`
	Sampling      *Sampling            `json:"sampling,omitempty"` // of links and host; absent: they were not sampled
	Inputs        []Input              `json:"inputs,omitempty"`   // files that the scenario was read with
	Mirrors       map[string]Counts    `json:"mirrors,omitempty"`  // by name
	Start         time.Time            `json:"start"`
	End           time.Time            `json:"end,omitzero"` // zero: the run did not come to its end
	Exit          string               `json:"exit"`         // running, ok, failed, interrupted
	Error         string               `json:"error,omitempty"`
	Omitted       []string             `json:"omitted,omitempty"` // keys that the disk had no room for
	Files         map[string]FileSum   `json:"files,omitempty"`   // the run's files, by name, as it left them
	Sealed        string               `json:"sealed,omitempty"`  // SHA-256 of it without the mirrors; empty: not final
}

// Sampling is how the samples of links and host came about.
type Sampling struct {
	Interval float64 `json:"interval_s"`
	Missed   int     `json:"missed"`          // intervals without a sample in samples.lp
	Error    string  `json:"error,omitempty"` // why the last of them has none
}

// The ways in which a run ends.
const (
	Running     = "running" // or killed
	OK          = "ok"
	Failed      = "failed"
	Interrupted = "interrupted"
)

// Fidelity is how closely one quantity of a path agrees with the scenario.
type Fidelity struct {
	From     string  `json:"from"`
	To       string  `json:"to"`
	Link     string  `json:"link,omitempty"`
	Class    string  `json:"class"`
	Quantity string  `json:"quantity"` // rtt_s, goodput_bps, goodput_bound_bps (the target is the most that losses allow)
	Target   float64 `json:"target"`
	Measured float64 `json:"measured"`
	OK       bool    `json:"ok"`
	Verdict  string  `json:"verdict,omitempty"` // ok, or why not
}

// Changed says in what the network that a run found was not as its scenario says. Predictions and the file of the
// topology are of what links did then; of what was silent they know nothing.
type Changed struct {
	What   []string `json:"what,omitempty"`   // links did otherwise, of very many the first
	Silent []string `json:"silent,omitempty"` // carried nothing, or reached nobody
	By     []string `json:"by,omitempty"`     // who had changed it, as far as was remembered
}

// Overhead is what an empty function costs: medians in seconds.
type Overhead struct {
	Calls int     `json:"calls"`
	Self  float64 `json:"self_s"`          // the client invokes itself
	Pair  float64 `json:"pair_s"`          // it invokes another node, across the network
	Rest  float64 `json:"pair_rest_s"`     // the part of Pair that is in no transfer and no execution
	Step  float64 `json:"pair_one_way_s"`  // median of half of what request and response take
	Way   float64 `json:"pair_way_s"`      // half of what packets are predicted to be under way; the rest is the host's
	Vague float64 `json:"pair_jitter_s"`   // by as much they may be early or late by intent
	From  string  `json:"pair_from"`       // the client
	To    string  `json:"pair_to"`         // the other node
	Copy  float64 `json:"copy_s_per_byte"` // what a state takes that a node hands to itself, and back; 0: not known
	// Varies says that a link on the way follows a trace, or draws its delays: how much of Step is the host's nobody
	// knows.
	Varies bool `json:"pair_varies,omitempty"`
	// Between is what a chain's states take before and after it; 0: not known.
	Between float64 `json:"between_chains_s"`
}

// LateStart is how long after it was due a chain may start, in s, before that counts as late.
const LateStart = 5e-3

// ModelCounts is what became of one model's chains.
type ModelCounts struct {
	Model   string `json:"model"`
	Planned int    `json:"planned"`
	Done    int    `json:"done"`    // came to their end with all states
	Failed  int    `json:"failed"`  // with an error
	Lost    int    `json:"lost"`    // came to their end and have lost states
	NotRun  int    `json:"not_run"` // not begun, or cut off, when the run was interrupted
	Late    int    `json:"late"`    // of the others: started more than LateStart after they were due

	// Where chains are due at times that the arrival process says: LateMax and LateMean are by how much they started after
	// these, at most and on average of all that started, and Gap is the mean time from one that is due to the next, in s.
	LateMax  float64 `json:"late_max_s,omitempty"`
	LateMean float64 `json:"late_mean_s,omitempty"`
	Gap      float64 `json:"gap_s,omitempty"`

	// Of Done: Disturbed are those of whose latency the host may have added more than the replay allows, Unwatched
	// those of which that is not known. Repeated are attempts beside them that were disturbed, and made again.
	Disturbed int `json:"disturbed,omitempty"`
	Unwatched int `json:"unwatched,omitempty"`
	Repeated  int `json:"repeated,omitempty"`
	// Retries are writes and executions that were repeated because a branch of the same job had changed their state.
	Retries int `json:"retries,omitempty"`
	// StatesLost are states that were not as they had to be after their chain, of all chains. WritesLost are changes that
	// were acknowledged and that states have not got any more, each counted once.
	StatesLost int   `json:"states_lost,omitempty"`
	WritesLost int64 `json:"writes_lost,omitempty"`
	// Starts are invocations that waited for the start of an instance of their function.
	Starts int `json:"starts,omitempty"`
}

// Write writes the manifest into a run's directory, replacing the one before at once, so that there is a
// whole one at any instant.
func (m *Manifest) Write(dir string) error {
	text, err := m.text()
	if err != nil {
		return err
	}
	if err := ReplaceFile(dir, ManifestFile, text); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return nil
}

// ReadManifest reads the manifest of a run's directory.
func ReadManifest(dir string) (*Manifest, error) {
	var m Manifest
	if err := readfile.JSON(filepath.Join(dir, ManifestFile), manifestLimits, &m); err != nil {
		return nil, err
	}
	return &m, nil
}
