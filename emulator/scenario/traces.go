package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// LinkTrace is a measurement that a link follows in place of constants.
type LinkTrace struct {
	// Path of the file that both directions follow, relative to this one.
	File string `yaml:"file,short"`
	// Format of the file: mahimahi, a line for each time, in ms, at which the link has room for 1500 bytes; csv, a row of
	// names (time and some of rate, delay, jitter, loss, queue; a unit may follow: rate_mbps) and then one for each
	// instant. Default: the one that the file's first line is in.
	Format string `yaml:"format" with:"file" enum:"mahimahi|csv"`
	// Of CSV, what is between two rows: step, the link is as the earlier one says; linear, it goes from one to the other
	// in a straight line. Default: step.
	Interpolate string `yaml:"interpolate" with:"file" enum:"step|linear"`
	// What becomes of the link at the time of the last row or line: repeat, the trace begins anew; hold, of CSV, the
	// values of the last row remain. Default: repeat.
	End string `yaml:"end" with:"file" enum:"repeat|hold"`
	// Of CSV with a column distance beside time: path of a table that says what the link is like at a distance, CSV with a
	// column distance (m) and some of rate, delay, jitter, loss and queue; in between, in a straight line.
	Table string `yaml:"table" with:"file"`
	// What the direction from the first endpoint to the second follows, towards the core: a path, or as above. Absent,
	// with down: no trace.
	Up *TraceFile `yaml:"up"`
	// What the direction from the second endpoint to the first follows.
	Down *TraceFile `yaml:"down"`
	// When the trace begins, on all links at the same instant: run, with each model's chains, so that every model meets
	// the same, and until then with the network; up, with the network alone.
	Start string `yaml:"start" enum:"run|up" default:"run"`
}

// TraceFile is what one direction of a link follows.
type TraceFile struct {
	// Path of the file, relative to this one.
	File string `yaml:"file,short,required"`
	// Format of the file: mahimahi or csv. Default: the one that the file's first line is in.
	Format string `yaml:"format" enum:"mahimahi|csv"`
	// Of CSV, what is between two rows: step or linear. Default: step.
	Interpolate string `yaml:"interpolate" enum:"step|linear"`
	// What becomes of the link at the time of the last row or line: repeat or hold. Default: repeat.
	End string `yaml:"end" enum:"repeat|hold"`
	// Of CSV with a column distance: path of the table that says what the link is like at a distance.
	Table string `yaml:"table"`
}

// direction is what a direction follows; nil: nothing. key is its place below the trace's.
func (l *LinkTrace) direction(dir int) (of *TraceFile, key string) {
	switch {
	case l.File != "":
		return &TraceFile{l.File, l.Format, l.Interpolate, l.End, l.Table}, "file"
	case dir == 0 && l.Up != nil:
		return l.Up, "up"
	case dir == 1 && l.Down != nil:
		return l.Down, "down"
	}
	return nil, ""
}

// tracedLink is a place in the file where a trace or a distribution is given.
type tracedLink struct {
	path       string
	trace      *LinkTrace // nil: none
	delays     *LinkDelays
	properties *Properties // given beside it
}

// traced are the places in the file that give a trace or a distribution.
func (f *File) traced() []tracedLink {
	var all []tracedLink
	add := func(path string, trace *LinkTrace, delays *LinkDelays, p *Properties) {
		if trace != nil || delays != nil {
			all = append(all, tracedLink{path, trace, delays, p})
		}
	}
	for i := range f.Classes {
		o := &f.Classes[i]
		add(join("classes", o.Name), o.Trace, o.Delays, &o.Properties)
	}
	for i := range f.Topology.Links {
		l := &f.Topology.Links[i]
		add(fmt.Sprintf("topology.links[%d]", i), l.Trace, l.Delays, &l.Properties)
	}
	for i := range f.Overrides {
		o := &f.Overrides[i]
		add(join("overrides", o.Name), o.Trace, o.Delays, &o.Properties)
	}
	return all
}

