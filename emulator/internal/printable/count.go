package printable

import (
	"strconv"
	"strings"
)

// Count is a number with what it counts, a regular English noun in the singular: 1 node, 2 nodes, 0 repositories.
func Count[N int | int64 | uint64](n N, noun string) string {
	text := strconv.FormatFloat(float64(n), 'f', -1, 64) + " " + noun
	if n == 1 {
		return text
	}
	if stem, ends := strings.CutSuffix(text, "y"); ends && !strings.ContainsAny(stem[len(stem)-1:], "aeiou") {
		return stem + "ies"
	}
	for _, hiss := range []string{"s", "x", "ch", "sh"} {
		if strings.HasSuffix(text, hiss) {
			return text + "es"
		}
	}
	return text + "s"
}
