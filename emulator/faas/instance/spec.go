package instance

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
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

// String is what Parse reads: eight numbers, times in ns.
func (s *Spec) String() string {
	return fmt.Sprintf("%d %d %d %d %d %d %d %d", s.Min, s.Max, s.Concurrency, s.KeepAlive, s.Queue, s.Start.Median,
		s.Start.P95, s.Seed)
}

// Parse reads a specification, and refuses one that is out of range.
func Parse(text string) (*Spec, error) {
	s := &Spec{}
	n, err := fmt.Sscan(text, &s.Min, &s.Max, &s.Concurrency, &s.KeepAlive, &s.Queue, &s.Start.Median, &s.Start.P95,
		&s.Seed)
	if err != nil {
		return nil, fmt.Errorf("instances: want 8 numbers, have %d: %w", n, err)
	}
	if rest := strings.Join(strings.Fields(text)[n:], " "); rest != "" {
		return nil, fmt.Errorf("instances: %.20q is too much", rest)
	}
	return s, s.Validate()
}
