package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// step is one element of a key: a name, or a number in brackets.
type step struct {
	name   string
	number int // -1: it is a name
}

// splitKey takes a key apart; wrong: why it is none.
func splitKey(key string) (steps []step, wrong string) {
	for rest := key; ; {
		name := ""
		switch {
		case strings.HasPrefix(rest, `"`):
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return nil, "a quote is not closed"
			}
			name, rest = rest[1:1+end], rest[2+end:]
		default:
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			name, rest = rest[:end], rest[end:]
		}
		if name == "" {
			return nil, "a name is empty"
		}
		steps = append(steps, step{name, -1})
		for strings.HasPrefix(rest, "[") {
			text, after, closed := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(text)
			if !closed || err != nil || n < 0 {
				return nil, "in brackets belongs the number of an element, from 0"
			}
			steps, rest = append(steps, step{"", n}), after
		}
		if rest == "" {
			return steps, ""
		}
		if rest[0] != '.' {
			return nil, fmt.Sprintf("a dot is missing before %q", rest)
		}
		rest = rest[1:]
	}
}
