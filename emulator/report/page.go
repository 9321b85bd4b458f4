package report

import (
	"fmt"
	"strings"
	"time"

	"testbed/emulator/catalogue"
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
	p.Made = fmt.Sprintf("Made from the run's directory by testbed report. Charts by Apache ECharts 6.1.0 (Apache-2.0). The figures for print are in %s/, as SVG, PNG, PDF and CSV.", FiguresDir)
	return p.Page
}

// figure is one of the drawings, if there is one of that name.
func (p *page) figure(id, title, caption, shape string) []html.Figure {
	if p.drawn.charts[id] == nil {
		return nil
	}
	return []html.Figure{{ID: id, Title: title, Caption: caption, Static: p.drawn.static[id], Chart: true, Shape: shape}}
}

// section adds a section, unless it is empty.
func (p *page) section(s html.Section) {
	if len(s.Figures)+len(s.Tables)+len(s.Facts)+len(s.Words)+len(s.Texts)+len(s.Intro) > 0 {
		p.Sections = append(p.Sections, s)
	}
}

func (p *page) network() {
	s := html.Section{ID: "network", Title: "The network"}
	if t := p.run.Topology; t != nil && p.drawn.graph != "" {
		caption := "Lines are labelled with their rate and one-way delay; ↑ is towards the core. Point at anything for its details."
		if p.run.Rebuilt {
			caption += " Drawn from the scenario in the manifest, for this run has no topology.json: what was changed while it was up does not show."
		}
		if len(p.run.Load.Peaks) > 0 {
			caption += " Colour and width show the highest use in any sample while chains ran."
		}
		s.Figures = append(s.Figures, html.Figure{ID: "topology", Title: fmt.Sprintf("%d hosts, %d links", len(t.Hosts()), len(t.Links())),
			Caption: caption, Static: html.SVG(p.drawn.graph), Plain: true, Shape: "wide"})
	}
	s.Figures = append(s.Figures, p.figure("link-use", "Link use over time",
		fmt.Sprintf("Share of the rate in use while chains ran, of the %d queues with the highest mean. %s", min(topLinks, len(p.run.Load.Queues)), sampled(p.run.Load.Interval, p.run.Load.Width)), "wide")...)
	s.Figures = append(s.Figures, p.figure("host-load", "Load of the machine over time",
		"All processors together, while chains ran. "+sampled(p.run.Host.Interval, p.run.Host.Width)+" Time that the hypervisor gave to others (steal) delays everything and is part of busy.", "wide")...)
	p.section(s)
}

func (p *page) study() {
	s := html.Section{ID: "study", Title: "The study's figures, measured over predicted", Filtered: true,
		Intro: []string{"Solid lines with full markers were measured, dashed ones with open markers are the prediction of the engine chosen above."}}
	wire := "It is measured by the links' counters (Ethernet frames with headers and acknowledgements, on every link they pass) for models that ran alone, and for at least ten samples"
	switch missing := p.run.Unattributed(); {
	case len(missing) == len(p.run.Models):
		wire += ": here for none."
	case len(missing) > 0:
		wire += ": here not for " + strings.Join(missing, ", ") + "."
	default:
		wire += "."
	}
	s.Figures = append(s.Figures, p.figure(figures.TrafficName, "Figure 4: traffic per chain",
		"Mean over the jobs done so far. Predicted: payload times links. "+wire, "wide")...)
	s.Figures = append(s.Figures, p.figure(figures.LatencyName, "Figure 5: total latency of all jobs, in ascending order", "Each chain's latency against its rank among its model's chains.", "")...)
	s.Figures = append(s.Figures, p.figure(figures.LengthName, "Figure 6: network latency against chain length", "Means, with 95 % confidence intervals by Student's t.", "")...)
	if len(s.Figures) > 0 {
		p.section(s)
	}
}

