package ether

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// maxLine is the longest line read, in bytes: an adjacency of tens of thousands of neighbours.
const maxLine = 4 << 20

// Parse reads the three files. The prefix names them in messages, and the topology by its last element.
// Vertices are in the order nodes, links, then those named in the edges only, as they appear. Empty lines
// and lines that begin with # are left out. All errors are reported, each with file and line.
func Parse(nodes, links, edges io.Reader, prefix string) (*topology.Topology, error) {
	p := &parser{topology: topology.New(filepath.Base(prefix))}
	p.file(nodes, prefix+".nodes", p.node)
	p.file(links, prefix+".links", p.link)
	if len(p.topology.Vertices) <= maxVertices {
		p.file(edges, prefix+".edges", p.edge)
	}
	if len(p.errs) == 0 {
		p.complete(prefix)
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	p.topology.EdgeNetwork = len(p.topology.Vertices)
	p.topology.Classify()
	return p.topology, nil
}

const (
	// maxErrors is how many errors are reported before reading stops: the rest would say the same.
	maxErrors = 50
	// maxVertices and maxEdges bound a network: no scenario may have more than 5000 hosts.
	maxVertices = 50_000
	maxEdges    = 500_000
)

type parser struct {
	topology *topology.Topology
	place    string // file:line of the line being read
	errs     []error
	edges    int
	listed   map[topology.ID]string // where a vertex's adjacency was given
}

// fail records an error at the current line, unless there are many already.
func (p *parser) fail(format string, args ...any) {
	if len(p.errs) > maxErrors {
		return
	}
	p.errs = append(p.errs, fmt.Errorf("%s: %w", p.place, fmt.Errorf(format, args...)))
}

func (p *parser) file(r io.Reader, name string, line func(string)) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for scanner.Scan() {
		n++
		p.place = fmt.Sprintf("%s:%d", name, n)
		if text := strings.TrimSpace(scanner.Text()); text != "" && text[0] != '#' {
			line(text)
		}
		if len(p.errs) >= maxErrors {
			p.fail("too many errors; reading stops here")
			return
		}
		if len(p.topology.Vertices) > maxVertices || p.edges > maxEdges {
			p.fail("at most %d vertices and %d edges are read: %w", maxVertices, maxEdges, readfile.ErrLimit)
			return
		}
	}
	if err := scanner.Err(); err != nil {
		p.place = fmt.Sprintf("%s:%d", name, n+1)
		p.fail("%w", err)
	}
}

// node reads index;name;memory_bytes;cpu_millis;arch;type;model.
func (p *parser) node(text string) {
	f := strings.Split(text, ";")
	if len(f) != 7 {
		p.fail("%s; a node is index;name;memory_bytes;cpu_millis;arch;type;model", printable.Count(len(f), "field"))
		return
	}
	memory, ok1 := p.parseCount("memory_bytes", f[2], math.MaxInt64)
	cpu, ok2 := p.parseCount("cpu_millis", f[3], math.MaxInt64/1_000_000)
	if p.index(f[0]) && ok1 && ok2 {
		p.add(topology.Vertex{
			Name: f[1], Kind: topology.Host, Memory: units.ByteSize(memory), CPU: cpu,
			Arch: f[4], Type: f[5], Model: f[6],
		})
	}
}

// link reads index;capacity_mbps;name;type.
func (p *parser) link(text string) {
	f := strings.Split(text, ";")
	if len(f) != 4 {
		p.fail("%s; a link is index;capacity_mbps;name;type", printable.Count(len(f), "field"))
		return
	}
	rate, err := units.ParseBitRate(f[1] + "Mbps")
	if err != nil || rate <= 0 || strings.ContainsAny(f[1], " \t") {
		p.fail("the capacity %q is not a positive number of Mbps", f[1])
		return
	}
	kind := slices.Index(linkTypes, f[3])
	if kind < 0 {
		p.fail("the link type %q is unknown; write one of %s", f[3], strings.Join(linkTypes, ", "))
		return
	}
	v := topology.Vertex{Name: f[2], Kind: topology.Link, LinkType: topology.LinkType(kind)}
	v.Shape[0].Rate = rate
	if v.LinkType == topology.Duplex {
		v.Shape[1].Rate = rate
	}
	if p.index(f[0]) {
		p.add(v)
	}
}

