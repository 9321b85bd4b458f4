package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

// atHosts is what --cloud says where each host is to have a link of its own to the cloud.
const atHosts = "hosts"

// cloudAt is the node at which the command line wants a cloud, by its name in the network, or atHosts; empty: there is
// to be none. It fails where a cloud cannot be there, or where the network has its names.
func cloudAt(c *cli.Context, path string, made *network.Network) (string, error) {
	if !c.IsSet("cloud") {
		return "", nil
	}
	at := c.String("cloud")
	if at == "" {
		return "", errors.New("--cloud: it is empty; name a node that forwards, or hosts, for a link from each host")
	}
	taken := []string{"cloud", "cloud_up", "cloud_down"}
	if at == atHosts {
		taken = taken[:1]
		for i := range made.Nodes {
			if made.Nodes[i].Kind == topology.Host {
				taken = append(taken, "cloud_"+made.Nodes[i].Name)
			}
		}
	} else {
		i, ok := made.Find(at)
		switch {
		case !ok:
			return "", fmt.Errorf("--cloud %s: %s has no such node; %s", at, path, scenario.Suggest(at, forwarding(made)))
		case made.Nodes[i].Kind == topology.Host:
			return "",
				fmt.Errorf("--cloud %s: %s: that is a host, and a cloud hangs on a node that forwards, or on all hosts; %s",
					at, inFile(path, made.Nodes[i].Line), scenario.Suggest("", forwarding(made)))
		}
		at = made.Nodes[i].Name
	}
	return at, errors.Join(namesTaken(path, made, taken)...)
}

// forwarding are the names that --cloud may have.
func forwarding(made *network.Network) []string {
	all := []string{atHosts}
	for i := range made.Nodes {
		if made.Nodes[i].Kind != topology.Host {
			all = append(all, made.Nodes[i].Name)
		}
	}
	return all
}

// namesTaken are errors about nodes and links that have names which the cloud and its links need.
func namesTaken(path string, made *network.Network, names []string) (failed []error) {
	needed := make(map[string]bool, len(names))
	for _, name := range names {
		needed[name] = true
	}
	const text = "%s: the %s %s has the name that the scenario's cloud, or its link, is to have; " +
		"rename it there, or leave --cloud out"
	for i := range made.Nodes {
		if m := &made.Nodes[i]; needed[strings.ToLower(m.Name)] || needed[m.Name] { // host names are the same in either case
			failed = append(failed, fmt.Errorf(text, inFile(path, m.Line), m.Kind, m.Name))
		}
	}
	for i := range made.Links {
		if l := &made.Links[i]; needed[l.Name] {
			failed = append(failed, fmt.Errorf(text, inFile(path, l.Line), "link", l.Name))
		}
	}
	return failed
}

// inFile is FILE:LINE or, without a line, the file alone.
func inFile(path string, line int) string {
	if line == 0 {
		return path
	}
	return path + ":" + strconv.Itoa(line)
}

// ofInput are errors about a scenario that was written of a network, as ones about the file that this is in, or about
// the flag: nobody has seen the scenario.
func ofInput(err error, path string, made *network.Network, cloud string) error {
	var list scenario.Errors
	if !errors.As(err, &list) {
		return fmt.Errorf("%s: %w", path, err)
	}
	var all []error
	for _, e := range list {
		where, about := whence(path, made, e.Path)
		if e.Path == "cloud" || strings.HasPrefix(e.Path, "cloud.") {
			where, about = "--cloud "+cloud, ""
		}
		remedy := e.Remedy
		if remedy == "" || e.Path == "topology" { // which has parameters elsewhere
			remedy = "change it in the file, or with --set"
		}
		all = append(all, fmt.Errorf("%s: %s%s; %s", where, about, e.Message, remedy))
	}
	return errors.Join(all...)
}

// whence is where something of a written scenario comes from, by the path of its key, and what it is there.
func whence(path string, made *network.Network, key string) (where, about string) {
	if rest, ok := strings.CutPrefix(key, "topology.nodes."); ok {
		name, rest, _ := strings.Cut(rest, ".")
		for i := range made.Nodes {
			if m := &made.Nodes[i]; m.Name == name {
				return inFile(path, m.Line), fmt.Sprintf("the node %s: %s", cmp.Or(m.Label, name), keyOf(rest))
			}
		}
	}
	if rest, ok := strings.CutPrefix(key, "topology.links["); ok {
		number, rest, _ := strings.Cut(rest, "]")
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(made.Links) {
			return inFile(path, made.Links[i].Line),
				fmt.Sprintf("the link %s: %s", made.Links[i].Name, keyOf(strings.TrimPrefix(rest, ".")))
		}
	}
	return path, ""
}

// keyOf is a key in front of what is said of it.
func keyOf(key string) string {
	if key == "" {
		return ""
	}
	return key + ": "
}
