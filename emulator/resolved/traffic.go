package resolved

import (
	"slices"

	"testbed/emulator/machines/cut"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Traffic is what the plans of the jobs that are replayed carry, in bytes of payload, under all of the scenario's
// models together; nil where they carry nothing. Where a dispatcher picks workers it is as the placement has it.
func (e *Scenario) Traffic() (*cut.Traffic, error) {
	transfers := map[[2]topology.ID]float64{}
	for _, m := range e.Models {
		plans, err := e.Chains(m)
		if err != nil {
			return nil, err
		}
		for _, p := range plans {
			addTransfers(transfers, p)
		}
	}
	if len(transfers) == 0 {
		return nil, nil
	}
	// In a fixed order, for sums of floats depend on it.
	pairs := make([][2]topology.ID, 0, len(transfers))
	for pair := range transfers {
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, func(a, b [2]topology.ID) int {
		if a[1] != b[1] {
			return int(a[1] - b[1])
		}
		return int(a[0] - b[0])
	})
	t := e.Topology
	traffic := &cut.Traffic{Queues: map[topology.Channel]float64{}, Edges: map[[2]topology.ID]float64{}}
	var tree *topology.Tree
	var hops []topology.Hop
	var vertices []topology.ID
	for i, pair := range pairs {
		if i == 0 || pairs[i-1][1] != pair[1] {
			tree = t.TreeTo(pair[1])
		}
		hops, _ = tree.Hops(hops[:0], pair[0])
		for _, hop := range hops {
			traffic.Queues[hop.Channel] += transfers[pair]
		}
		vertices = tree.Vertices(vertices[:0], pair[0])
		for k := 1; k < len(vertices); k++ {
			a, b := vertices[k-1], vertices[k]
			if t.Vertices[a].Kind != topology.Link && t.Vertices[b].Kind != topology.Link {
				traffic.Edges[[2]topology.ID{a, b}] += transfers[pair]
			}
		}
	}
	return traffic, nil
}

// addTransfers adds the bytes of a plan's transfers up, by where they go from and to.
func addTransfers(all map[[2]topology.ID]float64, p *plan.Plan) {
	weight := p.Weight
	if weight == 0 {
		weight = 1
	}
	for i := range p.Steps {
		if p.Steps[i].Kind != plan.Transfer {
			continue
		}
		for _, way := range p.Steps[i].Ways() {
			if way.From != way.To {
				all[[2]topology.ID{way.From, way.To}] += weight * float64(way.Bytes)
			}
		}
	}
}

// Lowest lists, by queue, the shapes that the scenario's events give it.
func (e *Scenario) Lowest() map[topology.Channel][]topology.Shape {
	type one struct {
		topology.Channel
		topology.Shape
	}
	seen := map[one]struct{}{}
	shapes := map[topology.Channel][]topology.Shape{}
	for i := range e.Moments {
		for channel, shape := range e.Moments[i].Shapes {
			if _, known := seen[one{channel, shape}]; !known {
				seen[one{channel, shape}] = struct{}{}
				shapes[channel] = append(shapes[channel], shape)
			}
		}
	}
	return shapes
}
