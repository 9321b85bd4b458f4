package compare

import "fmt"

// What a comparison takes. It is made from files that may be anybody's, keeps every chain's numbers and draws
// thousands of resamples of each group; a run of millions of chains stays below.
const (
	maxChains  = 2_000_000
	maxModels  = 100
	maxGroups  = 5_000 // of a model's chains of one length
	maxEngines = 10
	maxSteps   = 16_000_000 // predicted, of all chains
	maxText    = 256 << 20  // bytes of the jobs' names together
)

// size is how much a collector has taken.
type size struct {
	predictions, steps, text int
	models                   map[string]bool
}

// predict takes in a prediction of so many steps, and fails where there is no more room.
func (s *size) predict(steps int) error {
	s.predictions++
	s.steps += steps
	switch {
	case s.predictions > maxChains*maxEngines:
		return fmt.Errorf("%w: more than %d predictions", ErrInput, maxChains*maxEngines)
	case s.steps > maxSteps:
		return fmt.Errorf("%w: predictions of more than %d steps together", ErrInput, maxSteps)
	}
	return nil
}

// group takes in a new group, one of so many.
func (s *size) group(k groupKey, groups int) error {
	if s.models == nil {
		s.models = map[string]bool{}
	}
	s.models[string(k.model)] = true
	switch {
	case len(s.models) > maxModels:
		return fmt.Errorf("%w: chains of more than %d models", ErrInput, maxModels)
	case groups > maxGroups:
		return fmt.Errorf("%w: more than %d models and lengths of chains", ErrInput, maxGroups)
	}
	return nil
}

// chain takes in one of so many chains.
func (s *size) chain(chains int, job string) error {
	s.text += len(job)
	switch {
	case chains > maxChains:
		return fmt.Errorf("%w: more than %d chains", ErrInput, maxChains)
	case s.text > maxText:
		return fmt.Errorf("%w: the jobs' names have more than %d bytes together", ErrInput, maxText)
	}
	return nil
}
