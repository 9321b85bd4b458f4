// Package shell writes texts as words of a POSIX shell's command line, for commands that people copy.
package shell

import (
	"fmt"
	"strings"

	"testbed/emulator/internal/printable"
)

// plain are the characters that no shell reads as more than themselves.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"

// Quote writes a text as one word: as it is, in single quotes or, where it has characters that a terminal
// would act on, as $'...' with their numbers, which bash, zsh and ksh read.
func Quote(s string) string {
	switch {
	case s != "" && strings.Trim(s, plain) == "" && s[0] != '=':
		return s
	case printable.Line(s) != s:
		return "$'" + escaped(s) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Path is Quote for the path of a file, which no program takes for an option.
func Path(s string) string {
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return Quote(s)
}

// escaped has the bytes of what is unsafe as their numbers.
func escaped(s string) string {
	var b strings.Builder
	for _, part := range strings.SplitAfter(s, "") { // characters, and bytes that are none
		switch {
		case printable.Line(part) != part:
			for i := range len(part) {
				fmt.Fprintf(&b, `\%03o`, part[i])
			}
		case part == `\` || part == "'":
			b.WriteString(`\` + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}
