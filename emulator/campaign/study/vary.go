package study

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/printable"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/predict/statesim"
)

// Varied is the study with one of its assumptions taken otherwise.
type Varied struct {
	Switch    string       `json:"switch"`    // as Config.Assume takes it; empty: the study as published
	Published string       `json:"published"` // what the study assumes
	Instead   string       `json:"instead"`
	Jobs      int          `json:"jobs"` // what the means are of
	Policy    string       `json:"policy"`
	Means     []VariedMean `json:"means"`
	// InFlight is the largest number of chains that are under way at once, on average over a simulation, where its jobs
	// arrive in the time that the trace spans.
	InFlight   float64     `json:"in_flight"`
	Statements []Statement `json:"statements"`
}

// VariedMean are the means of a model's chains over the replications.
type VariedMean struct {
	Model      string  `json:"model"`
	Processing float64 `json:"processing_s"`
	Network    float64 `json:"network_s"`
	Traffic    float64 `json:"traffic_byte_hops"`
}

// Vary runs the study as published, and then with one assumption after the other taken otherwise: every switch, and
// for that of the central host all that tie. Nothing is kept. Progress is told of each campaign's name.
func Vary(ctx context.Context, c campaign.Config, progress func(name string, done, of int)) ([]Varied, error) {
	variants, err := variants(c.Simulation)
	if err != nil {
		return nil, err
	}
	for i := range variants {
		v := &variants[i]
		progress(v.Switch, i, len(variants))
		one := c
		one.Dir, one.Resume = "", false
		if v.Switch != "" {
			if err := one.Simulation.Assume(v.Switch); err != nil {
				return nil, err
			}
		}
		r, err := campaign.Run(ctx, one)
		if err != nil {
			return nil, err
		}
		v.take(r, span(c.Simulation))
	}
	return variants, nil
}

// variants are the study as published, and one for each switch.
func variants(c statesim.Config) ([]Varied, error) {
	all := []Varied{{Published: "the study as published", Instead: "the study as published"}}
	for _, s := range statesim.Switches {
		if s.Value == "" {
			all = append(all, Varied{Switch: s.Name, Published: s.Published, Instead: s.Instead})
			continue
		}
		central, err := simnet.New(c.Topology).Centrals()
		if err != nil {
			return nil, err
		}
		for _, id := range central[1:] {
			word := s.Name + "=" + c.Topology.Vertices[id].Name
			all = append(all, Varied{Switch: word, Published: s.Published, Instead: s.Instead})
		}
	}
	return all, nil
}

// span is the time from the first to the last arrival of the pool's jobs.
func span(c statesim.Config) time.Duration {
	if len(c.Pool) == 0 {
		return 0
	}
	first, last := c.Pool[0].Arrival, c.Pool[0].Arrival
	for i := range c.Pool {
		first, last = min(first, c.Pool[i].Arrival), max(last, c.Pool[i].Arrival)
	}
	return last - first
}

// take keeps what the campaign says.
func (v *Varied) take(r *campaign.Results, span time.Duration) {
	jobs, policy := r.Ranked()
	v.Jobs, v.Policy, v.Statements = jobs, string(policy), Statements(r)
	for i := range r.Means {
		if m := &r.Means[i]; m.Chains > 0 && span > 0 {
			v.InFlight = max(v.InFlight, float64(m.Chains)*m.Total/span.Seconds())
		}
	}
	for _, m := range r.Spec.Models {
		of := func(value func(*campaign.Mean) float64) float64 { return mean(r.Samples(jobs, policy, m, value)) }
		v.Means = append(v.Means, VariedMean{
			string(m), of(func(m *campaign.Mean) float64 { return m.Processing }),
			of(func(m *campaign.Mean) float64 { return m.Network }), of(trafficOf),
		})
	}
}

// name is what the table calls a variant.
func (v *Varied) name() string {
	if v.Switch == "" {
		return "as published"
	}
	return v.Switch
}

// words for verdicts in a narrow table.
var words = map[string]string{"holds": "yes", "does not hold": "no", "undecided": "open", "not checked": "-"}

// WriteVaried writes what each assumption does as tables in Markdown: to the means, to each statement, and the numbers
// of those statements whose verdict it changes.
func WriteVaried(w io.Writer, all []Varied) error {
	if len(all) == 0 {
		return nil
	}
	first := &all[0]
	means, verdicts := [][]string{{"assumption", "processing ms"}}, [][]string{{"assumption"}}
	for _, m := range first.Means {
		means[0] = append(means[0], m.Model+" ms", "MB")
	}
	means[0] = append(means[0], "in flight")
	for i := range first.Statements {
		verdicts[0] = append(verdicts[0], strconv.Itoa(i+1))
	}
	for i := range all {
		v := &all[i]
		row, decided := []string{v.name(), v.processing()}, []string{v.name()}
		for _, m := range v.Means {
			row = append(row, fmt.Sprintf("%.1f", m.Network*1e3), fmt.Sprintf("%.2f", m.Traffic/megabyte))
		}
		for _, s := range v.Statements {
			decided = append(decided, words[s.Verdict()])
		}
		means, verdicts = append(means, append(row, fmt.Sprintf("%.3f", v.InFlight))), append(verdicts, decided)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Means at %s under %s: processing, and network latency and traffic of each model. "+
		"In flight: the most chains\nunder way at once, on average, where jobs arrive as in the trace.\n\n",
		printable.Count(first.Jobs, "job"), first.Policy)
	writeAligned(&text, means)
	text.WriteString("\nThe study's statements, by number.\n\n")
	writeAligned(&text, verdicts)
	text.WriteString("\n")
	for i, s := range first.Statements {
		fmt.Fprintf(&text, "%d. %s\n", i+1, s.Claim)
	}
	text.WriteString("\nWhat is assumed, and which statements are decided otherwise.\n\n")
	for i := range all[1:] {
		all[i+1].writeChanges(&text, first)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeAligned writes a table in Markdown, the first row being its head, with columns as wide as they must be.
func writeAligned(w *strings.Builder, rows [][]string) {
	widths, rule := make([]int, len(rows[0])), make([]string, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell), 2)
		}
	}
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width-1) + ":"
	}
	rule[0] = strings.Repeat("-", widths[0])
	for _, row := range slices.Insert(slices.Clone(rows), 1, rule) {
		for i, cell := range row {
			if i == 0 {
				fmt.Fprintf(w, "| %-*s |", widths[i], cell)
			} else {
				fmt.Fprintf(w, " %*s |", widths[i], cell)
			}
		}
		w.WriteString("\n")
	}
}

// processing is the models' mean processing time in ms: one where it is the same for all.
func (v *Varied) processing() string {
	var all []string
	for _, m := range v.Means {
		all = append(all, fmt.Sprintf("%.1f", m.Processing*1e3))
	}
	return strings.Join(slices.Compact(all), ", ")
}

// writeChanges writes what is assumed, and the statements that are decided otherwise than as published.
func (v *Varied) writeChanges(w *strings.Builder, published *Varied) {
	fmt.Fprintf(w, "- %s: published: %s; instead: %s.\n", v.name(), v.Published, v.Instead)
	for i, s := range v.Statements {
		if before := published.Statements[i].Verdict(); before != s.Verdict() {
			fmt.Fprintf(w, "  - %d was %s, is %s: %s\n", i+1, words[before], words[s.Verdict()], s.Numbers)
		}
	}
}
