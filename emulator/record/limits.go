package record

import "testbed/emulator/internal/readfile"

// What readers take of a run's directory, which may be anybody's. A run of a scenario's largest network and
// of millions of chains stays below.
const (
	// MaxSamplesSize is the most bytes of samples.lp.
	MaxSamplesSize = 16 * readfile.GiB
	// MaxTableSize is the most bytes of chains.csv, and of a run's other tables.
	MaxTableSize = 4 * readfile.GiB
	// MaxChains is the most chains of a run, of all its models.
	MaxChains = 2_000_000
	// MaxRow is the most bytes of a row of chains.csv.
	MaxRow = readfile.MiB
	// MaxNames is the most different names of one kind, such as models, that a run may have.
	MaxNames = 100
	// MaxQueues is the most queues of links that samples may be of.
	MaxQueues = 50_000
)

// The limits of JSON files.
var (
	manifestLimits = readfile.Limits{Bytes: 64 * readfile.MiB, Values: 1_500_000}
	topologyLimits = readfile.Limits{Bytes: 64 * readfile.MiB, Values: 1_500_000}
)
