package cli

import (
	"strings"
)

// choices is a flag's help: what it is of, and the entries of a kind of the catalogue.
func choices(s *State, what, kind string) string {
	return what + ": " + strings.Join(s.catalogue().Names(kind), " or ")
}

// defaultName is the first entry of a kind; empty: there is none.
func defaultName(s *State, kind string) string {
	if names := s.catalogue().Names(kind); len(names) > 0 {
		return names[0]
	}
	return ""
}
