package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// MaxName is the longest name of a node, in bytes: a label of the DNS has no more.
	MaxName = 63
	// maxLinkName is the longest name of a link, which may be made of two nodes' names.
	maxLinkName = 2*MaxName + 1
)

// reserved are the names that a node's resolver or the scenario gives a meaning of their own, in lower case.
var reserved = []string{
	"localhost", "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters",
	"ip6-allhosts", "broadcasthost",
	"hosts", // cloud.at
}

// NameError is a vertex whose name cannot be used.
type NameError struct {
	ID      ID
	Name    string
	Place   string // FILE:LINE of the vertex; empty: not known
	Problem string // of the name, without it
	Remedy  string
}

// Error prints place: name: problem; remedy.
func (e *NameError) Error() string {
	text := e.Problem + "; " + e.Remedy
	if e.Name != "" {
		text = strconv.Quote(shortened(e.Name)) + ": " + text
	}
	if e.Place != "" {
		return e.Place + ": " + text
	}
	return text
}

// CheckNames reports the vertices whose names cannot be used, whatever the topology came from: one error a
// vertex, in their order. Names are of ASCII letters, digits, hyphens and underscores, begin with a letter or
// digit, and have at most MaxName bytes (those of links twice as many). Nodes' names differ in more than case,
// for host names are the same in either; a host's is none that resolves without being looked up: an address
// (2, 010, 0x7f) or the loopback (localhost).
func (t *Topology) CheckNames() []*NameError {
	var errs []*NameError
	exact, folded := make(map[string]ID, len(t.Vertices)), make(map[string]ID, len(t.Vertices))
	for i := range t.Vertices {
		id, v := ID(i), &t.Vertices[i]
		problem, remedy := v.misnamed()
		same, twice := exact[v.Name]
		alike, similar := folded[strings.ToLower(v.Name)]
		switch {
		case problem != "":
		case v.Name == "":
			problem, remedy = fmt.Sprintf("vertex %d has no name", i), "give it one"
		case twice:
			problem = fmt.Sprintf("the name %q is given twice, first to the %s %s",
				shortened(v.Name), t.Vertices[same].Kind, t.named(same))
			remedy = "choose another name"
		case similar && v.Kind != Link:
			problem = fmt.Sprintf("the name differs from %s in case only, and host names are the same in either", t.named(alike))
			remedy = "choose another name for one of them"
		}
		exact[v.Name] = id
		if v.Kind != Link {
			folded[strings.ToLower(v.Name)] = id
		}
		if problem != "" {
			errs = append(errs, &NameError{ID: id, Name: v.Name, Place: t.Place(id), Problem: problem, Remedy: remedy})
		}
	}
	return errs
}

// shortened is a name, cut where it is too long for a message.
func shortened(name string) string {
	if len(name) > MaxName+1 {
		return strings.ToValidUTF8(name[:16], "") + "..."
	}
	return name
}

// named is a vertex's name, with its place where that is known.
func (t *Topology) named(id ID) string {
	name := shortened(t.Vertices[id].Name)
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		name = strconv.Quote(name)
	}
	if place := t.Place(id); place != "" {
		name += " (" + place + ")"
	}
	return name
}

// misnamed says what is wrong with a vertex's name by itself.
func (v *Vertex) misnamed() (problem, remedy string) {
	most := MaxName
	if v.Kind == Link {
		most = maxLinkName
	}
	strange := strings.IndexFunc(v.Name, func(r rune) bool { return !plain(r) && r != '-' && r != '_' })
	switch {
	case v.Name == "": // the caller knows which it is
	case len(v.Name) > most:
		return fmt.Sprintf("the name has %d letters, and that of a %s %d at most", len(v.Name), v.Kind, most), "shorten it"
	case strange >= 0:
		r := []rune(v.Name[strange:])[0]
		return fmt.Sprintf("the name contains %q", r), "write letters, digits, hyphens and underscores only"
	case !plain(rune(v.Name[0])):
		return fmt.Sprintf("the name begins with %q", v.Name[0]), "begin it with a letter or a digit"
	case v.Kind == Link:
	case v.Kind.Attached() && Address(v.Name):
		return "the name is read as an address, and so never looked up", "put a letter before it, as in n" + v.Name
	case slices.Contains(reserved, strings.ToLower(v.Name)):
		return fmt.Sprintf("the name %q is taken: it has a meaning of its own", v.Name), "choose another name"
	}
	return "", ""
}

// plain says whether a character is an ASCII letter or digit.
func plain(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// Address says whether resolvers take a name without dots for a number, decimal, octal or hexadecimal, and with it
// for an IPv4 address, as inet_aton does.
func Address(name string) bool {
	digits := "0123456789"
	if len(name) >= 2 && name[0] == '0' && (name[1] == 'x' || name[1] == 'X') {
		name, digits = name[2:], "0123456789abcdefABCDEF"
	}
	return strings.Trim(name, digits) == ""
}

// Aliases gives the hosts (and the cloud) whose names no strict software takes for a host name, for their
// underscores, a second one with hyphens: rpi3-0 for rpi3_0. It leaves out those that would be another node's
// name, another's alias or a reserved name, in any case, or no host name either.
func (t *Topology) Aliases() map[ID]string {
	wanted := map[string][]ID{}
	taken := map[string]bool{}
	for _, name := range reserved {
		taken[name] = true
	}
	for i := range t.Vertices {
		v := &t.Vertices[i]
		if v.Kind == Link {
			continue
		}
		taken[strings.ToLower(v.Name)] = true
		if v.Kind.Attached() && strings.Contains(v.Name, "_") {
			folded := strings.ToLower(strings.ReplaceAll(v.Name, "_", "-"))
			wanted[folded] = append(wanted[folded], ID(i))
		}
	}
	aliases := map[ID]string{}
	for folded, ids := range wanted {
		if len(ids) == 1 && !taken[folded] && strings.Trim(folded, "-") == folded {
			aliases[ids[0]] = strings.ReplaceAll(t.Vertices[ids[0]].Name, "_", "-")
		}
	}
	return aliases
}

// SetPlace keeps where a vertex was defined, FILE:LINE, for messages. It is not encoded with the topology.
func (t *Topology) SetPlace(id ID, place string) {
	if t.places == nil {
		t.places = map[ID]string{}
	}
	t.places[id] = place
}

// Place is where a vertex was defined, FILE:LINE; empty: not known.
func (t *Topology) Place(id ID) string { return t.places[id] }

// NameProblem says why nothing of a kind can have a name by itself, whatever others are called; empty: it can.
func NameProblem(name string, k Kind) string {
	problem, _ := (&Vertex{Name: name, Kind: k}).misnamed()
	if name == "" {
		problem = "there is no name"
	}
	return problem
}
