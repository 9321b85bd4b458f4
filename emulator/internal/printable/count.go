package printable

import (
	"strconv"
	"strings"
)

// number is what can be counted.
type number interface {
	~int | ~int32 | ~int64 | ~uint | ~uint32 | ~uint64
}

// Counted is Count with the verb that goes with it, of one or of several: 1 job does, 2 jobs do.
func Counted[N number](n N, noun, one, several string) string {
	if n == 1 {
		return Count(n, noun) + " " + one
	}
	return Count(n, noun) + " " + several
}

// There says that there are so many of something: there is 1 node, there are 2 nodes.
func There[N number](n N, noun string) string {
	if n == 1 {
		return "there is " + Count(n, noun)
	}
	return "there are " + Count(n, noun)
}

// Count is a number with what it counts, a regular English noun in the singular: 1 node, 2 nodes, 0 repositories.
func Count[N number](n N, noun string) string {
	text := strconv.FormatFloat(float64(n), 'f', -1, 64) + " " + noun
	if n == 1 {
		return text
	}
	if stem, ends := strings.CutSuffix(text, "y"); ends && !strings.ContainsAny(stem[len(stem)-1:], "aeiou") {
		return stem + "ies"
	}
	for _, hiss := range []string{"s", "x", "ch", "sh", "echo"} {
		if strings.HasSuffix(text, hiss) {
			return text + "es"
		}
	}
	return text + "s"
}
