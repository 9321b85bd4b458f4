// Package campaign runs the simulator many times over: loads × replications × policies × models. It uses
// all cores, gives the same files whatever their number, and goes on where it was interrupted, be it by
// Ctrl-C or by kill -9.
//
// The unit of work is one replication: the jobs that one seed draws for one load. Each policy places them
// once, for all models. A replication that is finished goes into a journal at once (journal.go); results
// are made from the replications in their order, not in that of their completion, while the others are
// still being computed.
package campaign

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/internal/printable"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
)

// Spec says which simulations a campaign consists of.
type Spec struct {
	Jobs         []int              `json:"jobs"`         // loads: how many jobs to draw; exactly, or on average
	Replications int                `json:"replications"` // of each load
	Seed         uint64             `json:"seed"`         // of the first replication; the others follow
	Policies     []placement.Policy `json:"policies"`
	Models       []plan.Model       `json:"models"`
}

// Study is the campaign behind the study's figures.
func Study() Spec {
	return Spec{
		Jobs: []int{100, 200, 300, 400, 500}, Replications: 200, Seed: 1,
		Policies: slices.Clone(placement.Policies), Models: slices.Clone(plan.Study),
	}
}

// Store is the form in which a campaign's rows are kept.
type Store string

// The stores.
const (
	Parquet  Store = "parquet"  // one columnar file, ParquetFile
	Statesim Store = "statesim" // the published simulator's own files; a directory for each load where there are several
)

// Stores are all stores.
var Stores = []Store{Parquet, Statesim}

// ParseStore finds a store by name.
func ParseStore(s string) (Store, error) {
	if store := Store(s); slices.Contains(Stores, store) {
		return store, nil
	}
	return "", fmt.Errorf("unknown store %q; write one of %v", s, Stores)
}

// Config is a campaign to run.
type Config struct {
	Spec
	Simulation statesim.Config
	Scenario   string         // its name, for the manifest
	Dir        string         // directory of the results; empty: none are kept
	Store      Store          // empty: Parquet
	Resume     bool           // go on with what Dir holds of the same campaign
	Workers    int            // 0: as many as there are cores
	Progress   func(Progress) // called after each replication; may be nil
}

// Progress tells how far a campaign is, in replications.
type Progress struct {
	Done, Total int
	Found       int // of those done, how many an earlier run had finished
}

// Validate reports all that is wrong with a specification.
func (s *Spec) Validate() error {
	var errs []error
	if len(s.Jobs) == 0 || slices.Min(s.Jobs) < 1 {
		errs = append(errs, errors.New("the numbers of jobs must be positive, and there must be one at least"))
	}
	if s.Replications < 1 {
		errs = append(errs, fmt.Errorf("there are %d replications; at least one is needed", s.Replications))
	}
	if len(s.Policies) == 0 || len(s.Models) == 0 {
		errs = append(errs, errors.New("at least one policy and one model are needed"))
	}
	for _, p := range s.Policies {
		_, err := placement.ParsePolicy(string(p))
		errs = append(errs, err)
	}
	for _, m := range s.Models {
		_, err := plan.ParseModel(string(m))
		errs = append(errs, err)
	}
	if err := s.bounded(); err != nil {
		return errors.Join(append(errs, err)...) // what follows would take long
	}
	if twice(s.Jobs) || twice(s.Policies) || twice(s.Models) {
		errs = append(errs, errors.New("a number of jobs, a policy or a model is given twice"))
	}
	return errors.Join(errs...)
}

func twice[T comparable](values []T) bool {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return true
		}
	}
	return false
}

// Ranked are the load and policy that the study's figures 5 and 6 show: the largest load, and the policy load+net, or
// the first one where that is not among them.
func (s *Spec) Ranked() (jobs int, policy placement.Policy) {
	policy = s.Policies[0]
	if slices.Contains(s.Policies, placement.LoadNet) {
		policy = placement.LoadNet
	}
	return slices.Max(s.Jobs), policy
}

// units is the number of replications of all loads.
func (s *Spec) units() int { return len(s.Jobs) * s.Replications }

// unit is the load and the seed of a replication, counted from 0 in the order of the results.
func (s *Spec) unit(i int) (jobs int, seed uint64) {
	return s.Jobs[i/s.Replications], s.Seed + uint64(i%s.Replications)
}

// Block is one simulation: the rows of all jobs of a replication under a policy and a model.
type Block struct {
	Jobs   int // the load; about as many rows
	Seed   uint64
	Policy placement.Policy
	Model  plan.Model
	Rows   []statesim.Row
	// Weights say for how many of the load's jobs each row stands, where only a sample of them was executed, not each
	// with the same probability; nil: for one. The blocks of a campaign have them all, or none has.
	Weights []float64
	// Traffic is the mean of all jobs of the load, in byte·hops, where it is known though only a sample was executed, for
	// it follows from the placement; 0: it is that of the rows.
	Traffic float64
}

// weight is that of a row.
func (b *Block) weight(row int) float64 {
	if b.Weights == nil {
		return 1
	}
	return b.Weights[row]
}

func (b *Block) String() string {
	return fmt.Sprintf("%s, seed %d, %s, %s", printable.Count(b.Jobs, "job"), b.Seed, b.Policy, b.Model)
}
