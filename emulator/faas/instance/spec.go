package instance

import (
	"errors"
	"fmt"
	"hash/fnv"
)

// Spec is the life of a function's instances on a node.
type Spec struct {
	Limits
	// Start is how long starts take: those of a built-in function, and those of a program as a prediction expects them.
	Start Distribution
	// Seed is of what Start draws; see For.
	Seed uint64
}

// Validate reports what is out of range.
func (s *Spec) Validate() error { return errors.Join(s.Limits.Validate(), s.Start.Validate()) }

// For is the seed of a function on a node, whose starts then are the same ones in each model, each run and each
// prediction of a scenario.
func For(seed uint64, function string, node int) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%d/%s", seed, node, function)
	return mix(h.Sum64())
}
