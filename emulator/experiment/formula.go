package experiment

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/scenario"
)

// Formula is a figure's question: the mean, or the 95th percentile, of a quantity against a column, a curve for each
// value of another one.
type Formula struct {
	Y, X, Colour string // columns; Colour may be empty
}

// quantities are the columns whose means figures show, with the axis's words.
var quantities = map[string]string{
	"latency_s": "Mean total latency (s)", "network_s": "Mean network latency (s)",
	"processing_s": "Mean processing time (s)", "traffic_byte_hops": "Mean traffic per chain (byte·hops)",
	"bytes": "Mean payload per chain (bytes)", "length": "Mean chain length (invocations)",
	"latency_p95_s": "p95 of total latency (s)", "network_p95_s": "p95 of network latency (s)",
	"processing_p95_s": "p95 of processing time (s)",
	"late_s":           "Mean delay of chains' starts (s)", "host_late_s": "Mean of what the host may have added (s)",
}

// beside are columns of chains that stand on the x axis or choose a curve, too.
var beside = []string{"length", "model", "engine", "policy", "client_class", "repetition", "seed"}

func (f Formula) String() string {
	text := f.Y + "~" + f.X
	if f.Colour != "" {
		text += "," + f.Colour
	}
	return text
}

// ParseFormula reads Y~X or Y~X,COLOUR. A factor goes by its column, its key, or a name in the key that no other
// factor's has: topology.links.uplink.rate by uplink. Its errors wrap ErrInput.
func (s *Spec) ParseFormula(text string, cells []*Cell) (Formula, error) {
	y, rest, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "~")
	x, colour, _ := strings.Cut(rest, ",")
	if !ok || y == "" || x == "" {
		return Formula{}, fmt.Errorf("%w: the figure %q: write Y~X,COLOUR such as network_s~uplink,model", ErrInput, text)
	}
	f := Formula{Y: y}
	var known []string
	for name := range quantities {
		known = append(known, name)
	}
	if !slices.Contains(known, y) {
		return f, fmt.Errorf("%w: the figure %q: %q is no quantity of chains; %s", ErrInput, text, y,
			scenario.Suggest(y, known))
	}
	var err error
	if f.X, err = s.find(x, cells); err == nil && colour != "" {
		f.Colour, err = s.find(colour, cells)
	}
	if err != nil {
		return f, fmt.Errorf("%w: the figure %q: %w", ErrInput, text, err)
	}
	return f, nil
}

// find is the column that a name means.
func (s *Spec) find(name string, cells []*Cell) (string, error) {
	var found, known []string
	for i, c := range s.columns(cells) {
		if c.name == name || s.Factors[i].Key == name || s.Factors[i].column() == name {
			return c.name, nil
		}
		known = append(known, c.name)
		parts := strings.FieldsFunc(s.Factors[i].Key, func(r rune) bool { return strings.ContainsRune(`.[]"`, r) })
		if slices.Contains(parts, name) {
			found = append(found, c.name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%q may be %s; write the column", name, strings.Join(found, " or "))
	case slices.Contains(beside, name):
		return name, nil
	}
	return "", fmt.Errorf("there is no column %q; %s", name, scenario.Suggest(name, append(known, beside...)))
}

// questions are the figures asked for or, where there are none, the latency against each factor that is varied.
func (s *Spec) questions(cells []*Cell) []Formula {
	var all []Formula
	for _, text := range s.Figures {
		if f, err := s.ParseFormula(text, cells); err == nil {
			all = append(all, f)
		}
	}
	if len(all) > 0 {
		return all
	}
	for i, c := range s.columns(cells) {
		if len(s.Factors[i].Levels) > 1 {
			all = append(all, Formula{Y: "latency_s", X: c.name, Colour: "model"})
		}
	}
	if len(all) == 0 {
		all = append(all, Formula{Y: "network_s", X: "length", Colour: "model"})
	}
	return all
}
