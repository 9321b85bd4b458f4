package network

import (
	"strconv"
	"strings"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology"
)

// latin are letters of European names without their marks.
var latin = strings.NewReplacer(pairs("ÀÁÂÃÄÅĀĂĄ", "A", "àáâãäåāăą", "a", "ÇĆČ", "C", "çćč", "c", "ĎĐÐ", "D",
	"ďđð", "d", "ÈÉÊËĒĖĘĚ", "E", "èéêëēėęě", "e", "ĞĢ", "G", "ğģ", "g", "ÌÍÎÏĪĮİ", "I", "ìíîïīįı", "i", "Ķ", "K",
	"ķ", "k",
	"ĹĻĽŁ", "L", "ĺļľł", "l", "ÑŃŅŇ", "N", "ñńņň", "n", "ÒÓÔÕÖØŌŐ", "O", "òóôõöøōő", "o", "ŔŘ", "R", "ŕř", "r",
	"ŚŞŠȘ", "S", "śşšș", "s", "ŢŤȚ", "T", "ţťț", "t", "ÙÚÛÜŪŮŰŲ", "U", "ùúûüūůűų", "u", "ÝŸ", "Y", "ýÿ", "y",
	"ŹŻŽ", "Z", "źżž", "z", "Æ", "AE", "æ", "ae", "Œ", "OE", "œ", "oe", "ß", "ss", "Þ", "Th", "þ", "th")...)

// pairs are the replacements of each letter of the texts at even places by the text that follows.
func pairs(groups ...string) []string {
	var all []string
	for i := 0; i+1 < len(groups); i += 2 {
		for _, letter := range groups[i] {
			all = append(all, string(letter), groups[i+1])
		}
	}
	return all
}

// namer gives names that are all different, as those of nodes and links have to be. It has those that were given, in
// lower case, each with the number that is tried first where it is asked for again.
type namer map[string]int

// fit is a name as near to a text as one of the kind can be; where the text has nothing of which to make one it is the
// word. Names differ in more than case, as host names have to.
func (n namer) fit(text, word string, k topology.Kind) string {
	name := text
	if topology.NameProblem(text, k) != "" {
		name = spell(text)
	}
	if name == "" {
		name = word
	}
	if k.Attached() && topology.Address(name) {
		name = "n" + name
	}
	name = cut(name, topology.MaxName)
	own, key := name, strings.ToLower(name)
	for i := max(n[key], 2); n.taken(own) || topology.NameProblem(own, k) != ""; i++ {
		number := "-" + strconv.Itoa(i)
		own = cut(name, topology.MaxName-len(number)) + number
		n[key] = i + 1
	}
	n.take(own)
	return own
}

// take says that a name is given.
func (n namer) take(name string) { n[strings.ToLower(name)] = max(n[strings.ToLower(name)], 2) }

// taken says whether it is.
func (n namer) taken(name string) bool { return n[strings.ToLower(name)] > 0 }

var (
	grouping = lazy.Regexp(`^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$`) // a class, a model or an architecture
	runnable = lazy.Regexp(`^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$`) // a container image
)

// group is a text as a class, a model or an architecture can be called.
func group(text string) string {
	if grouping().MatchString(text) {
		return text
	}
	return cut(spell(text), topology.MaxName)
}

// cut is a name of so many bytes at most, which ends in a letter or digit where it was cut.
func cut(name string, most int) string {
	if len(name) <= most {
		return name
	}
	return strings.TrimRight(name[:most], "-_")
}

// spell is a text in letters, digits, hyphens and underscores: marks of letters fall away, and hyphens stand for all
// else.
func spell(text string) string {
	var name strings.Builder
	text = text[:min(len(text), 16*topology.MaxName)] // whoever wrote it may mean it for many
	for _, r := range latin.Replace(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_':
			name.WriteRune(r)
		case name.Len() > 0 && !strings.HasSuffix(name.String(), "-"):
			name.WriteByte('-')
		}
		if name.Len() > 4*topology.MaxName {
			break
		}
	}
	return strings.Trim(name.String(), "-_")
}

// IsName says whether a text is no number, and so may be a name.
func IsName(text string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return err != nil
}
