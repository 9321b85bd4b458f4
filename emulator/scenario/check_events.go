package scenario

import (
	"fmt"
	"slices"

	"testbed/emulator/topology"
)

func eventPath(i int) string { return fmt.Sprintf("events[%d]", i) }

// checkEvent finds what is wrong with an event by itself. It adds nothing to an error of its keys.
func (d *decoder) checkEvent(e *Event, path string) {
	if d.failed(path) {
		return
	}
	subject := len(e.Link)+len(e.Node) > 0
	alone := func(key string) {
		if e.Window() {
			d.failAt(join(path, key), "write at instead of from and to", "%s ends nothing and has no meaning in a window", key)
		}
	}
	needs := func(key, direction string) {
		if !subject {
			d.failAt(join(path, key), "add link or node", "it is not said what is to go %s", direction)
		}
	}
	if e.Window() && *e.To <= *e.From {
		d.failAt(join(path, "to"), fmt.Sprintf("write a time after %v", *e.From),
			"it ends at %v, no later than it begins", *e.To)
	}
	d.checkDrain(e, join(path, "drain"))
	switch {
	case e.Set != nil && e.Set.IsZero():
		d.failAt(join(path, "set"), "write a property such as {rate: 10Mbps}", "it sets nothing")
	case e.Reset:
		alone("reset")
	case e.Up:
		alone("up")
		needs("up", "up")
	case e.Down:
		needs("down", "down")
	case e.Flap != nil:
		needs("flap", "down")
		d.checkFlap(e, join(path, "flap"))
	case e.Migrate != nil && subject:
		d.failAt(join(path, "migrate"), "remove link or node: migrate names a function and a client",
			"a move happens to no link or node")
	case e.Attach != nil && subject:
		d.failAt(join(path, "attach"), "remove link or node: attach names a host", "it happens to no other link or node")
	case len(e.Partition) > 0 && subject:
		key := "node"
		if len(e.Link) > 0 {
			key = "link"
		}
		d.failAt(join(path, key), "remove it: partition names hosts", "a partition happens to no single link or node")
	}
}

func (d *decoder) checkFlap(e *Event, path string) {
	switch {
	case !e.Window():
		d.failAt(path, "write from and to instead of at", "it is not said when the flapping ends")
	case e.Flap.Down >= e.Flap.Period:
		d.failAt(join(path, "down"), fmt.Sprintf("write less than %v", e.Flap.Period),
			"it is down for %v of a period of %v, and would never come up", e.Flap.Down, e.Flap.Period)
	}
}

// checkEventNames holds an event's names against what there is.
func (d *decoder) checkEventNames(e *Event, path string, n vocabulary) {
	d.checkNameList(e.Link, join(path, "link"), func(name, here string) {
		kind, ok := n.links[name]
		switch _, node := n.nodes[name]; {
		case ok && e.Set != nil:
			d.checkDirections(join(path, "set"), kind)
		case ok:
		case node:
			d.failAt(here, "write node: "+name, "%s is a node, not a link", name)
		case d.uncertain("links", name):
		default:
			d.failAt(here, suggest(name, keys(n.links)), "there is no link %q", name)
		}
	})
	d.checkNameList(e.Node, join(path, "node"), func(name, here string) {
		if _, ok := n.nodes[name]; ok || d.uncertain("nodes", name) {
			return
		}
		if _, link := n.links[name]; link {
			d.failAt(here, "write link: "+name, "%s is a link, not a node", name)
			return
		}
		d.failAt(here, suggest(name, keys(n.nodes)), "there is no node %q", name)
	})
	if len(e.Partition) > 0 {
		d.checkPartition(e.Partition, join(path, "partition"), n)
	}
}

// checkNameList calls check for every name with its place, and refuses names given twice. A list of one
// name is at the place of that name where the file has no list.
func (d *decoder) checkNameList(list []string, path string, check func(name, here string)) {
	for i, name := range list {
		here := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case name == "" || d.failed(here):
		case slices.Index(list, name) < i:
			d.failAt(here, "name each once", "%s is listed twice", name)
		default:
			check(name, here)
		}
	}
}

func (d *decoder) checkPartition(groups [][]string, path string, n vocabulary) {
	if d.failed(path) {
		return
	}
	stations := map[string]bool{}
	for _, v := range n.hosts {
		stations[v.Name] = true
	}
	seen := map[string]bool{}
	for i, group := range groups {
		for k, name := range group {
			here := fmt.Sprintf("%s[%d][%d]", path, i, k)
			switch _, node := n.nodes[name]; {
			case stations[name] && seen[name]:
				d.failAt(here, "name each host in one group", "%s is listed twice", name)
			case stations[name]:
			case node:
				d.failAt(here, "name the hosts on one side of it", "%s is not a host, and hosts are what is separated", name)
			case d.uncertain("nodes", name):
			default:
				d.failAt(here, suggest(name, keys(stations)), "there is no host %q", name)
			}
			seen[name] = true
		}
	}
	if len(groups) == 1 && len(seen) == len(stations) && !d.failed(path) {
		d.failAt(path, "write two groups, or leave hosts out", "all hosts are in one group, and nothing is separated")
	}
}

// checkEventShapes applies what events set to the links as they are, to find properties that do not go
// together: a packet cannot arrive before it was sent. Where several events set a link's delay or jitter, it
// depends on which are in force together, which events.Compile works out.
func (d *decoder) checkEventShapes(f *File, t *topology.Topology) {
	varied := map[string]int{}
	for i := range f.Events {
		if e := &f.Events[i]; e.Set != nil && e.Set.varies() {
			for _, name := range e.Link {
				varied[name]++
			}
		}
	}
	scratch := *t
	for i, e := range f.Events {
		path := eventPath(i)
		if e.Set == nil || !e.Set.varies() || d.failed(path) {
			continue
		}
		for _, name := range e.Link {
			id, ok := t.Lookup(name)
			if !ok || t.Vertices[id].Kind != topology.Link || varied[name] > 1 || d.failed(path) {
				continue
			}
			scratch.Vertices = slices.Clone(t.Vertices)
			e.Set.apply(&scratch.Vertices[id])
			for _, err := range scratch.CheckJitter([]topology.ID{id}) {
				d.failAt(join(path, "set"), "write a jitter of at most the delay",
					"%s would have a jitter of %v, larger than its delay of %v", name, err.Jitter, err.Delay)
			}
		}
	}
}