// traceInputs are the paths of traces and distributions. Places that name one path have one key.
func (f *File) traceInputs() []input {
	var all []input
	keys := map[string]string{}
	add := func(key string, path *string) {
		if *path == "" {
			return
		}
		if known, twice := keys[*path]; twice {
			key = known
		}
		keys[*path] = key
		all = append(all, input{key, path, []string{""}})
	}
	for _, l := range f.traced() {
		if t, here := l.trace, join(l.path, "trace"); t != nil {
			add(join(here, "file"), &t.File)
			add(join(here, "table"), &t.Table)
			if t.Up != nil {
				add(join(here, "up"), &t.Up.File)
				add(join(here, "up.table"), &t.Up.Table)
			}
			if t.Down != nil {
				add(join(here, "down"), &t.Down.File)
				add(join(here, "down.table"), &t.Down.Table)
			}
		}
		if t, here := l.delays, join(l.path, "delays"); t != nil {
			add(join(here, "file"), &t.File)
			add(join(here, "up"), &t.Up)
			add(join(here, "down"), &t.Down)
		}
	}
	return all
}

// ownTraces makes the traces of a copy its own, whose paths may be changed.
func (f *File) ownTraces() {
	own := func(l **LinkTrace) {
		if *l == nil {
			return
		}
		copied := **l
		for _, d := range []**TraceFile{&copied.Up, &copied.Down} {
			if *d != nil {
				file := **d
				*d = &file
			}
		}
		*l = &copied
	}
	ownDelays := func(l **LinkDelays) {
		if *l != nil {
			copied := **l
			*l = &copied
		}
	}
	f.Topology.Links = slices.Clone(f.Topology.Links)
	for i := range f.Topology.Links {
		own(&f.Topology.Links[i].Trace)
		ownDelays(&f.Topology.Links[i].Delays)
	}
	for _, list := range []*[]Override{&f.Classes, &f.Overrides} {
		*list = slices.Clone(*list)
		for i := range *list {
			own(&(*list)[i].Trace)
			ownDelays(&(*list)[i].Delays)
		}
	}
}

// traceKey tells apart what is read: a file, by its path as it is in the scenario, and how.
type traceKey struct {
	TraceFile
	start string
}

// traces are those that were read, shared by all that follow them.
type traces struct {
	by     map[traceKey]*linktrace.Trace
	delays map[delaysKey]*linktrace.Trace
	tables map[string]*linktrace.Table // by path
	size   int                         // opportunities, knots and quantiles

	narrowed map[narrowed]*linktrace.Trace // what is left of them where links give some properties themselves
}

// maxTraced bounds the opportunities and rows of all traces of a scenario.
const maxTraced = 16_000_000

// linkTrace reads what a direction follows, once.
func (s *Scenario) linkTrace(f *TraceFile, start string) (*linktrace.Trace, error) {
	key := traceKey{*f, start}
	key.File = s.resolvePath(f.File)
	if known := s.traces.by[key]; known != nil {
		return known, nil
	}
	table, err := s.distanceTable(f.Table)
	if err != nil {
		return nil, err
	}
	made, err := linktrace.Load(key.File, linktrace.Options{
		Table:  table,
		Format: linktrace.Format(f.Format), Linear: f.Interpolate == "linear", End: linktrace.End(f.End),
		WithRun: start == "run",
	})
	if err != nil {
		return nil, err
	}
	if err := s.traces.count(key.File, len(made.Opportunities)+len(made.Knots)); err != nil {
		return nil, err
	}
	if s.traces.by == nil {
		s.traces.by = map[traceKey]*linktrace.Trace{}
	}
	s.traces.by[key] = made
	return made, nil
}

// distanceTable reads what a trace of distances looks up, once.
func (s *Scenario) distanceTable(file string) (*linktrace.Table, error) {
	if file == "" {
		return nil, nil
	}
	path := s.resolvePath(file)
	if known := s.traces.tables[path]; known != nil {
		return known, nil
	}
	table, err := linktrace.LoadTable(path)
	if err == nil {
		err = s.traces.count(path, table.Rows())
	}
	if err != nil {
		return nil, err
	}
	if s.traces.tables == nil {
		s.traces.tables = map[string]*linktrace.Table{}
	}
	s.traces.tables[path] = table
	return table, nil
}

