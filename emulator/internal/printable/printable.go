// Package printable makes text that comes from files, names and other programs fit for a terminal: what would
// move the cursor, change colours, reorder what is read or hide in it is written as its number instead.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unsafe says whether a character is more than something to see: control characters, C1 ones included, what
// sets the direction of writing, separators of lines, and other marks that do not show. Joiners, which scripts
// and emoji need, are none.
func Unsafe(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = 0x200c, 0x200d
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}

// Text is s with unsafe characters, and bytes that are not UTF-8, written as \u001b and \xff. Line breaks and
// tabs stay.
func Text(s string) string { return escape(s, "\n\t") }

// Line is Text that stays on one line: line breaks and tabs are written as \n and \t.
func Line(s string) string { return escape(s, "") }

func escape(s, keep string) string {
	if clean(s, keep) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !Unsafe(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case strings.ContainsRune("\n\r\t", r):
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`}[r])
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[size:]
	}
	return b.String()
}

// clean says whether there is nothing to escape.
func clean(s, keep string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || Unsafe(r) && !strings.ContainsRune(keep, r) {
			return false
		}
		i += size
	}
	return true
}
