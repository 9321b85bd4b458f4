package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/printable"
	"testbed/emulator/scenario"
	"testbed/emulator/topology/network"
	"testbed/emulator/workload"
)

// importAs is the kind of what a file is (a trace or a network) and the name of its format: the flag's, or the one that
// its content is in. It fails where several formats may be meant. An empty name: it is a trace in a format unknown.
func importAs(s *State, path, format string) (kind, name string, err error) {
	c := s.catalogue()
	switch {
	case format != "" && c.Has(catalogue.Networks, format):
		return catalogue.Networks, format, nil
	case format == "" && c.Has(catalogue.Shipped, path), format != "" && c.Has(catalogue.Traces, format):
		return catalogue.Traces, format, nil
	case format != "":
		formats := slices.Concat(c.Names(catalogue.Traces), c.Names(catalogue.Networks))
		return "", "", fmt.Errorf("--format %s: unknown; %s", format, scenario.Suggest(format, formats))
	}
	trace, err := workload.Detect(c, path)
	if err != nil {
		return "", "", err
	}
	networks, err := network.DetectFile(c, path)
	if err != nil {
		return "", "", err
	}
	all := networks
	if trace != "" {
		all = append(all, trace)
	}
	switch {
	case len(all) > 1:
		return "", "", fmt.Errorf("%s may be in the formats %s: name one with --format", path, either(all))
	case len(networks) == 1:
		return catalogue.Networks, networks[0], nil
	}
	return catalogue.Traces, trace, nil
}

// importNetwork writes the network in a file as a scenario.
func importNetwork(s *State, c *cli.Context, path, format string) ([]byte, []string, error) {
	sc, err := importingNetwork(s, c, path, format)
	if err != nil {
		return nil, nil, err
	}
	made, err := sc.Import()
	if err != nil {
		return nil, nil, err
	}
	cloud, err := cloudAt(c, path, made)
	if err != nil {
		return nil, nil, err
	}
	var text bytes.Buffer
	switches := len(made.Nodes) - made.Hosts()
	fmt.Fprintf(&text, "# Of %s (%s): %s, %s, %s%s.\n", printable.Line(filepath.Base(path)), format,
		printable.Count(made.Hosts(), "host"), printable.Count(switches, "switch"), printable.Count(len(made.Links), "link"),
		printable.Line(setTexts(c)))
	for _, note := range made.Notes {
		fmt.Fprintf(&text, "# %s\n", printable.Line(note))
	}
	fmt.Fprintf(&text, "name: %s\n", scenarioName(made.Name))
	if err := scenario.WriteNetwork(&text, made); err != nil {
		return nil, nil, err
	}
	if cloud != "" {
		fmt.Fprintf(&text, "cloud: {at: %s}\n", strconv.Quote(cloud))
	}
	// What was written has to be a scenario: a host that others cannot reach, say, is found here.
	if _, err := scenario.Parse(text.Bytes(), "the scenario", s.catalogue()); err != nil {
		return nil, nil, ofInput(err, path, made, cloud)
	}
	return text.Bytes(), made.Notes, nil
}

// importingNetwork is a scenario that imports the file.
func importingNetwork(s *State, c *cli.Context, path, format string) (*scenario.Scenario, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	settings := []scenario.Setting{
		{Key: "topology.import.file", Value: strconv.Quote(absolute), From: "FILE"},
		{Key: "topology.import.format", Value: format, From: "--format"},
	}
	for _, text := range given(c, "set") {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: write KEY=VALUE", text)
		}
		settings = append(settings, scenario.Setting{Key: "topology.import." + key, Value: value, From: "--set " + text})
	}
	text := []byte("name: import\ntopology: {import: {file: FILE}}\n")
	sc, _, err := scenario.Adapt(text, unseen, s.catalogue(), settings...)
	return sc, ofFile(err, s.catalogue(), path, format)
}

// unseen is what errors call the scenario that nobody wrote.
const unseen = "import"

// noPath finds the hosts in an error about a path that is missing.
var noPath = lazy.Regexp(`no path to (\S+) from ([^;\s]+)`)

// lineOfPath is the line of the node to which there is no path, as an error says; 0: that is about something else, or
// the node is not from the file.
func lineOfPath(c *catalogue.Catalogue, path, format, message string) int {
	between := noPath().FindStringSubmatch(message)
	if between == nil {
		return 0
	}
	graph, err := network.Load(c, path, format, nil)
	if err != nil {
		return 0
	}
	for i := range graph.Nodes {
		if n := &graph.Nodes[i]; cmp.Or(n.Label, n.ID) == between[1] {
			return n.Line
		}
	}
	return 0
}

// ofFile are errors without the place in a scenario that nobody wrote: those about the file have its line.
func ofFile(err error, c *catalogue.Catalogue, path, format string) error {
	var list scenario.Errors
	if !errors.As(err, &list) {
		return err
	}
	var all []error
	for _, e := range list {
		if e.Path == "topology.import" && e.Remedy == "" { // of the file: its lines are in the message
			all = append(all, errors.New(asFlags(e.Message)))
		} else if e.File == unseen { // of the network as a whole
			all = append(all, fmt.Errorf("%s: %s", inFile(path, lineOfPath(c, path, format, e.Message)), asFlags(e.Message)))
		} else {
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}

// remedied finds the remedies in errors about networks that are keys of topology.import.
var remedied = lazy.Regexp(`as with ([a-z]+): (?:\{([a-z-]+): ([^{}]+)\}|([a-z]+))`)

// asFlags writes keys of topology.import that a message recommends as the command line has them.
func asFlags(message string) string {
	return remedied().ReplaceAllStringFunc(message, func(found string) string {
		m := remedied().FindStringSubmatch(found)
		if m[4] != "" {
			return "as with --set " + m[1] + "=" + m[4]
		}
		return "as with --set " + m[1] + "." + m[2] + "=" + m[3]
	})
}

// setTexts are the settings of the command line, as the end of a sentence.
func setTexts(c *cli.Context) string {
	options := ""
	for _, text := range given(c, "set") {
		options += ", " + text
	}
	return options
}

var notInName = lazy.Regexp(`[^a-z0-9]+`)

// scenarioName is a name that a scenario can have.
func scenarioName(of string) string {
	name := strings.Trim(notInName().ReplaceAllString(strings.ToLower(of), "-"), "-")
	return cmp.Or(strings.Trim(name[:min(len(name), 31)], "-"), "imported")
}