// checkTraces finds what is wrong with traces by their keys alone.
func (d *decoder) checkTraces(f *File) {
	for _, l := range f.traced() {
		here := join(l.path, "trace")
		if l.trace == nil {
			continue
		}
		switch both := l.trace.Up != nil || l.trace.Down != nil; {
		case d.failed(here):
		case l.trace.File == "" && !both:
			d.failAt(here, "add file: PATH, or up and down", "it is not said what the link follows")
		case l.trace.File != "" && both:
			d.failAt(here, "keep file, or up and down", "the trace of a direction is given twice")
		}
	}
}

// checkTraceFiles reads the traces.
func (d *decoder) checkTraceFiles(s *Scenario) {
	for _, l := range s.traced() {
		here := join(l.path, "trace")
		for dir := range 2 {
			if l.trace == nil {
				break
			}
			file, key := l.trace.direction(dir)
			at := join(here, key)
			if file == nil || d.failed(here) || d.full() {
				continue
			}
			trace, err := s.linkTrace(file, l.trace.Start)
			if err != nil {
				remedy := ""
				if errors.Is(err, fs.ErrNotExist) {
					remedy = "paths are relative to the scenario's file"
				}
				d.failAt(at, remedy, "%v", err)
				s.unread = true // to say so once
				continue
			}
			d.checkBeside(&l, trace, dir == 0)
			if l.delays != nil && trace.Columns&linktrace.Delay != 0 && !d.failed(join(l.path, "delays")) {
				d.failAt(join(l.path, "delays"), "remove it, or the column", "the trace %s gives the delay", trace.Name)
			}
		}
	}
}

// checkBeside refuses what is given beside a trace that gives it as well.
func (d *decoder) checkBeside(l *tracedLink, trace *linktrace.Trace, up bool) {
	for _, key := range l.properties.alsoIn(trace, up) {
		of := key
		if key == "delay" {
			of = d.given(l.path, key, "rtt")
		}
		if here := join(l.path, of); !d.failed(here) {
			d.failAt(here, "remove it, or the trace", "the link follows a trace, %s, that gives its %s", trace.Name, key)
		}
	}
}

// alsoIn are the keys of what p gives of a direction and a trace does as well.
func (p *Properties) alsoIn(trace *linktrace.Trace, up bool) []string {
	var keys []string
	for _, given := range []struct {
		key    string
		is, by bool
	}{
		{"rate", isGiven(p.Rate, up), trace.ServesPackets()},
		{"delay", isGiven(p.Delay, up) || p.RTT != nil, trace.Columns&linktrace.Delay != 0},
		{"jitter", isGiven(p.Jitter, up), trace.Columns&linktrace.Jitter != 0},
		{"loss", isGiven(p.Loss, up), trace.Columns&linktrace.Loss != 0},
		{"queue", isGiven(p.Queue, up), trace.Columns&linktrace.Queue != 0},
	} {
		if given.is && given.by {
			keys = append(keys, given.key)
		}
	}
	return keys
}

// Effective says why a change of a link's properties would have no effect: the link follows a trace that gives them. A
// rate ends the trace, and may be given.
func (p Properties) Effective(t *topology.Topology, link topology.ID) error {
	v := &t.Vertices[link]
	for dir := range v.Shape {
		up := dir == 0 && v.LinkType != topology.Downlink
		trace := t.Trace(&v.Shape[dir])
		if trace == nil || isGiven(p.Rate, up) {
			continue
		}
		if keys := p.alsoIn(trace, up); len(keys) > 0 {
			return fmt.Errorf("%s: the link follows a trace, %s, that gives it; give a rate as well, which ends the trace",
				strings.Join(keys, ", "), trace.Name)
		}
	}
	return nil
}
