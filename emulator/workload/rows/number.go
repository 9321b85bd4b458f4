package rows

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Quantity reads a finite number that is not negative, of at most 1e12; what it is, is for errors.
func Quantity(what, s string) (float64, error) {
	if s == "" {
		return 0, fmt.Errorf("the %s is empty", what)
	}
	if v, plain := decimal(s); plain {
		return v, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || v < 0 || strings.ContainsAny(s, "xXpP_") {
		return 0, fmt.Errorf("the %s %s is not a number that is finite and not negative", what, Quote(s))
	}
	if v > 1e12 {
		return 0, fmt.Errorf("the %s %q is above 1e12", what, s)
	}
	return v, nil
}

// decimal reads a number of digits, with a point or without: one whose digits a float64 has room for, divided by a
// power of ten that it has room for, is rounded once, as ParseFloat would.
func decimal(s string) (v float64, ok bool) {
	const most = 12 // digits: below Quantity's largest, too
	if len(s) > most {
		return 0, false
	}
	digits, divisor, point := 0, 1, false
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9':
			digits = 10*digits + int(c-'0')
			if point {
				divisor *= 10
			}
		case c == '.' && !point && len(s) > 1:
			point = true
		default:
			return 0, false
		}
	}
	return float64(digits) / float64(divisor), true
}

// Round rounds half up, as the study's simulator does; math.Round would round half away from zero the same for
// what is not negative, but not for the largest double below one half. The conversion keeps a product
// rounded where a machine could fuse it into the sum. What int64 does not hold is math.MaxInt64.
func Round(v float64) int64 {
	if v = math.Floor(0.5 + float64(v)); v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(v)
}

// Plural is the ending of a word for so many.
func Plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// Quote is a text of a file, for messages: short and printable.
func Quote(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "..."
	}
	return strconv.Quote(text)
}

// Whole reads a whole number from 0, below 2^31; what it is, is for errors.
func Whole(what, s string) (int, error) {
	v, err := Quantity(what, s)
	if err == nil && (v != math.Trunc(v) || v > math.MaxInt32) {
		err = fmt.Errorf("the %s %q is not a whole number below 2^31", what, s)
	}
	return int(v), err
}
