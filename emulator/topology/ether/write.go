package ether

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"testbed/emulator/topology"
)

// Write writes the topology's edge network as the three files: hosts and links in the order of vertices,
// the adjacency in EdgeOrder. The cloud, and delays, jitter, loss and queues are not in the format and
// are left out. It fails where the format cannot express a link: no limit to its rate, or two rates.
func Write(t *topology.Topology, nodes, links, edges io.Writer) error {
	out := [3]*bufio.Writer{bufio.NewWriter(nodes), bufio.NewWriter(links), bufio.NewWriter(edges)}
	// A failed write is remembered by the buffer and returned by Flush.
	var errs []error
	var hosts, linkCount int
	for i := range t.EdgeSize() {
		v := &t.Vertices[i]
		if strings.ContainsAny(v.Name, "; \t\n") {
			errs = append(errs, fmt.Errorf("ether: the name %q contains a separator of the format", v.Name))
		}
		switch v.Kind {
		case topology.Host:
			_, _ = fmt.Fprintf(out[0], "%d;%s;%d;%d;%s;%s;%s\n", hosts, v.Name, v.Memory, v.CPU, v.Arch, v.Type, v.Model)
			hosts++
		case topology.Link:
			if err := expressible(v); err != nil {
				errs = append(errs, err)
				continue
			}
			mbps := strconv.FormatFloat(float64(v.Shape[0].Rate)/1e6, 'f', -1, 64)
			_, _ = fmt.Fprintf(out[1], "%d;%s;%s;%s\n", linkCount, mbps, v.Name, linkTypes[v.LinkType])
			linkCount++
		case topology.Switch, topology.Exchange, topology.Cloud: // in the adjacency only
		}
	}
	for _, id := range order(t) {
		_, _ = out[2].WriteString(t.Vertices[id].Name)
		for _, e := range t.Adjacency[id] {
			if int(e.To) < t.EdgeSize() {
				_, _ = out[2].WriteString(" " + t.Vertices[e.To].Name)
			}
		}
		_ = out[2].WriteByte('\n')
	}
	for _, w := range out {
		errs = append(errs, w.Flush())
	}
	return errors.Join(errs...)
}

func expressible(v *topology.Vertex) error {
	switch {
	case int(v.LinkType) >= len(linkTypes):
		return fmt.Errorf("ether: link %s: there is no link type %d", v.Name, v.LinkType)
	case v.Shape[0].Rate <= 0:
		return fmt.Errorf("ether: link %s: the format needs a rate", v.Name)
	case v.LinkType == topology.Duplex && v.Shape[0].Rate != v.Shape[1].Rate:
		return fmt.Errorf("ether: link %s: the format has one rate for both directions; it has %s and %s",
			v.Name, v.Shape[0].Rate, v.Shape[1].Rate)
	}
	return nil
}

// order is EdgeOrder, followed by the vertices that it leaves out and that have edges.
func order(t *topology.Topology) []topology.ID {
	listed := make([]bool, len(t.Vertices))
	ids := make([]topology.ID, 0, t.EdgeSize())
	for _, id := range t.EdgeOrder {
		if int(id) < t.EdgeSize() && !listed[id] {
			listed[id] = true
			ids = append(ids, id)
		}
	}
	for i := range t.EdgeSize() {
		if !listed[i] && len(t.Adjacency[i]) > 0 {
			ids = append(ids, topology.ID(i))
		}
	}
	return ids
}
