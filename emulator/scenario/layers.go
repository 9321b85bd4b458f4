package scenario

import (
	"errors"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// layer is what one place in the file says of links.
type layer struct {
	*Properties
	trace  *LinkTrace  // nil: none
	delays *LinkDelays // nil: none
}

func (o *Override) layer() layer { return layer{&o.Properties, o.Trace, o.Delays} }

// layers are what the file says of each of a topology's links, the more specific last: of its class, of itself where it
// is written out, and of its name.
func (s *Scenario) layers(t *topology.Topology) map[topology.ID][]layer {
	classes := map[string]layer{}
	for i := range s.Classes {
		classes[s.Classes[i].Name] = s.Classes[i].layer()
	}
	all := map[topology.ID][]layer{}
	for _, id := range t.Links() {
		if of, known := classes[t.Vertices[id].Class]; known {
			all[id] = append(all[id], of)
		}
	}
	for i := range s.File.Topology.Links {
		l := &s.File.Topology.Links[i]
		if id, ok := t.Lookup(l.Name); ok {
			all[id] = append(all[id], layer{&l.Properties, l.Trace, l.Delays})
		}
	}
	for i := range s.Overrides {
		if id, ok := t.Lookup(s.Overrides[i].Name); ok {
			all[id] = append(all[id], s.Overrides[i].layer())
		}
	}
	return all
}

// lay puts layers on a link. Each property is that of the last layer which gives it, be it as a constant, by a trace or
// by a distribution of delays: what a trace gives besides is followed all the same.
func (s *Scenario) lay(t *topology.Topology, link topology.ID, layers []layer) error {
	v := &t.Vertices[link]
	for _, l := range layers {
		l.apply(v)
	}
	if s.unread {
		return nil
	}
	var errs []error
	for at, dir := range directions(v.LinkType) {
		m := measured{scenario: s}
		for _, l := range layers {
			m.add(l, dir)
		}
		errs = append(append(errs, m.errs...), m.put(t, topology.Channel{Link: link, Dir: at}))
	}
	return errors.Join(errs...)
}

// measured is what one direction of a link follows.
type measured struct {
	scenario *Scenario
	trace    *linktrace.Trace // nil: none
	delays   *linktrace.Trace // nil: none
	mean     *time.Duration   // of a distribution of which a later layer gave the jitter alone
	errs     []error
}

// add takes account of the next layer.
func (m *measured) add(l layer, dir int) {
	given := l.columns(dir == 0)
	m.trace = m.scenario.without(m.trace, given)
	switch {
	case given&linktrace.Delay != 0:
		m.delays, m.mean = nil, nil
	case given&linktrace.Jitter != 0 && m.delays != nil:
		mean := time.Duration(m.delays.Mean().Delay)
		m.delays, m.mean = nil, &mean
	}
	if l.trace != nil {
		if file, _ := l.trace.direction(dir); file != nil {
			trace, err := m.scenario.linkTrace(file, l.trace.Start)
			m.errs = append(m.errs, err)
			m.trace = trace
			if trace != nil && trace.Columns&linktrace.Delay != 0 {
				m.delays = nil
			}
		}
	}
	if l.delays != nil {
		if file, _ := l.delays.of(dir); file != "" {
			delays, err := m.scenario.delays(file, l.delays)
			m.errs = append(m.errs, err)
			m.delays = delays
			m.trace = m.scenario.without(m.trace, linktrace.Delay|linktrace.Jitter)
		}
	}
}

// put lets a queue follow it.
func (m *measured) put(t *topology.Topology, c topology.Channel) error {
	if m.mean != nil {
		t.Vertices[c.Link].Shape[c.Dir].Delay = *m.mean
	}
	var errs []error
	for _, of := range []*linktrace.Trace{m.trace, m.delays} {
		if of != nil {
			errs = append(errs, t.Follow(c, of))
		}
	}
	return errors.Join(errs...)
}

// columns are what p gives of a direction and a trace could. A delay stands for the jitter as well, which is around it.
func (p *Properties) columns(up bool) linktrace.Columns {
	var all linktrace.Columns
	for _, of := range []struct {
		given bool
		is    linktrace.Columns
	}{
		{isGiven(p.Rate, up), linktrace.Rate},
		{isGiven(p.Delay, up) || p.RTT != nil, linktrace.Delay | linktrace.Jitter},
		{isGiven(p.Jitter, up), linktrace.Jitter},
		{isGiven(p.Loss, up), linktrace.Loss},
		{isGiven(p.Queue, up), linktrace.Queue},
	} {
		if of.given {
			all |= of.is
		}
	}
	return all
}

// narrowed tells apart what is left of traces.
type narrowed struct {
	of      *linktrace.Trace
	without linktrace.Columns
}

// without is a trace that leaves columns to others, one for all links; nil: nothing is left of it, or there was none.
func (s *Scenario) without(t *linktrace.Trace, columns linktrace.Columns) *linktrace.Trace {
	if t == nil || columns == 0 {
		return t
	}
	key := narrowed{t, columns}
	made, known := s.traces.narrowed[key]
	if !known {
		made = t.Without(columns)
		if s.traces.narrowed == nil {
			s.traces.narrowed = map[narrowed]*linktrace.Trace{}
		}
		s.traces.narrowed[key] = made
	}
	return made
}
