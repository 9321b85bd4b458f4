package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/record"
	"testbed/emulator/report/graph"
	"testbed/emulator/report/html"
	"testbed/emulator/units"
)

// mostRows bounds the table of queues.
const mostRows = 1000

// checks are what verify measured, and what happened to the network.
func (p *page) checks() {
	s := begin("checks")
	m := p.run.Manifest
	if len(m.Fidelity) == 0 {
		s.Intro = append(s.Intro, say("fidelity.none", nil))
	} else {
		s.Tables = append(s.Tables, fidelity(m.Fidelity))
	}
	if m.Changed != nil {
		s.Intro = append(s.Intro, say("network.changed", found(m.Changed)))
	}
	if len(m.Events) > 0 {
		s.Tables = append(s.Tables, events(m.Events))
		if all := moves(m.Events); len(all) > 0 {
			s.Tables = append(s.Tables, movesTable(all))
		}
	} else {
		s.Intro = append(s.Intro, say("events.none", nil))
	}
	p.section(s)
}

// foundChanged is what a sentence says of a network that was not as the scenario says.
type foundChanged struct {
	By, What string
	Followed bool // predictions are of it
}

func found(c *record.Changed) foundChanged {
	what := strings.Join(slices.Concat(c.Silent, c.What), "; ")
	return foundChanged{clip(strings.Join(c.By, ", "), 200), clip(what, 2000), len(c.What) > 0}
}

// listed is how many rows a table has of how many, and which file has all of them.
type listed struct {
	Most, All int
	File      string
}

func events(list []record.Event) html.Table {
	t := html.Table{
		ID:      "events",
		Caption: say("events.caption", nil),
		Columns: columns("model", "what", "#scheduled, s", "#in force, s", "#late by, ms", "note"),
		Note:    say("events.note", listed{mostRows, len(list), record.ManifestFile}),
	}
	list = list[:min(len(list), mostRows)]
	for _, e := range list {
		if e.Origin != "" {
			note := say("events.foreign", struct{ Origin, Time string }{clip(e.Origin, 100), instant(e.Time)})
			t.Rows = append(t.Rows, []string{"", clip(strings.Join(e.What, "; "), 200), "", "", "", note})
			continue
		}
		row := []string{e.Model, clip(strings.Join(e.What, "; "), 200), fmt.Sprintf("%.3f", e.Scheduled), "", "", e.Error}
		if e.Missed {
			row[5] = strings.TrimPrefix(e.Error+"; "+say("events.missed", nil), "; ")
		} else {
			row[3], row[4] = fmt.Sprintf("%.3f", e.Actual), fmt.Sprintf("%.1f", 1000*(e.Actual-e.Scheduled))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func fidelity(list []record.Fidelity) html.Table {
	t := html.Table{
		ID:      "fidelity",
		Caption: say("fidelity.caption", nil),
		Columns: columns("class", "from", "to", "quantity", "#target", "#measured", "#error", "verdict"),
		Note:    say("fidelity.note", nil),
	}
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
		t.Rows = append(t.Rows, []string{
			f.Class, f.From, f.To, quantity, show(f.Target), show(f.Measured), relative, verdict,
		})
	}
	return t
}

// conditions are the settings in force: TCP, and every queue with its counters.
func (p *page) conditions() {
	m := p.run.Manifest
	s := begin("conditions")
	for _, name := range slices.Sorted(maps.Keys(m.TCP)) {
		s.Facts = append(s.Facts, html.Fact{Name: strings.ReplaceAll(name, "/", "."), Value: m.TCP[name]})
	}
	if len(m.Queues) > 0 {
		s.Tables = append(s.Tables, queues(m.Queues))
		s.Intro = noted(m.Queues)
	}
	if v := m.Validity; v != nil && len(v.Cut) > 0 {
		s.Tables = append(s.Tables, crossings(v.Cut))
	}
	p.section(s)
}

// crossings says what went from machine to machine.
func crossings(list []record.Crossing) html.Table {
	t := html.Table{
		ID:      "crossings",
		Caption: say("crossings.caption", nil),
		Columns: columns("from machine", "to machine", "#packets", "#lost", "#late", "#late p99, ms", "#late most, ms",
			"#clocks known to, ms"),
		Note: say("crossings.note", nil),
	}
	for i := range list {
		c := &list[i]
		ms := func(s float64) string { return strconv.FormatFloat(1e3*s, 'g', 3, 64) }
		t.Rows = append(t.Rows, []string{c.From, c.To, thousands(int64(c.Sent)), thousands(int64(c.Lost)),
			thousands(int64(c.Late)), ms(c.LateP99), ms(c.LateMax), ms(c.ClockError)})
	}
	return t
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
		out = append(out, say("queues.marked", struct {
			Marked, All int
			Note        string
		}{count[note], len(list), note}))
	}
	return out[:min(len(out), 5)]
}

func queues(list []fabric.QueueStatus) html.Table {
	t := html.Table{
		ID:      "queues",
		Caption: say("queues.caption", len(list)),
		Filter:  say("queues.filter", nil),
		Columns: columns("link", "from", "#rate", "#delay", "#loss", "#limit", "#packets", "#bytes", "#dropped", "#lost"),
		Note:    say("queues.note", listed{mostRows, len(list), record.ManifestFile}),
	}
	if len(list) > mostRows {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b fabric.QueueStatus) int { return cmp.Compare(b.Bytes, a.Bytes) })
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
