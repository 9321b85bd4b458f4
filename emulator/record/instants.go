package record

import (
	"hash/maphash"
	"sync"
	"time"
)

// A database knows a point by its measurement, its tags and its time, and silently lets a second one with
// the same replace the first. Chains of the same kind may well end in the same nanosecond, so a directory
// keeps them apart: it moves the later one on by a nanosecond.

const (
	generation = 10 * time.Minute
	// generations that are remembered: longer than the longest chain takes, of which the scenario allows an
	// hour, since a chain's first step is recorded when its last has ended.
	generations = 12
)

// instants hands out times that are distinct within a series.
type instants struct {
	anchor time.Time // wall and monotonic clock
	seed   maphash.Seed

	mu     sync.Mutex
	used   map[int64]map[instant]struct{} // by generation
	newest int64
}

// instant is a time in a series. Two series of the same hash only cost a nanosecond.
type instant struct {
	series uint64
	ns     int64
}

func newInstants(now time.Time) *instants {
	return &instants{anchor: now, seed: maphash.MakeSeed(), used: map[int64]map[instant]struct{}{}}
}

// steady is a time of the monotonic clock in the wall clock as it was at the start, so that neither a clock
// that is set back nor one that is set forth mixes the samples' order up. Other times are left as they are.
func (in *instants) steady(t time.Time) time.Time {
	if t == t.Round(0) { // no monotonic clock
		return t
	}
	return in.anchor.Add(t.Sub(in.anchor)).Round(0)
}

// distinct is t, or the first time after it that has not been given out in this series.
func (in *instants) distinct(series string, t time.Time) time.Time {
	t = in.steady(t)
	key := instant{maphash.String(in.seed, series), t.UnixNano()}
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		of := in.of(key.ns)
		if _, taken := of[key]; !taken {
			of[key] = struct{}{}
			return t
		}
		key.ns++
		t = t.Add(1)
	}
}

// of is the set of the times' generation. It forgets generations that are too old.
func (in *instants) of(ns int64) map[instant]struct{} {
	g := ns / int64(generation)
	set := in.used[g]
	if set == nil {
		set = map[instant]struct{}{}
		in.used[g] = set
		in.newest = max(in.newest, g)
		for old := range in.used {
			if old < in.newest-generations && old != g {
				delete(in.used, old)
			}
		}
	}
	return set
}
