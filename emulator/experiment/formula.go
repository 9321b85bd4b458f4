package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"testbed/emulator/scenario"
)

// Formula is a figure's question: the mean, or the 95th percentile, of a quantity against a column, a curve for each
// value of another one, and a figure for each value of a third.
type Formula struct {
	Y, X, Colour, Panel string // columns; Colour and Panel may be empty
	LogX, LogY          bool   // the axes are logarithmic
}

// quantities are the columns of chains whose means figures show, with the axis's words.
var quantities = map[string]string{
	"latency_s": "Mean total latency (s)", "network_s": "Mean network latency (s)",
	"processing_s": "Mean processing time (s)", "traffic_byte_hops": "Mean traffic per chain (byte·hops)",
	"bytes": "Mean payload per chain (bytes)", "length": "Mean chain length (invocations)",
	"latency_p95_s": "p95 of total latency (s)", "network_p95_s": "p95 of network latency (s)",
	"processing_p95_s": "p95 of processing time (s)",
	"late_s":           "Mean delay of chains' starts (s)", "host_late_s": "Mean of what the host may have added (s)",
}

// moveQuantities are those of moves.
var moveQuantities = map[string]string{
	"unavailability_s": "Mean unavailability of a move (s)", "moved_bytes": "Mean bytes of a move",
	"move_s": "Mean time of a move (s)", "rounds": "Mean rounds of a move",
	"drain_s": "Mean wait for what was at work (s)", "delay_s": "Mean delay of an invocation that came meanwhile (s)",
	"delayed": "Mean invocations that came meanwhile",
}

// beside are columns of chains that stand on the x axis or choose a curve, too; besideMoves those of moves.
var (
	beside      = []string{"length", "model", "engine", "policy", "client_class", "repetition", "seed"}
	besideMoves = []string{"model", "engine", "function", "client", "method", "from", "to", "state_bytes", "repetition",
		"seed"}
)

// OfMoves says whether the quantity is one of moves, and not of chains.
func (f *Formula) OfMoves() bool { return moveQuantities[f.Y] != "" }

// words are the y axis's.
func (f *Formula) words() string {
	if f.OfMoves() {
		return moveQuantities[f.Y]
	}
	return quantities[f.Y]
}

func (f *Formula) String() string {
	of := func(name string, log bool) string {
		if log {
			return "log(" + name + ")"
		}
		return name
	}
	text := of(f.Y, f.LogY) + "~" + of(f.X, f.LogX)
	if f.Colour != "" {
		text += "," + f.Colour
	}
	if f.Panel != "" {
		text += "|" + f.Panel
	}
	return text
}

// logarithmic takes log(NAME) apart.
func logarithmic(text string) (name string, log bool) {
	inner, begins := strings.CutPrefix(text, "log(")
	inner, ends := strings.CutSuffix(inner, ")")
	if begins && ends {
		return inner, true
	}
	return text, false
}

// ParseFormula reads Y~X, Y~X,COLOUR or Y~X,COLOUR|PANEL, with log(Y) and log(X) for logarithmic axes. A factor goes by
// its column, its key, or a name in the key that no other factor's has: topology.links.uplink.rate by uplink. Its
// errors wrap ErrInput.
func (s *Spec) ParseFormula(text string, cells []*Cell) (Formula, error) {
	y, rest, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "~")
	rest, panel, _ := strings.Cut(rest, "|")
	x, colour, _ := strings.Cut(rest, ",")
	if !ok || y == "" || x == "" {
		return Formula{}, fmt.Errorf("%w: the figure %q: write Y~X,COLOUR such as network_s~uplink,model", ErrInput, text)
	}
	var f Formula
	f.Y, f.LogY = logarithmic(y)
	x, f.LogX = logarithmic(x)
	if f.words() == "" {
		known := slices.Concat(slices.Collect(maps.Keys(quantities)), slices.Collect(maps.Keys(moveQuantities)))
		return f, fmt.Errorf("%w: the figure %q: %q is no quantity of chains or moves; %s", ErrInput, text, f.Y,
			scenario.Suggest(f.Y, known))
	}
	var err error
	for _, part := range []struct {
		name string
		to   *string
	}{{x, &f.X}, {colour, &f.Colour}, {panel, &f.Panel}} {
		if part.name != "" && err == nil {
			*part.to, err = s.find(part.name, f.OfMoves(), cells)
		}
	}
	if err == nil && f.LogX && !s.numbered(f.X, cells) {
		err = fmt.Errorf("log(%s): not all of its levels are numbers above 0; write %s", x, x)
	}
	if err != nil {
		return f, fmt.Errorf("%w: the figure %q: %w", ErrInput, text, err)
	}
	return f, nil
}

// numbered says whether all values of a column are numbers above 0: those of factors, lengths and sizes.
func (s *Spec) numbered(name string, cells []*Cell) bool {
	for _, c := range s.columns(cells) {
		if c.name != name {
			continue
		}
		return c.number != nil && !slices.ContainsFunc(cells, func(cell *Cell) bool {
			return c.number(&line{cell: cell}) <= 0
		})
	}
	return name == "length" || name == "state_bytes"
}

// find is the column that a name means.
func (s *Spec) find(name string, ofMoves bool, cells []*Cell) (string, error) {
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
	besides := beside
	if ofMoves {
		besides = besideMoves
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%q may be %s; write the column", name, strings.Join(found, " or "))
	case slices.Contains(besides, name):
		return name, nil
	}
	return "", fmt.Errorf("there is no column %q; %s", name, scenario.Suggest(name, append(known, besides...)))
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
