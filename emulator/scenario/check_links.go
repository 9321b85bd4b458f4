package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

func (d *decoder) checkLinks(f *File) {
	known := make([]string, len(f.Topology.Nodes))
	taken := map[string]bool{} // names of nodes and of links so far
	for k, n := range f.Topology.Nodes {
		known[k] = n.Name
		taken[n.Name] = true
	}
	nodes := maps.Clone(taken)
	for i := range f.Topology.Links {
		d.checkLink(&f.Topology.Links[i], fmt.Sprintf("topology.links[%d]", i), known, nodes)
		d.checkLinkName(&f.Topology.Links[i], fmt.Sprintf("topology.links[%d]", i), taken)
	}
}

// checkLink holds a link against the nodes, known in their order.
func (d *decoder) checkLink(l *Link, path string, known []string, nodes map[string]bool) {
	for k, end := range l.Endpoints {
		here := fmt.Sprintf("%s.endpoints[%d]", path, k)
		switch {
		case end == "" || len(known) == 0 || d.failed(here):
		case !nodes[end]:
			d.failAt(here, suggest(end, known), "there is no node %q", end)
		case slices.Index(l.Endpoints, end) < k:
			d.failAt(here, "name each node once", "the node %s is an endpoint twice", end)
		}
	}
	typed := !d.failed(path + ".type")
	if typed && l.Type != "shared" && len(l.Endpoints) > 2 {
		d.failAt(path+".endpoints", "write two, or type: shared",
			"a link of type %s has %s", l.Type, printable.Count(len(l.Endpoints), "endpoint"))
	}
	if typed {
		d.checkDirections(path, l.kind())
	}
}

// checkShapes holds each link's jitter against its delay, whoever gave them, and reports the last that gave one.
func (d *decoder) checkShapes(f *File, t *topology.Topology) {
	for _, err := range t.CheckJitter(nil) {
		id, _ := t.Lookup(err.Link)
		class := t.Vertices[id].Class
		path := ""
		if i := slices.IndexFunc(f.Classes, func(o Override) bool { return o.Name == class && o.varies() }); i >= 0 {
			path = join("classes", class)
		}
		if i := slices.IndexFunc(f.Topology.Links, func(l Link) bool { return l.Name == err.Link && l.varies() }); i >= 0 {
			path = fmt.Sprintf("topology.links[%d]", i)
		}
		if i := slices.IndexFunc(f.Overrides, func(o Override) bool { return o.Name == err.Link && o.varies() }); i >= 0 {
			path = join("overrides", err.Link)
		}
		if d.failed(path) {
			continue
		}
		of := ""
		if strings.HasPrefix(path, "classes") {
			of = " of " + err.Link
		}
		key, remedy := d.given(path, "jitter", "delay", "rtt"), "write at most the delay, and give a delay"
		if key != "jitter" {
			remedy = "write at least the jitter"
		}
		d.failAt(join(path, key), remedy,
			"the jitter of %v is larger than the delay of %v%s", err.Jitter, err.Delay, of)
	}
}

// checkLinkName holds a link's name against those that are taken, and adds it to them.
func (d *decoder) checkLinkName(l *Link, path string, taken map[string]bool) {
	name := l.Name
	if name == "" && d.failed(path) {
		return // what it would be called is not known
	}
	if name == "" && len(l.Endpoints) != 2 {
		d.failAt(path, "add name", "a link of %d endpoints needs a name", len(l.Endpoints))
		return
	}
	if name == "" {
		name = strings.Join(l.Endpoints, "-")
	}
	if taken[name] {
		d.failAt(path+".name", "add a name of its own", "the name %q is taken", name)
	}
	taken[name] = true
}

// checkDirections refuses up and down where a link has one queue only.
func (d *decoder) checkDirections(path string, kind topology.LinkType) {
	no := map[topology.LinkType][]string{
		topology.Shared: {"up", "down"}, topology.Uplink: {"down"}, topology.Downlink: {"up"},
	}[kind]
	for _, key := range append(slices.Clone(propertyKeys), "trace", "delays") {
		for _, direction := range no {
			here := join(join(path, key), direction)
			if _, given := d.where[here]; given {
				d.failAt(here, "write one value", "a link of type %s has one queue", kind)
			}
		}
	}
	if here := join(path, "rtt"); kind == topology.Uplink || kind == topology.Downlink {
		if _, given := d.where[here]; given {
			d.failAt(here, "write delay", "a link of type %s has one direction", kind)
		}
	}
}
