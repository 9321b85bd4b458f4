package network

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/units"
)

// maxRate is the highest rate that a scenario takes, in bit/s.
const maxRate = 1e12

// Number is a finite number that is not negative.
func Number(text string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%s is not a number", Shown(text))
	}
	if x < 0 {
		return 0, fmt.Errorf("%s is negative", Shown(text))
	}
	return x, nil
}

// BitRate is a rate of so many bit/s, from 1 on, rounded to one.
func BitRate(bps float64) (units.BitRate, error) {
	if rounded := math.Round(bps); rounded >= 1 && rounded <= maxRate {
		return units.BitRate(rounded), nil
	}
	return 0, fmt.Errorf("a rate of %v bit/s is not one from 1 bit/s to 1 Tbps", bps)
}

// prefixes are those of units, in either case.
var prefixes = map[string]float64{"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}

// lines of the telephone network by the names of their rates, in bit/s: ITU-T G.702, G.707 and T1.105, and of Ethernet.
var (
	sonet    = 51.84e6
	sdh      = 155.52e6
	carriers = map[string]float64{
		"t1": 1.544e6, "ds1": 1.544e6, "t3": 44.736e6, "ds3": 44.736e6,
		"e1": 2.048e6, "e2": 8.448e6, "e3": 34.368e6, "e4": 139.264e6, "gige": 1e9,
	}
)

const figure = `(\d+(?:\.\d+)?)`

var (
	unit = `(?:([kmgt])(?:bit|pb|b)?(?:p?s|/s|/sec)?|(?:bit|b)(?:ps|/s|/sec))`
	// stated is a rate: 10Gbps, 2.5 Gb/s, 155M, 9600 bit/s; and so many of it: 2x10Gb/s, 4*155Mbps.
	stated = lazy.Regexp(`\b(?:(\d+)\s*[x*×]\s*)?` + figure + `\s*` + unit + `(?:\b|$)`)
	// optical is a line of SONET or SDH: OC-192c, OC48, STM-1; carrier one of the older ones, or of Ethernet.
	optical = lazy.Regexp(`\b(?:(\d+)\s*[x*×]\s*)?(oc|stm)-?(\d+)c?\b`)
	carrier = lazy.Regexp(`\b(?:(\d+)\s*[x*×]\s*)?(t-?1|t-?3|ds-?1|ds-?3|e-?[1-4]|gige)\b(?:[^/]|$)`)
	// spread are words and signs of a bound: 10-34 Mb/s, 300M-1Gb/s, <= 10 Mbps.
	spread = lazy.Regexp(figure + `\s*(?:[kmgt]\w*(?:/s)?)?\s*[-–]\s*` + figure + `\s*[kmgt]|[<>≤≥]` +
		`|\b(?:below|under|less|up to|over|above|more|at least|at most)\b`)
)

// label is what a link's label states for people, as those of the Internet Topology Zoo do: "10 Gbps", "2x10Gb/s",
// "OC-192c".
type label struct {
	rate  units.BitRate    // 0: it states none
	bound [2]units.BitRate // the least and the largest rate of a range such as "10-20Gbps"
	doubt string           // why none of the rates stated is the link's
}

func readLabel(text string) (l label, err error) {
	lower := strings.ToLower(text)
	found := figures(lower)
	if m := between().FindStringSubmatch(lower); m != nil {
		found = []float64{bits(m[1], m[2], m[4]), bits(m[3], m[4], "")}
	}
	if len(found) == 0 {
		return l, nil
	}
	least, err := BitRate(slices.Min(found))
	if err != nil {
		return l, err
	}
	largest, err := BitRate(slices.Max(found))
	switch {
	case err != nil:
		return l, err
	case spread().MatchString(lower):
		l.doubt, l.bound = "states a range, not a rate", [2]units.BitRate{least, largest}
	case least != largest:
		l.doubt = "states several rates"
	default:
		l.rate = least
	}
	return l, nil
}

// between is a range: 10-20Gbps, 300M-1Gb/s.
var between = lazy.Regexp(figure + `\s*([kmgt]?)[a-z]*(?:/s)?\s*[-–]\s*` + figure + `\s*([kmgt])`)

// bits is a figure in bit/s, with its prefix or, where it has none, with the other's.
func bits(number, prefix, other string) float64 {
	if prefix == "" {
		prefix = other
	}
	x, err := Number(number)
	if err != nil {
		return 0
	}
	return x * prefixes[prefix]
}

// figures are the rates that a text in lower case states, in bit/s: figures with a unit or, without one,
// names of lines.
func figures(text string) []float64 {
	const most = 100
	var all []float64
	for _, m := range stated().FindAllStringSubmatch(text, most) {
		all = append(all, times(m[1])*bits(m[2], m[3], ""))
	}
	if len(all) > 0 {
		return all
	}
	for _, m := range optical().FindAllStringSubmatch(text, most) {
		base := sonet
		if m[2] == "stm" {
			base = sdh
		}
		all = append(all, times(m[1])*base*times(m[3]))
	}
	for _, m := range carrier().FindAllStringSubmatch(text, most) {
		all = append(all, times(m[1])*carriers[strings.ReplaceAll(m[2], "-", "")])
	}
	return all
}

// times is a whole number in front of a rate; 1: there is none.
func times(text string) float64 {
	if x, err := Number(text); err == nil {
		return x
	}
	return 1
}
