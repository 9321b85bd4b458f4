package run

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
)

// Attempt is an attempt at a chain that the host disturbed, and that was made again.
type Attempt struct {
	Model      string
	Start, End time.Time
	Late       float64 // s, at most what the host has added to it
}

// readAttempts takes those of the models that chains are of.
func (r *Run) readAttempts() error {
	err := record.ReadAttempts(filepath.Join(r.Dir, record.SamplesFile), func(a record.Attempt) error {
		at := slices.Index(r.Models, a.Model)
		if at < 0 || !(a.Latency >= 0 && a.Latency <= longest) {
			return nil
		}
		if len(r.Attempts) == record.MaxChains {
			return fmt.Errorf("at most %d attempts are read: %w", record.MaxChains, readfile.ErrLimit)
		}
		r.Attempts = append(r.Attempts, Attempt{Model: r.Models[at], Start: a.End.Add(-seconds(a.Latency)), End: a.End,
			Late: a.Late})
		return nil
	})
	if errors.Is(err, record.ErrTruncated) || errors.Is(err, fs.ErrNotExist) {
		return nil // readLoad tells of that
	}
	return err
}

// Tried are the times in which something was sent for a model's chains: those of its chains, of which that of one that
// failed is not known but for its end, and of the attempts at them that were made again. Those that ended before the
// first of its chains began are left out, as the links' samples are.
func (r *Run) Tried(model string) (all []Attempt) {
	var first time.Time
	for i := range r.Chains {
		if c := &r.Chains[i]; c.Model == model {
			all = append(all, Attempt{Model: model, Start: c.Start, End: c.End})
			if first.IsZero() || c.Start.Before(first) {
				first = c.Start
			}
		}
	}
	for _, a := range r.Attempts {
		if a.Model == model && a.End.After(first) {
			all = append(all, a)
		}
	}
	return all
}
