package machines

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"

	"testbed/emulator/internal/lazy"
)

// Kind says how machines are named.
type Kind uint8

// The kinds of lists of machines.
const (
	Supposed Kind = iota // a number of like machines, to plan with: there are none yet
	Listed               // by name or URL
	Swarm                // those of the Swarm that the local Docker engine manages
)

// Spec is what --machines says.
type Spec struct {
	Kind Kind
	// Machines are those listed or supposed, with ID, Name and Weight; nil for Swarm, whose carrier knows them. The ID is
	// the URL, or the name, as given.
	Machines []Machine
}

// ErrSpec is wrapped by the errors of Parse.
var ErrSpec = errors.New("not a list of machines")

// maxSpec is the longest list, in bytes.
const maxSpec = 16384

// plainName is the name of a machine, or of a Docker context.
var plainName = lazy.Regexp(`^[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}$`)

// Parse reads what --machines says: swarm; a number N of supposed machines; or a list, separated by commas, of
// NAME[=WEIGHT] (a Docker context), ssh://[USER@]HOST[:PORT][=WEIGHT] or unix:///PATH[=WEIGHT] (an engine's socket). A
// weight is a number in (0, 1e6]. It fails with ErrSpec.
func Parse(text string) (Spec, error) {
	text = strings.TrimSpace(text)
	s, err := parse(text)
	if err != nil {
		return Spec{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return s, nil
}

func parse(text string) (s Spec, err error) {
	switch {
	case len(text) > maxSpec:
		return s, fmt.Errorf("it has %d bytes, and %d are the most", len(text), maxSpec)
	case text == "":
		return s, errors.New("it is empty; write swarm, a number, or names separated by commas")
	case text == "swarm":
		return Spec{Kind: Swarm}, nil
	}
	if n, err := strconv.ParseUint(text, 10, 16); err == nil {
		if n < 1 || n > Most {
			return s, fmt.Errorf("%d machines are not between 1 and %d", n, Most)
		}
		return supposed(int(n)), nil
	}
	s.Kind = Listed
	for item := range strings.SplitSeq(text, ",") {
		m, err := parseMachine(strings.TrimSpace(item))
		if err != nil {
			return s, err
		}
		s.Machines = append(s.Machines, m)
	}
	return s, Check(s.Machines)
}

// supposed are n machines that are alike.
func supposed(n int) Spec {
	s := Spec{Kind: Supposed}
	for i := range n {
		name := "machine-" + strconv.Itoa(i+1)
		s.Machines = append(s.Machines, Machine{ID: name, Name: name})
	}
	return s
}

// parseMachine reads one machine of a list.
func parseMachine(item string) (Machine, error) {
	var m Machine
	id, weight, weighted := item, "", false
	if at := strings.LastIndexByte(item, '='); at >= 0 {
		id, weight, weighted = item[:at], item[at+1:], true
	}
	if weighted {
		w, err := strconv.ParseFloat(weight, 64)
		if err != nil || strings.ContainsAny(weight, "xXpP_+") || !(w > 0 && w <= maxWeight) || math.IsNaN(w) {
			return m, fmt.Errorf("%q: the weight %q is not a number in (0, %g]", item, weight, float64(maxWeight))
		}
		m.Weight = w
	}
	m.ID = id
	var err error
	m.Name, m.Address, err = identify(id)
	return m, err
}

// identify checks a machine's name or URL, and says what people call it and, where the URL tells, its address.
func identify(id string) (name, address string, err error) {
	switch {
	case id == "":
		return "", "", errors.New("a machine has no name; write names separated by commas")
	case id == "swarm":
		return "", "", errors.New("swarm stands alone, without a weight: its machines are those of the Swarm")
	case !strings.Contains(id, ":"):
		if !plainName().MatchString(id) {
			return "", "", fmt.Errorf("%q is not a name; write letters, digits, dots, hyphens and underscores, or a URL "+
				"such as ssh://host", id)
		}
		return id, "", nil
	}
	u, err := url.Parse(id)
	if err != nil {
		return "", "", fmt.Errorf("%q is not a URL such as ssh://host", id)
	}
	if u.Opaque != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(id, "#") || strings.Contains(id, "%") {
		return "", "", fmt.Errorf("%q has more than scheme, user, host, port or path", id)
	}
	switch u.Scheme {
	case "ssh":
		return overSSH(id, u)
	case "unix":
		if u.Host != "" || u.User != nil || u.Path == "/" || u.Path != path.Clean(u.Path) || !path.IsAbs(u.Path) {
			return "", "", fmt.Errorf("%q is not the absolute path of a socket, such as unix:///run/docker.sock", id)
		}
		return id, "", nil
	case "tcp", "http":
		return "", "", fmt.Errorf("%q: an engine that anybody can command is not used; make a Docker context with TLS and "+
			"give its name, or use ssh://", id)
	}
	return "", "", fmt.Errorf("%q: there is no way to a machine called %q; use ssh://, unix:// or the name of a Docker "+
		"context", id, u.Scheme)
}

// overSSH checks a URL for ssh: nothing in it may be read as an option of that program, or hold a secret.
func overSSH(id string, u *url.URL) (name, address string, err error) {
	host, user := u.Hostname(), u.User.Username()
	_, secret := u.User.Password()
	port, portErr := strconv.ParseUint(u.Port(), 10, 16)
	strange := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"'\$;&|<>(){}*?!^`+"`", r) }
	switch {
	case secret:
		return "", "", fmt.Errorf("ssh://%s: a password must not stand in a command; use a key", host)
	case host == "" || u.User != nil && user == "":
		return "", "", fmt.Errorf("%q names no host or no user; write ssh://[user@]host[:port]", id)
	case host[0] == '-' || user != "" && user[0] == '-' || strings.ContainsFunc(host+user, strange):
		return "", "", fmt.Errorf("%q: host and user are letters, digits, dots and hyphens, and begin with none of these", id)
	case u.Path != "" && u.Path != "/":
		return "", "", fmt.Errorf("%q has a path; the engine's own socket is used", id)
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && (portErr != nil || port == 0):
		return "", "", fmt.Errorf("%q: the port is not in [1, 65535]", id)
	}
	return host, host, nil
}
