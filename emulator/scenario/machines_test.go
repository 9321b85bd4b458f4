package scenario_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

const premises = `name: x
topology:
  nodes:
    a: {class: pi}
    b: {class: pi, machine: third}
    c: {class: server, model: big}
    d: {class: server}
    s1: {kind: switch}
    x1: {kind: exchange}
  links:
    - {endpoints: [a, s1]}
    - {endpoints: [c, s1]}
    - {endpoints: [s1, x1]}
    - {endpoints: [b, x1]}
    - {endpoints: [d, x1]}
`

func TestPinned(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"", "b=third"},
		{"machines: {pi: lab-1, big: lab-2, s1: ssh://lab-3}\n", "a=lab-1 b=third c=lab-2 s1=ssh://lab-3"},
		{"machines: {c: {machine: 5, premises: true}}\n", "a=5 b=third c=5"}, // a number is a name, too
		{"machines: {a: {machine: one, premises: true}, c: two}\n", "a=one b=third c=two"},
		{"machines: {server: {machine: one, premises: true}}\n", "a=one b=third c=one d=one"},
	} {
		s, err := scenario.Parse([]byte(premises+c.keys), "x.yaml", builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", c.keys, err)
			continue
		}
		graph, err := s.Topology()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range s.Pinned(graph) {
			got = append(got, fmt.Sprintf("%s=%s", graph.Vertices[p.Node].Name, p.Machine))
			if !strings.HasPrefix(p.Where, "x.yaml:") || !strings.Contains(p.Where, "machine") {
				t.Errorf("%s: it is said to be written at %s", graph.Vertices[p.Node].Name, p.Where)
			}
		}
		if slices.Sort(got); strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v instead of %s", c.keys, got, c.want)
		}
	}
	for keys, want := range map[string]string{
		"machines: {serve: a}\n":                         `x.yaml:16:12: machines.serve: there is no node of the name, `,
		"machines: {s1: {machine: a, premises: true}}\n": `"s1" is no host, and has no premises`,
		"machines: {pi: -oProxyCommand=x}\n":             "machines.pi",
		"machines: {pi: {premises: true}}\n":             "machine",
	} {
		_, err := scenario.Parse([]byte(premises+keys), "x.yaml", builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, which does not say %q", keys, err, want)
		}
	}
}

// TestReattached: where events attach hosts, each once, with what says so.
func TestReattached(t *testing.T) {
	text := premises + "events:\n  - {at: 1s, attach: {host: a, to: x1}}\n  - {at: 2s, attach: {host: a, to: s1}}\n" +
		"  - {at: 3s, attach: {host: a, to: x1}}\n  - {at: 3s, attach: {host: d, to: s1}}\n"
	s, err := scenario.Parse([]byte(text), "x.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Reattached(graph) {
		got = append(got, fmt.Sprintf("%s from %s to %s, %s", graph.Vertices[r.At].Name, graph.Vertices[r.From].Name,
			graph.Vertices[r.To].Name, r.Where))
	}
	want := []string{"a-s1 from s1 to x1, x.yaml:17:5: events[0]", "d-x1 from x1 to s1, x.yaml:20:5: events[3]"}
	if !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}
