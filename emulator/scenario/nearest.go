package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Suggest is the remedy for a word that is none of those known: the nearest one, or all where none is near.
func Suggest(word string, known []string) string { return suggest(word, known) }

// Nearest finds the known word that seems to be meant by word; ok: one is.
func Nearest(word string, known []string) (meant string, ok bool) { return nearest(word, known) }

// suggest is the remedy for a word that is none of known: the nearest one, or all where none is near.
func suggest(word string, known []string) string {
	if best, ok := nearest(word, known); ok {
		return fmt.Sprintf("did you mean %q?", best)
	}
	known = slices.DeleteFunc(slices.Sorted(slices.Values(known)), func(k string) bool { return k == "" }) // no class, say
	if len(known) == 0 {
		return "remove it"
	}
	if len(known) > 12 {
		return fmt.Sprintf("write one of %s, ... (%d in all)", strings.Join(known[:10], ", "), len(known))
	}
	if len(known) == 1 {
		return "write " + known[0]
	}
	return "write one of " + strings.Join(known, ", ")
}

// nearest finds the known word with the fewest edits from word, where these are no more than a third
// of its length (at least one); the first of equals. A word that another starts with is near as well.
func nearest(word string, known []string) (string, bool) {
	const longest = 64
	folded := fold(word)
	if folded == "" || len(folded) > longest {
		return "", false
	}
	best, least := "", 1+max(1, len(folded)/3)
	for _, k := range known {
		if len(k) > longest {
			continue
		}
		if d := distance(folded, fold(k)); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best, true
	}
	for _, k := range known {
		if f := fold(k); len(folded) >= 3 && (strings.HasPrefix(f, folded) || strings.HasPrefix(folded, f) && len(f) >= 3) {
			return k, true
		}
	}
	return "", false
}

// fold makes spellings equal that differ in case and separators only.
func fold(s string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s))
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours between a and b
// (optimal string alignment), in O(len(a)·len(b)).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