func (p *page) agreement() {
	s := html.Section{ID: "agreement", Title: "Measured against predicted", Filtered: true}
	caption := "One mark a chain. On the line prediction and measurement are equal; the dashed lines are 10 % off."
	if p.drawn.grouped {
		caption = fmt.Sprintf("Chains that are close to each other share one mark at their mean, larger for more chains (%s chains in all). On the line prediction and measurement are equal; the dashed lines are 10 %% off.", thousands(int64(len(p.run.Chains))))
	}
	s.Figures = append(s.Figures, p.figure("measured-against-predicted", "Chain by chain", caption, "square")...)
	s.Figures = append(s.Figures, p.figure("error-by-length", "Error by model and chain length",
		"Median of |measured - predicted| / measured of the total latency; the bar reaches up to the 95th percentile.", "square")...)
	s.Figures = append(s.Figures, p.figure("error-by-part", "Where the error arises",
		partsCaption, "wide")...)
	s.Tables = p.errorTables()
	for _, report := range p.run.Reports {
		if len(report.Verdict.Text) > 0 {
			s.Words = append(s.Words, html.Words{Title: "In words: " + report.Engine, Items: report.Verdict.Text})
		}
	}
	p.section(s)
}

const partsCaption = "Mean difference per chain. Above zero the measurement took longer; parts of opposite sign cancel in the sum. Queueing is what remains of a transfer's measured time when all that the prediction knows is taken off."

// sampled says what a value over time stands for.
func sampled(interval, width time.Duration) string {
	if width > interval {
		return fmt.Sprintf("Each value is the mean of the samples of %v.", width)
	}
	return fmt.Sprintf("Sampled every %v.", interval.Round(100*time.Millisecond))
}

// errorTables has a row for each model and engine.
func (p *page) errorTables() []html.Table {
	t := html.Table{ID: "errors", Caption: "Total latency by model", Columns: []html.Column{{Name: "model"}, {Name: "prediction"}, {Name: "chains", Number: true},
		{Name: "measured mean, ms", Number: true}, {Name: "predicted mean, ms", Number: true}, {Name: "difference, ms", Number: true}, {Name: "95 % interval", Number: true},
		{Name: "median error, %", Number: true}, {Name: "p95, %", Number: true}, {Name: "bias, %", Number: true}}}
	for _, report := range p.run.Reports {
		for i := range report.Models {
			g := &report.Models[i]
			row := []string{string(g.Model), report.Engine, fmt.Sprint(g.Chains), millis(g.Total.Measured.Mean), "", "", "", "", "", ""}
			if g.Paired > 0 {
				d, e := g.Total.Difference, g.Total.Error
				copy(row[4:], []string{millis(g.Total.Predicted.Mean), signed(d.Mean), "[" + signed(d.Low) + ", " + signed(d.High) + "]",
					percent(e.Median), percent(e.P95), fmt.Sprintf("%+.2f", 100*e.Bias)})
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	t.Note = "Differences are means over the paired chains, measured less predicted."
	if method := p.run.Reports[0].Method; method != "" {
		t.Note += " Intervals: " + method + "."
	}
	return []html.Table{t, p.orderTable()}
}

// orderTable is the study's order of the models, held against the measurement.
func (p *page) orderTable() html.Table {
	t := html.Table{ID: "order", Caption: "The study's order of the models by network latency", Columns: []html.Column{{Name: "statement"},
		{Name: "left mean, ms", Number: true}, {Name: "right mean, ms", Number: true}, {Name: "difference, ms", Number: true}, {Name: "95 % interval", Number: true}, {Name: "chains", Number: true}, {Name: "holds"}}}
	for _, r := range p.run.Reports[0].Order.Relations {
		holds := "yes"
		if !r.Holds {
			holds = "NO"
		}
		t.Rows = append(t.Rows, []string{strings.Join([]string{string(r.Left), r.Relation, string(r.Right)}, " "), millis(r.LeftMean), millis(r.RightMean),
			signed(r.Difference.Mean), "[" + signed(r.Difference.Low) + ", " + signed(r.Difference.High) + "]", fmt.Sprint(r.Chains), holds})
	}
	if len(t.Rows) == 0 {
		t.Note = "No two of the models that the study orders were measured on the same chains."
	}
	return t
}

func millis(s float64) string  { return fmt.Sprintf("%.1f", 1000*s) }
func signed(s float64) string  { return fmt.Sprintf("%+.2f", 1000*s) }
func percent(r float64) string { return fmt.Sprintf("%.2f", 100*r) }
