package campaign

import (
	"errors"
	"fmt"
	"slices"
)

// What a campaign can consist of. A manifest may be anybody's, and much is worked out for each simulation.
const (
	maxLoads       = 1_000
	maxJobs        = 100_000_000
	maxSimulations = 2_000_000
	maxRows        = 10_000_000 // of a simulation
)

// bounded fails where there are more simulations than a campaign can consist of.
func (s *Spec) bounded() error {
	switch {
	case len(s.Jobs) > maxLoads:
		return fmt.Errorf("there are %d loads; at most %d are possible", len(s.Jobs), maxLoads)
	case len(s.Jobs) > 0 && slices.Max(s.Jobs) > maxJobs:
		return fmt.Errorf("a load of %d jobs; at most %d are possible", slices.Max(s.Jobs), maxJobs)
	case s.Replications > maxSimulations || s.simulations() > maxSimulations:
		return fmt.Errorf("there are more than %d simulations", maxSimulations)
	}
	return nil
}

// simulations is how many there are.
func (s *Spec) simulations() int { return s.units() * len(s.Policies) * len(s.Models) }

// errForeign is wrapped by errors about results that are not of the campaign.
var errForeign = errors.New("not of the campaign that the manifest describes")

// holds fails where a simulation is not one of the campaign.
func (s *Spec) holds(b *Block) error {
	if !slices.Contains(s.Jobs, b.Jobs) || b.Seed-s.Seed >= uint64(s.Replications) ||
		!slices.Contains(s.Policies, b.Policy) || !slices.Contains(s.Models, b.Model) {
		return fmt.Errorf("the simulation %s: %w", b, errForeign)
	}
	return nil
}
