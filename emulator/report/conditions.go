package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/record"
	"testbed/emulator/report/graph"
	"testbed/emulator/report/html"
	"testbed/emulator/units"
)

// mostRows bounds the table of queues.
const mostRows = 1000

// checks are what verify measured, and what happened to the network.
func (p *page) checks() {
	s := html.Section{ID: "checks", Title: "Fidelity and events"}
	m := p.run.Manifest
	if len(m.Fidelity) == 0 {
		s.Intro = append(s.Intro, "The run has no fidelity table: no links were measured beside the workload. testbed up, testbed verify and testbed replay, in this order, measure a sample of the links of every class and hold them against the scenario.")
	} else {
		s.Tables = append(s.Tables, fidelity(m.Fidelity))
	}
	if len(m.Events) > 0 {
		s.Tables = append(s.Tables, events(m.Events))
	} else {
		s.Intro = append(s.Intro, "The manifest records no events: nothing was to change in the network during the run.")
	}
	p.section(s)
}

func events(list []record.Event) html.Table {
	t := html.Table{ID: "events", Caption: "Events: what changed in the network during each model's chains", Columns: []html.Column{{Name: "model"}, {Name: "what"},
		{Name: "scheduled, s", Number: true}, {Name: "in force, s", Number: true}, {Name: "late by, ms", Number: true}, {Name: "note"}},
		Note: "Seconds since the model's first chain began."}
	if len(list) > mostRows {
		t.Note += fmt.Sprintf(" Only the first %d of %d are listed; %s has all.", mostRows, len(list), record.ManifestFile)
		list = list[:mostRows]
	}
	for _, e := range list {
		if e.Origin != "" {
			t.Rows = append(t.Rows, []string{"", clip(strings.Join(e.What, "; "), 200), "", "", "",
				fmt.Sprintf("not of the scenario: by %s, %s", clip(e.Origin, 100), instant(e.Time))})
			continue
		}
		row := []string{e.Model, clip(strings.Join(e.What, "; "), 200), fmt.Sprintf("%.3f", e.Scheduled), "", "", e.Error}
		if e.Missed {
			row[5] = strings.TrimPrefix(e.Error+"; not reached: the model's last chain had ended", "; ")
		} else {
			row[3], row[4] = fmt.Sprintf("%.3f", e.Actual), fmt.Sprintf("%.1f", 1000*(e.Actual-e.Scheduled))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func fidelity(list []record.Fidelity) html.Table {
	t := html.Table{ID: "fidelity", Caption: "Paths measured against the scenario", Columns: []html.Column{{Name: "class"}, {Name: "from"}, {Name: "to"}, {Name: "quantity"},
		{Name: "target", Number: true}, {Name: "measured", Number: true}, {Name: "error", Number: true}, {Name: "verdict"}}}
	t.Note = "Round trips are medians; their verdict is about the 99th percentile as well."
	for _, f := range list {
		verdict := "ok"
		if !f.OK {
			verdict = "OFF"
		}
		quantity, show := f.Quantity, func(v float64) string { return fmt.Sprintf("%.4g", v) }
		switch f.Quantity {
		case "rtt_s":
			quantity, show = "round trip", func(v float64) string { return fmt.Sprintf("%.3f ms", 1e3*v) }
		case "goodput_bps":
			quantity, show = "goodput", func(v float64) string { return fmt.Sprintf("%.2f Mbps", v/1e6) }
		}
		relative := ""
		if f.Target != 0 {
			relative = fmt.Sprintf("%+.2f %%", 100*(f.Measured-f.Target)/f.Target)
		}
		t.Rows = append(t.Rows, []string{f.Class, f.From, f.To, quantity, show(f.Target), show(f.Measured), relative, verdict})
	}
	return t
}

// conditions are the settings in force: TCP, and every queue with its counters.
func (p *page) conditions() {
	m := p.run.Manifest
	s := html.Section{ID: "conditions", Title: "Settings and queues"}
	for _, name := range slices.Sorted(maps.Keys(m.TCP)) {
		s.Facts = append(s.Facts, html.Fact{Name: strings.ReplaceAll(name, "/", "."), Value: m.TCP[name]})
	}
	if len(m.Queues) > 0 {
		s.Tables = append(s.Tables, queues(m.Queues))
		s.Intro = noted(m.Queues)
	}
	p.section(s)
}

// noted are the notes that queues carry, each once.
func noted(list []fabric.QueueStatus) []string {
	count := map[string]int{}
	for i := range list {
		if list[i].Note != "" {
			count[list[i].Note]++
		}
	}
	var out []string
	for _, note := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprintf("Of %d of the %d queues: %s.", count[note], len(list), note))
	}
	return out[:min(len(out), 5)]
}

func queues(list []fabric.QueueStatus) html.Table {
	t := html.Table{ID: "queues", Caption: fmt.Sprintf("The %s queues, with their counters at the run's end", thousands(int64(len(list)))), Filter: "Filter by link, node or value",
		Columns: []html.Column{{Name: "link"}, {Name: "from"}, {Name: "rate", Number: true}, {Name: "delay", Number: true}, {Name: "loss", Number: true},
			{Name: "limit", Number: true}, {Name: "packets", Number: true}, {Name: "bytes", Number: true}, {Name: "dropped", Number: true}, {Name: "lost", Number: true}}}
	if len(list) > mostRows {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b fabric.QueueStatus) int { return cmp.Compare(b.Bytes, a.Bytes) })
		t.Note = fmt.Sprintf("Only the %d queues that sent most are listed; %s has all %d.", mostRows, record.ManifestFile, len(list))
		list = list[:mostRows]
	}
	for i := range list {
		q := &list[i]
		rate := "unlimited"
		if q.Rate > 0 {
			rate = graph.Rate(q.Rate)
		}
		t.Rows = append(t.Rows, []string{q.Link, clip(q.From, 60), rate, delayOf(q), units.Percent(q.Loss), size(q.Limit),
			thousands(int64(q.Packets)), thousands(int64(q.Bytes)), thousands(int64(q.Dropped)), thousands(int64(q.Lost))})
	}
	return t
}

