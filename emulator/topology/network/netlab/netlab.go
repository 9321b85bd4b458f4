// Package netlab reads the lab topologies of netlab (YAML) with the impairments of their links, tc.
package netlab

import (
	"cmp"
	"strconv"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
	"testbed/emulator/units"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "netlab", About: "a lab topology of netlab, with tc.delay, tc.rate and so on of its links",
			Brief: "netlab's YAML",
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

var (
	nodes = lazy.Regexp(`(?m)^nodes:`)
	links = lazy.Regexp(`(?m)^links:`)
)

// Detect says whether a file begins as a lab topology does.
func Detect(head []byte) bool { return nodes().Match(head) && links().Match(head) }

// Parse reads a lab topology. Nodes of the device linux, or of the role host, are hosts; all others forward. A link of
// more than two nodes is a bridge.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.YAML(text)
	if err != nil {
		return nil, err
	}
	list := root.Get("nodes")
	if !list.Is(tree.List) && !list.Is(tree.Map) {
		return nil, network.Failf(root.Line, "this is not a lab topology of netlab: there are no nodes")
	}
	p := &parser{graph: &network.Graph{Name: root.Get("name").String(), Unshaped: true}, known: map[string]bool{}}
	device := cmp.Or(root.Get("defaults").Get("device").String(), root.Get("defaults.device").String())
	for _, item := range list.Items {
		if item.Is(tree.Scalar) {
			p.node(item.Text, &tree.Value{Line: item.Line}, device)
		} else {
			p.node(item.Get("name").String(), item, device)
		}
	}
	for _, k := range list.Keys {
		v := k.Value
		if !v.Is(tree.Map) {
			v = &tree.Value{}
		}
		v.Line = k.Line
		p.node(k.Name, v, device)
	}
	p.links(root.Get("links"))
	p.untaken.Keys("the lab", root, "name", "nodes", "links", "defaults", "defaults.device")
	p.untaken.Keys("the lab's defaults", root.Get("defaults"), "device")
	p.graph.Notes = append(p.graph.Notes, p.untaken.Notes()...)
	return p.graph, p.errs.Join()
}

type parser struct {
	graph   *network.Graph
	known   map[string]bool // nodes
	errs    network.Errors
	untaken network.Untaken
}

func (p *parser) node(name string, v *tree.Value, device string) {
	n := network.Node{ID: name, Line: max(1, v.Line), Kind: topology.Switch, Image: v.Get("image").String()}
	if own := v.Get("device").String(); own != "" {
		device = own
	}
	if role := v.Get("role").String(); role == "host" || device == "linux" && role != "router" && role != "bridge" {
		n.Kind = topology.Host
	}
	p.untaken.Keys(network.Nodes, v, "name", "device", "role", "image")
	p.known[name] = true
	p.graph.Nodes = append(p.graph.Nodes, n)
}

// links reads a list of links, or a mapping of such lists.
func (p *parser) links(v *tree.Value) {
	if v == nil {
		return
	}
	for _, item := range v.Items {
		p.link(item, "", network.Shape{})
	}
	for _, k := range v.Keys {
		p.links(k.Value)
	}
}

// side is where a link meets a node, with the impairments of what leaves that way.
type side struct {
	node string
	port string
	tc   *tree.Value
	at   *tree.Value // in which tc.delay and so on may stand
}

// link reads one link, a-b, [a, b], {a: {}, b: {}, tc: {}} or {interfaces: [...], tc: {}}, or a group of them,
// {group: g, members: [...], tc: {}}. What a group says, its kind of links and their shape, is what its members begin
// with.
func (p *parser) link(v *tree.Value, kind string, shape network.Shape) {
	kind = cmp.Or(v.Get("type").String(), kind)
	p.errs.Add(impair(&shape, v.Get("tc"), v))
	if members := v.Get("members"); members.Is(tree.List) {
		p.untakenOf("groups of links", v, "group", "members", "type")
		for _, m := range members.Items {
			p.link(m, kind, shape)
		}
		return
	}
	var sides []side
	switch {
	case v.Is(tree.Scalar):
		for _, name := range p.split(v.Text) {
			sides = append(sides, side{node: name})
		}
	case v.Is(tree.List):
		for _, item := range v.Items {
			sides = append(sides, p.side(item))
		}
	case v.Is(tree.Map):
		list := v.Get("interfaces")
		if list.Is(tree.List) {
			for _, item := range list.Items {
				sides = append(sides, p.side(item))
			}
		}
		known := []string{"interfaces", "type", "name", "bridge"}
		for _, k := range v.Keys {
			switch end := k.Value; {
			case list != nil:
			case p.known[k.Name]:
				known = append(known, k.Name)
				sides = append(sides, side{node: k.Name, port: end.Get("ifname").String(), tc: end.Get("tc"), at: end})
			case end.Is(tree.Null) || end.Get("ifname") != nil || end.Get("tc") != nil: // no attribute of links
				p.errs.Add(network.Failf(k.Line, "there is no node %s; declare it in nodes or, if it is an attribute, give it "+
					"a value", network.Shown(k.Name)))
			}
		}
		p.untakenOf(network.Links, v, known...)
	}
	shapes := make([]network.Shape, len(sides))
	for i, s := range sides {
		if s.at != nil {
			p.untakenOf("links' ends", s.at, "node", "ifname")
		}
		shapes[i] = shape
		p.errs.Add(impair(&shapes[i], s.tc, s.at))
	}
	p.connect(v, kind, sides, shapes)
}

