package record

import (
	"fmt"

	"testbed/emulator/internal/readfile"
)

// What a topology's file may hold at most: more than the largest scenario, whose 5000 nodes have 20,000
// links and ways to the cloud.
const (
	maxVertices = 50_000
	maxEdges    = 250_000
)

// check fails where the file holds more than a network can have. Drawing takes time that grows faster than
// the network.
func (g *graph) check() error {
	edges, clouds := 0, 0
	for _, from := range g.Edges {
		edges += len(from)
	}
	for i := range g.Vertices {
		if g.Vertices[i].Kind == "cloud" {
			clouds++
		}
	}
	switch n := len(g.Vertices); {
	case n > maxVertices:
		return fmt.Errorf("%d vertices, and at most %d are read: %w", n, maxVertices, readfile.ErrLimit)
	case edges > maxEdges:
		return fmt.Errorf("%d edges, and at most %d are read: %w", edges, maxEdges, readfile.ErrLimit)
	case clouds > 1:
		return fmt.Errorf("%d clouds, of which a network has one at most", clouds)
	case len(g.Edges) > n || g.Edge < 0 || g.Edge > n || len(g.Order) > n:
		return fmt.Errorf("edges of %d, an edge network of %d and an order of %d, but %d vertices", len(g.Edges), g.Edge,
			len(g.Order), n)
	}
	return nil
}
