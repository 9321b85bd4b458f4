package instance

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
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

// numbers are the fields in the order in which they are written, times in ns; the seed comes after them.
func (s *Spec) numbers() []*int64 {
	return []*int64{
		(*int64)(&s.KeepAlive), (*int64)(&s.Start.Median), (*int64)(&s.Start.P95),
	}
}

// counts come before them.
func (s *Spec) counts() []*int { return []*int{&s.Min, &s.Max, &s.Concurrency, &s.Queue} }

// String is what Parse reads: eight numbers.
func (s *Spec) String() string {
	var b []byte
	for _, n := range s.counts() {
		b = append(strconv.AppendInt(b, int64(*n), 10), ' ')
	}
	for _, n := range s.numbers() {
		b = append(strconv.AppendInt(b, *n, 10), ' ')
	}
	return string(strconv.AppendUint(b, s.Seed, 10))
}

// Parse reads a specification, and refuses one that is out of range.
func Parse(text string) (*Spec, error) {
	s, fields := &Spec{}, strings.Fields(text)
	if len(fields) != 8 {
		return nil, fmt.Errorf("instances: want 8 numbers, have %d", len(fields))
	}
	var errs [8]error
	for i, n := range s.counts() {
		*n, errs[i] = strconv.Atoi(fields[i])
	}
	for i, n := range s.numbers() {
		*n, errs[4+i] = strconv.ParseInt(fields[4+i], 10, 64)
	}
	s.Seed, errs[7] = strconv.ParseUint(fields[7], 10, 64)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("instances: %w", err)
	}
	return s, s.Validate()
}