// untakenOf tells of the keys of a link, or of one of its ends, that are not read; known are those that are beside tc.
func (p *parser) untakenOf(of string, v *tree.Value, known ...string) {
	for _, name := range impairments {
		known = append(known, "tc."+name)
	}
	p.untaken.Keys(of, v, append(known, "tc")...)
	if tc := v.Get("tc"); tc.Is(tree.Map) {
		p.untaken.Keys(of+"' tc", tc, impairments...)
	}
}

// impairments are the keys of tc.
var impairments = []string{"delay", "jitter", "loss", "corrupt", "duplicate", "reorder", "rate"}

func (p *parser) side(v *tree.Value) side {
	if v.Is(tree.Scalar) {
		return side{node: v.Text}
	}
	return side{node: v.Get("node").String(), port: v.Get("ifname").String(), tc: v.Get("tc"), at: v}
}

// maxParts bounds the work on a link that is written as its nodes' names.
const maxParts = 64

// split cuts a-b into names of nodes, which may have hyphens themselves.
func (p *parser) split(text string) []string {
	parts := strings.Split(text, "-")
	if len(parts) > maxParts {
		return []string{text}
	}
	var names []string
	for begin := 0; begin < len(parts); {
		end := len(parts)
		for end > begin+1 && !p.known[strings.Join(parts[begin:end], "-")] {
			end--
		}
		names = append(names, strings.Join(parts[begin:end], "-"))
		begin = end
	}
	return names
}

// connect adds a link of two nodes or, of a LAN or of several, a bridge with a link to each.
func (p *parser) connect(v *tree.Value, kind string, sides []side, shapes []network.Shape) {
	if len(sides) == 2 && kind != "lan" {
		p.graph.Links = append(p.graph.Links, network.Link{Line: v.Line, Name: v.Get("name").String(),
			Ends:  []network.End{{Node: sides[0].node, Port: sides[0].port}, {Node: sides[1].node, Port: sides[1].port}},
			Shape: [2]network.Shape{shapes[0], shapes[1]}})
		return
	}
	switch {
	case len(sides) == 0 || len(sides) == 1 && !p.known[sides[0].node]:
		p.errs.Add(network.Failf(v.Line, "the link names no node that is declared; name those that it connects"))
		return
	case len(sides) == 1:
		p.graph.Notes = append(p.graph.Notes, "left out: the link of line "+strconv.Itoa(v.Line)+", a stub")
		return
	}
	bridge := cmp.Or(v.Get("bridge").String(), "lan-line-"+strconv.Itoa(v.Line))
	for p.known[bridge] {
		bridge += "-" + strconv.Itoa(len(p.graph.Nodes))
	}
	p.node(bridge, &tree.Value{Line: v.Line}, "")
	for i, s := range sides {
		p.graph.Links = append(p.graph.Links, network.Link{Line: v.Line,
			Ends: []network.End{{Node: s.node, Port: s.port}, {Node: bridge}}, Shape: [2]network.Shape{shapes[i], {}}})
	}
}

// impair reads tc: delay and jitter in ms or with their units, loss, corrupt, duplicate and reorder in percent, rate in
// kbit/s. Its keys may stand in a mapping, or each alone as tc.delay.
func impair(s *network.Shape, tc, at *tree.Value) error {
	var errs network.Errors
	read := func(name string, has *bool, parse func(text string) error) {
		v := tc.Get(name)
		if v == nil {
			v = at.Get("tc." + name)
		}
		if v.String() == "" {
			return
		}
		*has = true
		if err := parse(v.Text); err != nil {
			errs.Add(network.Failf(v.Line, "tc.%s: %w", name, err))
		}
	}
	read("delay", &s.HasDelay, network.Quantity(&s.Delay, network.Milliseconds))
	read("jitter", &s.HasJitter, network.Quantity(&s.Jitter, network.Milliseconds))
	read("loss", &s.HasLoss, network.Quantity(&s.Loss, network.Percent))
	read("corrupt", &s.HasCorrupt, network.Quantity(&s.Corrupt, network.Percent))
	read("duplicate", &s.HasDuplicate, network.Quantity(&s.Duplicate, network.Percent))
	read("reorder", &s.HasReorder, network.Quantity(&s.Reorder, network.Percent))
	read("rate", &s.HasRate, func(text string) (err error) {
		s.Rate, err = network.RateIn(text, units.Kbps)
		return err
	})
	return errs.Join()
}
