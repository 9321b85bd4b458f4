package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// LinkDelays is an empirical distribution from which each packet's delay is drawn, in place of delay and jitter.
// Packets keep their order.
type LinkDelays struct {
	// Path of the file, relative to this one, for both directions: CSV with a column delay_ms (or _us, _s) alone, a row
	// for each delay that was measured; with delay_ms and cdf, the share of delays up to there; or with from_ms, to_ms and
	// count, a histogram.
	File string `yaml:"file,short"`
	// The same for the direction from the first endpoint to the second alone, towards the core.
	Up string `yaml:"up"`
	// The same for the direction from the second endpoint to the first alone.
	Down string `yaml:"down"`
	// How alike the delays of two packets are which follow one another, from 0 to less than 1: the correlation of the
	// normal deviates that they are made of. Absent: 0.
	Correlation Fraction `yaml:"correlation" atmost:"correlation (correlation or coherence)" max:"0.999999"`
	// The same by time: delays of packets so far apart are correlated by 1/e, such as 500ms.
	Coherence time.Duration `yaml:"coherence" atmost:"correlation (correlation or coherence)" min:"1us" max:"24h"`
}

// of is the file of a direction, and its key; empty: there is none.
func (l *LinkDelays) of(dir int) (file, key string) {
	switch {
	case l.File != "":
		return l.File, "file"
	case dir == 0 && l.Up != "":
		return l.Up, "up"
	case dir == 1 && l.Down != "":
		return l.Down, "down"
	}
	return "", ""
}

// delaysKey tells apart what is read.
type delaysKey struct {
	file        string
	correlation Fraction
	coherence   time.Duration
}

// delays reads a distribution, once.
func (s *Scenario) delays(file string, l *LinkDelays) (*linktrace.Trace, error) {
	key := delaysKey{s.resolvePath(file), l.Correlation, l.Coherence}
	if known := s.traces.delays[key]; known != nil {
		return known, nil
	}
	made, err := linktrace.LoadDelays(key.file,
		linktrace.SpreadOptions{Correlation: float64(l.Correlation), Coherence: int64(l.Coherence)})
	if err != nil {
		return nil, err
	}
	if err := s.traces.count(key.file, len(made.Spread.Quantiles)); err != nil {
		return nil, err
	}
	if s.traces.delays == nil {
		s.traces.delays = map[delaysKey]*linktrace.Trace{}
	}
	s.traces.delays[key] = made
	return made, nil
}

// checkDelays finds what is wrong with distributions and, where files may be opened, in them.
func (d *decoder) checkDelays(s *Scenario, open bool) {
	for _, l := range s.traced() {
		here := join(l.path, "delays")
		if l.delays == nil || d.failed(here) {
			continue
		}
		switch both := l.delays.Up != "" || l.delays.Down != ""; {
		case l.delays.File == "" && !both:
			d.failAt(here, "add file: PATH, or up and down", "it is not said what delays are drawn from")
		case l.delays.File != "" && both:
			d.failAt(here, "keep file, or up and down", "the distribution of a direction is given twice")
		}
		for dir := range 2 {
			if file, key := l.delays.of(dir); file != "" && open && !d.failed(here) && !d.full() {
				d.checkDelayFile(s, &l, file, join(here, key), dir == 0)
			}
		}
	}
}

func (d *decoder) checkDelayFile(s *Scenario, l *tracedLink, file, path string, up bool) {
	if _, err := s.delays(file, l.delays); err != nil {
		remedy := ""
		if errors.Is(err, fs.ErrNotExist) {
			remedy = "paths are relative to the scenario's file"
		}
		d.failAt(path, remedy, "%v", err)
		s.unread = true // to say so once
		return
	}
	p := l.properties
	for _, key := range []string{"delay", "jitter"} {
		given := map[string]bool{"delay": isGiven(p.Delay, up), "jitter": isGiven(p.Jitter, up)}[key]
		if key == "delay" {
			key = d.given(l.path, key, "rtt")
		}
		if here := join(l.path, key); given && !d.failed(here) {
			d.failAt(here, "remove it, or delays", "the link draws its delays from %s", file)
		}
	}
}

// count adds to what was read, and fails where that is too much.
func (t *traces) count(file string, lines int) error {
	if t.size += lines; t.size > maxTraced {
		return fmt.Errorf("%s: the scenario's traces have more than %d lines altogether; shorten some", file, maxTraced)
	}
	return nil
}

// directions are those of a link's queues, in their order: 0 is up, from the first endpoint, and 1 down.
func directions(of topology.LinkType) []int {
	switch of {
	case topology.Duplex:
		return []int{0, 1}
	case topology.Downlink:
		return []int{1}
	}
	return []int{0}
}
