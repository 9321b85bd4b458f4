package network

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology/network/tree"
)

// Untaken collects what a file says and nothing is made of, so that nobody misses it without having been told. The zero
// value is one of nothing.
type Untaken struct {
	of    []string // in the order in which they came
	named map[string][]*untaken
	index map[[2]string]*untaken
}

// untaken is one key, with how often it came.
type untaken struct {
	name  string
	line  int // of the first, from 1
	times int
}

// mostUntaken is how many keys a note names of one kind of thing, and how many are counted at most.
const (
	mostUntaken = 20
	mostCounted = 10_000
)

// Add says that something of a kind, such as links, has a key of which nothing is made.
func (u *Untaken) Add(of, key string, line int) {
	if u.index == nil {
		u.index, u.named = map[[2]string]*untaken{}, map[string][]*untaken{}
	}
	at := [2]string{of, key}
	if known := u.index[at]; known != nil {
		known.times++
		return
	}
	if len(u.index) >= mostCounted {
		return
	}
	if u.named[of] == nil {
		u.of = append(u.of, of)
	}
	one := &untaken{name: key, line: line, times: 1}
	u.index[at], u.named[of] = one, append(u.named[of], one)
}

// Keys adds the keys of a map that are not known and say something.
func (u *Untaken) Keys(of string, v *tree.Value, known ...string) {
	if v == nil {
		return
	}
	set := setOf(known)
	for i := range v.Keys {
		if k := &v.Keys[i]; !set[k.Name] && says(k.Value) {
			u.Add(of, k.Name, k.Line)
		}
	}
}

// Attrs adds the attributes of an element that are not known.
func (u *Untaken) Attrs(of string, e *tree.Element, known ...string) {
	var all []string
	for name, text := range e.Attrs {
		if !slices.Contains(known, name) && strings.TrimSpace(text) != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	for _, name := range all {
		u.Add(of, name, e.Line)
	}
}

// Children adds the elements inside of one that are not known.
func (u *Untaken) Children(of string, e *tree.Element, known ...string) {
	for _, c := range e.Children {
		if !slices.Contains(known, c.Name) {
			u.Add(of, c.Name, c.Line)
		}
	}
}

// says tells whether a value is more than none: null, an empty text, list or map, or false.
func says(v *tree.Value) bool {
	switch {
	case v == nil:
		return false
	case v.Kind == tree.Scalar:
		return v.Text != "" && v.Text != "false"
	}
	return len(v.Keys) > 0 || len(v.Items) > 0
}

// NotTaken is what the notes of Untaken begin with.
const NotTaken = "not taken over"

// Notes are lines for the user, one for each kind of thing, with the keys and where they stand first.
func (u *Untaken) Notes() []string {
	var notes []string
	for _, of := range u.of {
		all := u.named[of]
		var texts []string
		for _, one := range all {
			text := fmt.Sprintf("%s (line %d)", Shown(one.name), one.line)
			if one.times > 1 {
				text = fmt.Sprintf("%s (%d times, first in line %d)", Shown(one.name), one.times, one.line)
			}
			texts = append(texts, text)
		}
		notes = append(notes, fmt.Sprintf(NotTaken+", of %s: %s", of, Listed(texts)))
	}
	return notes
}

// Listed joins as many texts as a note names, and counts the rest.
func Listed(texts []string) string {
	all := strings.Join(texts[:min(len(texts), mostUntaken)], ", ")
	if more := len(texts) - mostUntaken; more > 0 {
		all += ", and " + printable.Count(more, "other")
	}
	return all
}

// Without notes of which nodes or links, if any, something cannot be written.
func (n *Network) Without(what string, names []string) {
	if len(names) > 0 {
		n.Notes = append(n.Notes, "not written: "+what+" of "+Listed(names))
	}
}
