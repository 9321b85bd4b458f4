package run

import (
	"errors"
	"math"
	"path/filepath"
	"time"

	"testbed/emulator/record"
)

// Lateness is what the host may have added to chains, over time: the most of all that were under way in a bucket, in s.
type Lateness struct {
	Width    time.Duration
	Fabric   Series // the fabric's part of it, where it tells
	Nodes    Series // that of the chains' nodes
	Packets  Series // how late the fabric wrote the latest 1 % of packets, by sampling interval
	Repeated Series // both, of attempts that were disturbed, and made again; 0: there was none
}

// Known says whether there is anything.
func (l *Lateness) Known() bool { return len(l.Nodes) > 0 }

// readLateness takes chains' lateness, and that of attempts beside them.
func (r *Run) readLateness() error {
	in := r.window()
	width := 250 * time.Millisecond
	for in.to.Sub(in.from)/width >= buckets {
		width *= 2
	}
	l := &Lateness{Width: width}
	for i := range r.Chains {
		if c := &r.Chains[i]; c.OK && c.Host != nil {
			if c.Host.FabricKnown {
				l.most(&l.Fabric, in.from, c.Start, c.End, c.Host.Fabric)
			}
			l.most(&l.Nodes, in.from, c.Start, c.End, c.Host.Nodes)
		}
	}
	if !l.Known() {
		return nil
	}
	for _, a := range r.Attempts {
		if !a.End.Before(in.from) && !a.End.After(in.to) {
			l.most(&l.Repeated, in.from, a.Start, a.End, a.Late)
		}
	}
	err := record.ReadHost(filepath.Join(r.Dir, record.SamplesFile), func(h record.Host) error {
		if h.Late != nil && in.holds(h.Time, h.Interval) {
			l.most(&l.Packets, in.from, h.Time.Add(-seconds(h.Interval)), h.Time, h.Late.P99)
		}
		return nil
	})
	if err != nil && !errors.Is(err, record.ErrTruncated) {
		return err
	}
	if len(l.Repeated) > 0 { // so that single ones can be seen, and what lies between them is not taken for one
		l.Repeated = append(l.Repeated, make(Series, max(0, len(l.Nodes)-len(l.Repeated)))...)
		for i, v := range l.Repeated {
			if math.IsNaN(v) {
				l.Repeated[i] = 0
			}
		}
	}
	r.Lateness = *l
	return nil
}

// longest is what a chain may be late by, in s, in a figure.
const longest = 1e6

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// most raises the buckets of a time to a value, at least.
func (l *Lateness) most(s *Series, zero, from, to time.Time, value float64) {
	if !(value >= 0 && value <= longest) {
		return
	}
	first, last := max(0, from.Sub(zero)/l.Width), min(to.Sub(zero)/l.Width, buckets)
	for i := first; i <= last; i++ {
		for int(i) >= len(*s) {
			*s = append(*s, math.NaN())
		}
		if at := &(*s)[i]; !(*at >= value) {
			*at = value
		}
	}
}
