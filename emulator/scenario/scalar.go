package scenario

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/units"
)

// Fraction is a share of 1, such as a loss: 0.1% or 0.001 in the file.
type Fraction float64

// Cores is an amount of processors in thousandths of one: 4 or 0.5 in the file.
type Cores int64

// PerSecond is a frequency in 1/s: 5/s, 30/min or 100/h in the file.
type PerSecond float64

// scalar is how one quantity is written in the file.
type scalar struct {
	want     string         // "a rate such as 50Mbps"
	pattern  *regexp.Regexp // of texts; nil: none are accepted
	numbers  bool           // plain numbers are accepted as well
	hint     func(text string) string
	parse    func(text string) (float64, error) // in base units
	format   func(value float64) string
	min, max float64 // range, both included, unless the field says otherwise
}

var scalars = map[reflect.Type]*scalar{
	reflect.TypeFor[units.BitRate](): {
		want:    "a rate such as 50Mbps",
		pattern: regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?([kKMGT]?bps|[kKMGT]?bit)$`),
		hint: func(s string) string {
			if strings.HasSuffix(s, "Bps") || strings.HasSuffix(s, "B/s") {
				return "bytes per second are not accepted: multiply by 8 and write bps with a small b"
			}
			return ""
		},
		parse: func(s string) (float64, error) { r, err := units.ParseBitRate(s); return float64(r), err },
		format: func(v float64) string {
			return units.BitRate(v).String()
		},
		min: 1, max: 1e12,
	},
	reflect.TypeFor[units.ByteSize](): {
		want:    "a size such as 64MiB or 30kB",
		pattern: regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?([kKMGT]i?)?B$`),
		hint: func(s string) string {
			if strings.HasSuffix(s, "b") || strings.HasSuffix(s, "bit") {
				return "bits are not accepted: divide by 8 and write a capital B"
			}
			return ""
		},
		parse:  func(s string) (float64, error) { b, err := units.ParseByteSize(s); return float64(b), err },
		format: formatSize,
		min:    1, max: 1 << 50,
	},
	reflect.TypeFor[time.Duration](): {
		want:    "a time such as 60ms",
		pattern: regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`),
		parse:   func(s string) (float64, error) { d, err := time.ParseDuration(s); return float64(d), err },
		format:  func(v float64) string { return time.Duration(v).String() },
		min:     0, max: float64(time.Hour),
	},
	reflect.TypeFor[Fraction](): {
		want:    "a share such as 0.1% or 0.001",
		pattern: regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?%$`),
		numbers: true,
		parse:   parseFraction,
		format:  func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) },
		min:     0, max: 0.99,
	},
	reflect.TypeFor[Cores](): {
		want:    "a number of processors such as 4 or 0.5",
		numbers: true,
		parse: func(s string) (float64, error) {
			v, err := strconv.ParseFloat(s, 64)
			if m := math.Round(v * 1000); err == nil && math.Abs(m-v*1000) < 1e-6 {
				return m, nil
			}
			return 0, fmt.Errorf("%q has more than three decimals", s)
		},
		format: func(v float64) string { return strconv.FormatFloat(v/1000, 'f', -1, 64) },
		min:    1, max: 1024e3,
	},
	reflect.TypeFor[PerSecond](): {
		want:    "a frequency such as 5/s or 30/min",
		pattern: regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?/ ?(s|min|h)$`),
		parse:   parseFrequency,
		format:  func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + "/s" },
		min:     1e-6, max: 1e6,
	},
}

// formatSize prefers 188GB to 183593750KiB.
func formatSize(v float64) string {
	if v < 1e4 {
		return strconv.FormatInt(int64(v), 10) + "B"
	}
	text := units.ByteSize(v).String()
	for _, u := range []struct {
		name  string
		scale int64
	}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if n := int64(v); n > 0 && n%u.scale == 0 {
			if decimal := strconv.FormatInt(n/u.scale, 10) + u.name; len(decimal) < len(text) {
				return decimal
			}
		}
	}
	return text
}

func parseFraction(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	return v, err
}

func parseFrequency(s string) (float64, error) {
	number, unit, _ := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return v / map[string]float64{"s": 1, "min": 60, "h": 3600}[strings.TrimSpace(unit)], err
}

// read parses a scalar's text; number says that YAML takes it for a number. It returns what is wrong
// and the remedy, both empty where nothing is.
func (s *scalar) read(text string, number bool) (value float64, wrong, remedy string) {
	remedy = "write " + s.want
	if number && !s.numbers {
		return 0, fmt.Sprintf("%s has no unit", text), remedy
	}
	if !number {
		if s.pattern == nil {
			return 0, fmt.Sprintf("%q is not a number", text), remedy
		}
		if strings.HasPrefix(text, "-") {
			return 0, text + " is negative", remedy
		}
		if !s.pattern.MatchString(text) {
			if s.hint != nil {
				if h := s.hint(text); h != "" {
					remedy = h
				}
			}
			return 0, fmt.Sprintf("%q is not %s", text, strings.Split(s.want, " such as ")[0]), remedy
		}
	}
	value, err := s.parse(text)
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return 0, text + " is not a finite number", remedy
	case err != nil:
		return 0, fmt.Sprintf("%s cannot be read: %v", text, err), remedy
	}
	return value, "", ""
}
