package network

import (
	"fmt"
	"math"
	"regexp"
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

const (
	figure  = `(\d*\.?\d+)`
	unit    = `(?:([kmgt])(?:(?:bit|pb|b)(?:p?s|/s|/sec)?|ps|/s|/sec)?|(?:bit|b)(?:ps|/s|/sec))\b`
	several = `(?:(\d+)\s*[x*×]\s*)?`
)

var (
	// stated is a rate: 10Gbps, 2.5 Gb/s, 155M, 9600 bit/s; and so many of it: 2x10Gb/s, 4*155Mbps.
	stated = lazy.Regexp(`(?:^|[^\pL\pN_.])` + several + figure + `\s*` + unit)
	// optical is a line of SONET or SDH: OC-192c, OC48, STM-1; carrier one of the older ones, or of Ethernet.
	optical = lazy.Regexp(`\b` + several + `(oc|stm)-?(\d+)c?\b`)
	carrier = lazy.Regexp(`\b` + several + `(t-?1|t-?3|ds-?1|ds-?3|e-?[1-4]|gige)\b`)
	// manyGigE is Ethernet of so many Gbit/s: 10 GigE.
	manyGigE = lazy.Regexp(`((?:^|[^\pL\pN_.-]|x)\d[\d.]*)[\s-]*gige\b`)
	// between is a range: 10-20Gbps, 300M-1Gb/s; bound are words and signs of one: <= 10 Mbps.
	between = lazy.Regexp(`(?:^|[^\pL\pN_.,-])` + figure + `\s*(?:` + unit + `)?\s*[-–]\s*` + figure + `\s*` + unit)
	bound   = lazy.Regexp(`[<>≤≥]|\b(?:below|under|less|up to|over|above|more|at least|at most)\b`)
	// other are quantities that are no rates; name is a word with a number, of which x2 is none.
	other = lazy.Regexp(`\d*[.,]?\d+\s*(?:(?:[mµμun]?s|min|h|[kmn]?m)\b|%)`)
	name  = lazy.Regexp(`(?:\pL{2,}|[a-wyz])-?\d[\w./:-]*`)
	// further is a figure, or what stands instead of a line, in what is left of a label.
	further = lazy.Regexp(`\pN|#/\w`)
)

// label is what a link's label states for people, as those of the Internet Topology Zoo do: "10 Gbps", "2x10Gb/s",
// "OC-192c".
type label struct {
	rate  units.BitRate    // 0: it states none
	bound [2]units.BitRate // the least and the largest rate of a range such as "10-20Gbps"
	doubt string           // why none of the rates stated is the link's
}

// readLabel reads a label. Where it has figures besides that of its rate, these may be parts of that: 1,544 Mbps,
// 10 or 100 Mbps, 10Gbps x 2.
func readLabel(text string) (l label) {
	text = manyGigE().ReplaceAllString(strings.ToLower(other().ReplaceAllString(text, " ")), "${1}gbps")
	var found []float64
	rest := without(text, between(), " ", func(m []string) {
		found = append(found, bits(m[1], m[2], m[4]), bits(m[3], m[4], ""))
	})
	ranged := len(found) > 0 || bound().MatchString(text)
	more, rest := figures(rest)
	if found = append(found, more...); len(found) == 0 {
		return l
	}
	least, err := BitRate(slices.Min(found))
	largest, tooLarge := BitRate(slices.Max(found))
	switch {
	case further().MatchString(name().ReplaceAllString(rest, " ")):
		l.doubt = "states no rate beyond doubt"
	case err != nil || tooLarge != nil:
		l.doubt = "states none from 1 bit/s to 1 Tbps"
	case ranged:
		l.doubt, l.bound = "states a range, not a rate", [2]units.BitRate{least, largest}
	case least != largest:
		l.doubt = "states several rates"
	default:
		l.rate = least
	}
	return l
}

// without hands over what a pattern matches, and puts something else in its place.
func without(text string, pattern *regexp.Regexp, place string, take func(m []string)) string {
	const most = 100
	for _, m := range pattern.FindAllStringSubmatch(text, most) {
		take(m)
	}
	return pattern.ReplaceAllString(text, place)
}

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

// figures are the rates that a text in lower case states, in bit/s: figures with a unit or, without one, names of
// lines; rest is the text without all of them.
func figures(text string) (all []float64, rest string) {
	rest = without(text, stated(), " ", func(m []string) { all = append(all, times(m[1])*bits(m[2], m[3], "")) })
	var named []float64
	rest = without(rest, optical(), " ", func(m []string) {
		base := sonet
		if m[2] == "stm" {
			base = sdh
		}
		named = append(named, times(m[1])*base*times(m[3]))
	})
	rest = without(rest, carrier(), "#", func(m []string) {
		named = append(named, times(m[1])*carriers[strings.ReplaceAll(m[2], "-", "")])
	})
	if len(all) == 0 {
		all = named
	}
	return all, rest
}

// times is a whole number in front of a rate; 1: there is none.
func times(text string) float64 {
	if x, err := Number(text); err == nil {
		return x
	}
	return 1
}
