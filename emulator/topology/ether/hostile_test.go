package ether

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"testbed/emulator/internal/readfile"
)

// A file of names, or of edges, becomes a network of a bounded size.
func TestNetworksAreBounded(t *testing.T) {
	var names, edges strings.Builder
	for i := range maxVertices + 10 {
		fmt.Fprintf(&names, "v%d\n", i)
	}
	row := strings.Repeat(" b", 50_000)
	for i := range maxEdges/50_000 + 1 {
		fmt.Fprintf(&edges, "v%d%s\n", i, row)
	}
	for what, text := range map[string]string{"vertices": names.String(), "edges": edges.String()} {
		if _, err := Parse(strings.NewReader(""), strings.NewReader(""), strings.NewReader(text), "x"); !errors.Is(err,
			readfile.ErrLimit) && what == "vertices" || err == nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Parse(strings.NewReader(strings.Repeat("x", maxLine+1)), strings.NewReader(""), strings.NewReader(""),
		"x"); err == nil || !strings.Contains(err.Error(), "x.nodes:1") {
		t.Errorf("a line without an end: %v", err)
	}
}

// However much is wrong, a bounded number of errors says so.
func TestErrorsAreBounded(t *testing.T) {
	var nodes strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&nodes, "%d;n%d;1;1;;;\n", i, i)
	}
	_, err := Parse(strings.NewReader(nodes.String()), strings.NewReader(""), strings.NewReader("a b\n"), "x")
	if n := strings.Count(err.Error(), "\n"); n > maxErrors+1 {
		t.Errorf("%d lines", n)
	}
}
