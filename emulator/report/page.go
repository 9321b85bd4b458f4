package report

import (
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/record"
	"testbed/emulator/report/figures"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
)

// page is a report under way.
type page struct {
	*html.Page
	run   *run.Run
	drawn *drawings
}

// present puts the page together.
func present(r *run.Run, d *drawings) *html.Page {
	m := r.Manifest
	name, description := scenarioName(m.Scenario, m.Testbed)
	p := &page{&html.Page{Title: name, Lede: description, Run: m.Run, Missing: r.Missing}, r, d}
	p.Good, p.Headline = headline(r)
	p.Validity = validity(r.Manifest.Validity)
	p.Verdict = verdict(r)
	p.Counts, p.Facts = counts(r), facts(r)
	for _, name := range r.Models {
		look := figures.LookOf(r.Catalogue, name)
		p.Models = append(p.Models, html.Model{Name: name, Colour: look.Colour, Symbol: look.Symbol, Dash: look.Dash})
	}
	for _, name := range r.Engines {
		p.Engines = append(p.Engines, html.Engine{Name: name, About: r.Catalogue.Describe(catalogue.Predictors, name).About})
	}
	p.network()
	p.agreement()
	p.study()
	p.checks()
	p.conditions()
	p.reproduce()
	p.Data = struct {
		Models []html.Model      `json:"models"`
		Charts map[string]*chart `json:"charts"`
	}{p.Models, d.charts}
	p.Made = say("made", FiguresDir)
	return p.Page
}

// figure is one of the drawings, if there is one of that name; its caption gets the values.
func (p *page) figure(id, shape string, values any) []html.Figure {
	if p.drawn.charts[id] == nil {
		return nil
	}
	return []html.Figure{{
		ID:      id,
		Title:   say(id+".title", values),
		Caption: say(id+".caption", values),
		Static:  p.drawn.static[id],
		Chart:   true,
		Shape:   shape,
	}}
}

// begin is a section with its title.
func begin(id string) html.Section { return html.Section{ID: id, Title: say(id+".title", nil)} }

// section adds a section, unless it is empty.
func (p *page) section(s html.Section) {
	if len(s.Figures)+len(s.Tables)+len(s.Facts)+len(s.Words)+len(s.Texts)+len(s.Intro) > 0 {
		p.Sections = append(p.Sections, s)
	}
}

func (p *page) network() {
	s := begin("network")
	if t := p.run.Topology; t != nil && p.drawn.graph != "" {
		values := struct {
			Hosts, Links  int
			Rebuilt, Used bool
		}{len(t.Hosts()), len(t.Links()), p.run.Rebuilt, len(p.run.Load.Peaks) > 0}
		s.Figures = append(s.Figures, html.Figure{
			ID:      "topology",
			Title:   say("topology.title", values),
			Caption: say("topology.caption", values),
			Static:  html.SVG(p.drawn.graph),
			Plain:   true,
			Shape:   "wide",
		})
	}
	load, host := &p.run.Load, &p.run.Host
	s.Figures = append(s.Figures, p.figure("link-use", "wide", struct {
		sampled
		Queues int
	}{sampledAt(load.Interval, load.Width), min(topLinks, len(load.Queues))})...)
	s.Figures = append(s.Figures, p.figure("lateness", "wide", struct {
		Width time.Duration
		Share float64
	}{p.run.Lateness.Width, share(p.run.Manifest)})...)
	s.Figures = append(s.Figures, p.figure("host-load", "wide", sampledAt(host.Interval, host.Width))...)
	p.section(s)
}

// share is from which share of its latency on a chain counts as disturbed; 0: the run does not say.
func share(m *record.Manifest) float64 {
	if m.Validity == nil {
		return 0
	}
	return m.Validity.Share
}

// sampled is what a value over time stands for.
type sampled struct {
	Merged          bool // it is the mean of more than one sample
	Interval, Width time.Duration
}

func sampledAt(interval, width time.Duration) sampled {
	return sampled{width > interval, interval.Round(100 * time.Millisecond), width}
}

func (p *page) study() {
	s := begin("study")
	s.Filtered, s.Intro = true, []string{say("study.intro", nil)}
	missing := p.run.Unattributed()
	s.Figures = append(s.Figures, p.figure(figures.TrafficName, "wide", struct {
		None    bool
		Missing []string
	}{len(missing) == len(p.run.Models), missing})...)
	s.Figures = append(s.Figures, p.figure(figures.LatencyName, "", nil)...)
	s.Figures = append(s.Figures, p.figure(figures.LengthName, "", nil)...)
	if len(s.Figures) > 0 {
		p.section(s)
	}
}

func (p *page) agreement() {
	s := begin("agreement")
	s.Filtered = true
	s.Figures = append(s.Figures, p.figure("measured-against-predicted", "square", struct {
		Grouped bool
		Chains  int
	}{p.drawn.grouped, len(p.run.Chains)})...)
	s.Figures = append(s.Figures, p.figure("error-by-length", "square", nil)...)
	s.Figures = append(s.Figures, p.figure("error-by-part", "wide", apart(p.run.Reports))...)
	s.Tables = append(p.errorTables(), p.picksTable()...)
	s.Tables = append(s.Tables, p.edgeTable()...)
	s.Tables = append(s.Tables, p.sharesTable()...)
	for _, report := range p.run.Reports {
		if len(report.Verdict.Text) > 0 {
			s.Words = append(s.Words, html.Words{Title: say("words.title", report.Engine), Items: report.Verdict.Text})
		}
	}
	p.section(s)
}
