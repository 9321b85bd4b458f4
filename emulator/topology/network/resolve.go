package network

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

// Resolve makes a network of a graph. It fails, with all that is wrong, where the graph is none, a rate or delay is
// missing that no default stands in for, or no host is there; errors name lines of the file.
func (g *Graph) Resolve(o Options) (*Network, error) {
	g, err := g.only(o.Only)
	if err != nil {
		return nil, err
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	if s := o.stretch(); !(s >= 1 && s <= 10) {
		return nil, fmt.Errorf("a stretch of %v is not one from 1 to 10", s)
	}
	r := &resolver{graph: g, options: &o, names: namer{}, byID: map[string]int{}, index: map[string]int{}}
	r.network.Name = g.Name
	r.network.Notes = slices.Clone(g.Notes)
	r.take()
	for i := range g.Links {
		r.link(&g.Links[i])
	}
	r.attach(o.Hosts, "h")
	r.attach(o.Servers, "server")
	if len(r.errs) == 0 && r.network.Hosts() == 0 {
		r.errs.Add(errors.New("there is no host: say how many to attach, as with hosts: {per-node: 1}"))
	}
	if len(r.errs) == 0 {
		r.errs.Add(r.connected())
	}
	if len(r.errs) == 0 {
		r.errs.Add(r.complete())
	}
	if err := r.errs.Join(); err != nil {
		return nil, err
	}
	r.summarize()
	return &r.network, nil
}

type resolver struct {
	graph   *Graph
	options *Options
	network Network
	names   namer
	byID    map[string]int // of the graph's nodes that were taken: their indices in the network
	index   map[string]int // of the network's nodes, by name
	parts   []int          // of the graph's nodes: which part they are in
	derived int            // delays that were derived
	errs    Errors
}

// take names the nodes that are taken.
func (r *resolver) take() {
	g := r.graph
	var sizes []int
	r.parts, sizes = g.components()
	largest := slices.Index(sizes, slices.Max(sizes))
	left := 0
	for i := range g.Nodes {
		if r.options.Component == LargestComponent && r.parts[i] != largest {
			left++
			continue
		}
		r.node(&g.Nodes[i])
	}
	if left > 0 {
		r.note("left out: %s in %s without a link to the largest, which has %s", printable.Count(left, "node"),
			printable.Count(len(sizes)-1, "part"), printable.Count(sizes[largest], "node"))
	}
}

func (r *resolver) note(format string, args ...any) {
	r.network.Notes = append(r.network.Notes, fmt.Sprintf(format, args...))
}

// node adds a node of the graph.
func (r *resolver) node(n *Node) {
	label := cmp.Or(n.Label, n.ID)
	m := Made{
		Label: n.Label, ID: n.ID, Line: n.Line,
		Kind: n.Kind, Class: group(n.Class), Model: group(cmp.Or(n.Model, n.Class)), Arch: group(n.Arch), Place: n.Place,
	}
	if m.Kind == topology.Cloud {
		m.Kind, m.Class = topology.Host, cmp.Or(m.Class, topology.CloudClass)
		r.note("%s is a host here: for models that keep state in the cloud, remove it and give the scenario a cloud",
			Shown(label))
	}
	m.Name = r.names.fit(label, "node", m.Kind)
	if m.Name != label {
		m.Note = "in the file " + Shown(label)
	}
	if m.Kind == topology.Host {
		m.Memory, m.CPU = cmp.Or(n.Memory, defaultMemory), cmp.Or(n.CPU, defaultCPU)
		if r.options.Images && runnable().MatchString(n.Image) {
			m.Image = n.Image
		}
	} else {
		m.Class, m.Model, m.Arch = "", "", ""
	}
	if n.Image != "" && m.Image == "" {
		m.Note = strings.TrimPrefix(m.Note+"; image "+Shown(n.Image)+" not run", "; ")
	}
	r.byID[n.ID] = r.add(m)
}

func (r *resolver) add(m Made) int {
	r.network.Nodes = append(r.network.Nodes, m)
	r.index[m.Name] = len(r.network.Nodes) - 1
	return len(r.network.Nodes) - 1
}

// link adds a link of the graph.
func (r *resolver) link(l *Link) {
	j := Joint{Line: l.Line, Type: l.Type, Class: group(l.Class), Notes: slices.Clone(l.Notes)}
	for _, e := range l.Ends {
		i, taken := r.byID[e.Node]
		if !taken {
			return // as its part was left out
		}
		name := r.network.Nodes[i].Name
		if slices.Contains(j.Ends, name) {
			r.note("left out: the link of line %d from %s to itself", l.Line, name)
			return
		}
		j.Ends = append(j.Ends, name)
		j.Ports = append(j.Ports, e.Port)
	}
	queues := 1
	if l.Type == topology.Duplex {
		queues = 2
	}
	for d := range queues {
		shape := l.Shape[d]
		if err := r.fill(&j, l, &shape, d); err != nil {
			r.errs.Add(Failf(l.Line, "the link from %s to %s: %w", j.Ends[d], j.Ends[1-d], err))
			return
		}
		j.Shape[d] = shape.Shape
	}
	if err := topology.CheckJitter(j.Shape, j.Type, 0); err != nil {
		r.errs.Add(Failf(l.Line, "the link from %s to %s: %w", j.Ends[0], j.Ends[1], err))
		return
	}
	r.name(&j, l.Name)
	j.Notes = unique(j.Notes) // both directions say the same, mostly
	r.network.Links = append(r.network.Links, j)
}

// unique are texts, each once.
func unique(all []string) []string {
	var once []string
	for _, text := range all {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

// name gives a link its own name in the file or, where it has none, that of its ends.
func (r *resolver) name(j *Joint, own string) {
	plain := strings.Join(j.Ends, "-")
	text := cmp.Or(spell(own), spell(plain), "link")
	if text == plain && !r.names.taken(plain) {
		j.Name, j.Plain = plain, len(j.Ends) == 2
		r.names.take(plain)
		return
	}
	j.Name = r.names.fit(text, "link", topology.Link)
	j.Plain = len(j.Ends) == 2 && j.Name == plain
}

// fill puts in what a direction of a link lacks: what can be derived, else the user's default.
func (r *resolver) fill(j *Joint, l *Link, s *Shape, d int) error {
	def := &r.options.Defaults[d]
	if !s.HasRate && s.Range[0] > 0 && (r.options.Ranges == RangesLow || r.options.Ranges == RangesHigh) {
		s.Rate, s.HasRate = s.Range[0], true
		if r.options.Ranges == RangesHigh {
			s.Rate = s.Range[1]
		}
		j.Notes = append(j.Notes,
			fmt.Sprintf("rate: %s of the range from %s to %s", r.options.Ranges, s.Range[0], s.Range[1]))
	}
	if !s.HasRate && def.HasRate {
		s.Rate, s.HasRate = def.Rate, true
		j.Notes = append(j.Notes, "rate: the default"+after(", as ", s.Doubt))
	}
	if !s.HasRate && (s.Doubt != "" || !r.graph.Unshaped) {
		return fmt.Errorf("it has no rate%s; give a default, as with defaults: {rate: 1Gbps}", after(": ", s.Doubt))
	}
	if !s.HasDelay && s.DelayDoubt == "" {
		s.HasDelay = r.derive(j, l, s)
	}
	if !s.HasDelay && def.HasDelay {
		s.Delay, s.HasDelay = def.Delay, true
		j.Notes = append(j.Notes, "delay: the default"+after(", as ", s.DelayDoubt))
	}
	if !s.HasDelay && (s.DelayDoubt != "" || !r.graph.Unshaped) {
		return fmt.Errorf("it has no delay%s; give a default, as with defaults: {delay: 1ms}",
			cmp.Or(after(": ", s.DelayDoubt), ", and not both of its ends have a place"))
	}
	standIn(j, "jitter", s.HasJitter, &s.Jitter, def.Jitter)
	standIn(j, "loss", s.HasLoss, &s.Loss, def.Loss)
	standIn(j, "reorder", s.HasReorder, &s.Reorder, def.Reorder)
	standIn(j, "duplicate", s.HasDuplicate, &s.Duplicate, def.Duplicate)
	standIn(j, "corrupt", s.HasCorrupt, &s.Corrupt, def.Corrupt)
	standIn(j, "queue", s.HasQueue, &s.Queue, def.Queue)
	standIn(j, "mtu", s.HasMTU, &s.MTU, def.MTU)
	return nil
}

// standIn puts a default, where there is one, in the place of what the file does not state.
func standIn[T comparable](j *Joint, name string, has bool, into *T, standard T) {
	if none := *new(T); !has && standard != none {
		*into = standard
		j.Notes = append(j.Notes, name+": the default")
	}
}

// after is a reason behind a conjunction, where there is one.
func after(conjunction, reason string) string {
	if reason == "" {
		return ""
	}
	return conjunction + reason
}

// derive makes the delay of a cable of the places of its ends: light's in a fibre along the great circle.
func (r *resolver) derive(j *Joint, l *Link, s *Shape) bool {
	if len(l.Ends) != 2 {
		return false
	}
	a, b := r.network.Nodes[r.byID[l.Ends[0].Node]].Place, r.network.Nodes[r.byID[l.Ends[1].Node]].Place
	if a == nil || b == nil {
		return false
	}
	km := a.Distance(b)
	s.Delay = Propagation(km * r.options.stretch())
	j.Notes = append(j.Notes, fmt.Sprintf("delay: derived, great circle of %.3f km", km))
	r.derived++
	return true
}

// summarize says by which rule delays were derived.
func (r *resolver) summarize() {
	if r.derived > 0 {
		r.note("derived: delays of links between nodes with places, as the great circle times %v over 2/3 of the speed "+
			"of light", r.options.stretch())
	}
}