func delayOf(q *fabric.QueueStatus) string {
	text := "0"
	if q.Delay > 0 {
		text = graph.Delay(q.Delay.Round(time.Microsecond))
	}
	if q.Jitter > 0 {
		text += " ± " + graph.Delay(q.Jitter)
	}
	return text
}

func size(b units.ByteSize) string { return fmt.Sprintf("%.4g kB", float64(b)/1000) }

// clip cuts a text to so many letters.
func clip(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}

// reproduce says how to do it again, and how to cite it.
func (p *page) reproduce() {
	m := p.run.Manifest
	s := html.Section{ID: "reproduce", Title: "Reproduce and cite"}
	version := strings.TrimSuffix(m.Version, "-dirty")
	var steps []string
	if version != m.Version {
		s.Intro = append(s.Intro, "The program was built from a source tree with changes that were not committed: the version below is the nearest one.")
	}
	steps = append(steps, checkout(version))
	again := fmt.Sprintf("sudo bin/testbed run --runtime=%s --fabric=%s ", shell.Quote(cmp.Or(m.Runtime, "auto")), shell.Quote(cmp.Or(m.Fabric, "auto")))
	if _, kept := m.Files[record.ScenarioFile]; kept {
		steps = append(steps, "# the run's directory has its scenario and the files that it reads", again+shell.Path(p.run.Dir))
	} else {
		steps = append(steps, "# the scenario below, with all defaults resolved, as scenario.yaml (JSON is YAML)", again+"scenario.yaml")
	}
	if m.File != "" {
		// An interactive shell may take what follows # for a command.
		steps = append(steps, "# or, from the same version, the file that it was: "+shell.Path(m.File))
	}
	steps = append(steps, "bin/testbed compare results/RUN", "bin/testbed report results/RUN")
	s.Texts = append(s.Texts, html.Text{Title: "Commands", Body: strings.Join(steps, "\n")})
	s.Texts = append(s.Texts, html.Text{Title: "How to cite this run", Body: fmt.Sprintf(
		"testbed %s, run %s of %s: scenario %s, seed %d, %s runtime, %s fabric, kernel %s.", m.Version, m.Run, instant(m.Start), clip(p.Title, 200), m.Seed, m.Runtime, m.Fabric, m.Kernel)})
	if len(m.Scenario) > 0 {
		var text bytes.Buffer
		if json.Indent(&text, m.Scenario, "", "  ") == nil {
			s.Texts = append(s.Texts, html.Text{Title: "The scenario, with all defaults resolved", Body: shortened(text.String()), Folded: true})
		}
	}
	p.section(s)
}

// shortened keeps the page small where a scenario writes out a large topology.
func shortened(text string) string {
	const most = 200_000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "\n... cut here: " + record.ManifestFile + " has all of it"
}

// revision is what `git describe` says, and nothing that git could take for an option.
var revision = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/+-]{0,99}$`)

// checkout is the command that gets a version of the program.
func checkout(version string) string {
	if !revision.MatchString(version) {
		return "# the version in the manifest is none that git knows; with one that has made the run: make build"
	}
	return "git checkout " + shell.Quote(version) + " && make build"
}
