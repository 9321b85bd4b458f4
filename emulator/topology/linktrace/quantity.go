package linktrace

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// unit is one in which a column may be, or a value.
type unit struct {
	name string
	of   float64 // in the knots' own unit
}

// quantity is what a column is of.
type quantity struct {
	units   []unit
	plain   float64 // what a number without a unit is in; 0: it needs one
	most    float64
	example string
}

var (
	span = quantity{units: []unit{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}, most: 1e18, example: "20ms"}
	// Times alone are in seconds where nothing else is said, as in most files. They may be those of a clock since 1970.
	clock = quantity{units: span.units, plain: 1e9, most: 9e18, example: "0.1"}
	rate  = quantity{
		units: []unit{{"bps", 1}, {"kbps", 1e3}, {"mbps", 1e6}, {"gbps", 1e9}, {"bit/s", 1}},
		most:  maxRate, example: "12.5Mbps",
	}
	probability = quantity{units: []unit{{"%", 0.01}, {"percent", 0.01}}, plain: 1, most: 1, example: "0.5%"}
	size        = quantity{
		units: []unit{{"b", 1}, {"bytes", 1}, {"kb", 1e3}, {"mb", 1e6}, {"kib", 1 << 10}, {"mib", 1 << 20}},
		plain: 1, most: 1 << 40, example: "256KiB",
	}
)

// find is a unit by its name, in lower case.
func (q *quantity) find(name string) (float64, bool) {
	i := slices.IndexFunc(q.units, func(u unit) bool { return u.name == name })
	if i < 0 {
		return 0, false
	}
	return q.units[i].of, true
}

// names are the units, joined.
func (q *quantity) names(by string) string {
	all := make([]string, len(q.units))
	for i, u := range q.units {
		all[i] = u.name
	}
	return strings.Join(all, by)
}

// parse reads a value, which is in the unit given where it names none itself (0: it has to), in the knots' own.
func (q *quantity) parse(text string, of float64) (value float64, problem, remedy string) {
	cut := strings.LastIndexAny(text, "0123456789.") + 1
	number, name := text[:cut], strings.ToLower(strings.TrimSpace(text[cut:]))
	switch known, ok := q.find(name); {
	case ok:
		of = known
	case name != "":
		return 0, quoted([]byte(text)) + " is in no unit that is known here", "write one of " + q.names(", ")
	case of == 0:
		return 0, quoted([]byte(text)) + " has no unit", "write it as " + q.example + ", or the unit behind the column's name"
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || strings.ContainsAny(number, "xXpP_") || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, quoted([]byte(text)) + " is no number", "write it as " + q.example
	}
	if v *= of; v < 0 || v > q.most {
		return 0, quoted([]byte(text)) + " is out of range", fmt.Sprintf("write a value from 0 to %g%s", q.most/of, name)
	}
	return v, "", ""
}