// linkTypes are the words of the format, at the index of the topology's type.
var linkTypes = []string{
	topology.Duplex:   "node",
	topology.Shared:   "shared",
	topology.Uplink:   "uplink",
	topology.Downlink: "downlink",
}

// edge reads vertex neighbour neighbour ...
func (p *parser) edge(text string) {
	names := strings.Fields(text)
	if p.edges += len(names); p.edges > maxEdges {
		return
	}
	ids := make([]topology.ID, len(names))
	for i, name := range names {
		id, known := p.topology.Lookup(name)
		if !known {
			id, known = p.add(transparent(name))
		}
		if !known {
			return
		}
		ids[i] = id
	}
	if p.listed == nil {
		p.listed = map[topology.ID]string{}
	}
	if where, twice := p.listed[ids[0]]; twice {
		p.fail("the neighbours of %s are given already at %s; list them on one line", names[0], where)
		return
	}
	p.listed[ids[0]] = p.place
	p.topology.EdgeOrder = append(p.topology.EdgeOrder, ids[0])
	seen := make(map[topology.ID]bool, len(ids))
	for i, id := range ids[1:] {
		switch {
		case id == ids[0]:
			p.fail("%s is its own neighbour; remove it", names[0])
		case seen[id]:
			p.fail("the neighbour %s of %s is given twice; remove one", names[i+1], names[0])
		default:
			seen[id] = true
			p.topology.Connect(ids[0], id, 0)
		}
	}
}

// transparent is a vertex that is in the adjacency only.
func transparent(name string) topology.Vertex {
	if strings.HasPrefix(name, "internet_") {
		return topology.Vertex{Name: name, Kind: topology.Exchange}
	}
	return topology.Vertex{Name: name, Kind: topology.Switch}
}

// complete checks what needs the whole graph: hosts and links that no edge names, and what Validate finds.
func (p *parser) complete(prefix string) {
	p.place = prefix + ".edges"
	mentioned := make([]bool, len(p.topology.Vertices))
	for v, edges := range p.topology.Adjacency {
		mentioned[v] = mentioned[v] || len(edges) > 0
		for _, e := range edges {
			mentioned[e.To] = true
		}
	}
	for v, ok := range mentioned {
		if vertex := &p.topology.Vertices[v]; !ok {
			p.fail("%s %s has no edge; add a line with its neighbours, or remove it from the other files",
				vertex.Kind, vertex.Name)
		}
	}
	if len(p.errs) > 0 {
		return
	}
	for _, err := range p.topology.Validate() {
		var name *topology.NameError
		if errors.As(err, &name) && name.Place != "" {
			p.errs = append(p.errs, err) // it knows its own line
			continue
		}
		p.fail("%w", err)
	}
}

// index checks that a line begins with a number; nothing refers to it, for the order of lines counts.
func (p *parser) index(s string) bool {
	_, ok := p.parseCount("index", s, math.MaxInt32)
	return ok
}

func (p *parser) parseCount(what, s string, most int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > most {
		p.fail("the %s %q is not a whole number from 0 to %d", what, s, most)
		return 0, false
	}
	return n, true
}

// add adds a vertex; the format's separators cannot be part of a name.
func (p *parser) add(v topology.Vertex) (topology.ID, bool) {
	if strings.ContainsAny(v.Name, "; \t") {
		p.fail("the name %q contains a separator", v.Name)
		return 0, false
	}
	if other, twice := p.topology.Lookup(v.Name); twice {
		p.fail("the name %q is given twice, at %s first; every node and link needs a name of its own",
			v.Name, p.topology.Place(other))
		return 0, false
	}
	id, err := p.topology.Add(v)
	if err != nil {
		p.fail("%w", err)
		return 0, false
	}
	p.topology.SetPlace(id, p.place)
	return id, true
}
