package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/topology"
)

// checkWrittenNames holds names against the nodes and links written out, where no graph can be built.
func (d *decoder) checkWrittenNames(f *File) {
	if len(f.Topology.Nodes) == 0 || len(f.Topology.Links) == 0 && len(f.Topology.Nodes) > 1 {
		return
	}
	n := newVocabulary()
	for _, node := range f.Topology.Nodes {
		n.node(&topology.Vertex{Name: node.Name, Class: node.Class, Model: node.Model, Kind: node.kind()})
	}
	if f.Cloud != nil {
		n.node(&topology.Vertex{Name: "cloud", Class: topology.CloudClass, Kind: topology.Cloud})
	}
	for i := range f.Topology.Links {
		l := &f.Topology.Links[i]
		n.links[l.Name] = l.kind()
		n.classes[l.Class] = append(n.classes[l.Class], l.kind())
	}
	if c := f.Cloud; c != nil {
		n.classes[topology.CloudClass] = []topology.LinkType{topology.Duplex}
		if c.At != "hosts" {
			n.links["cloud_up"], n.links["cloud_down"] = topology.Uplink, topology.Downlink
		} else {
			for _, node := range f.Topology.Nodes {
				n.links["cloud_"+node.Name] = topology.Duplex
			}
		}
	}
	d.checkNames(f, n)
}

// checkGraph builds the topology and checks what needs it.
func (d *decoder) checkGraph(s *Scenario) {
	if !d.checkCloud(s) {
		return
	}
	t, err := s.graph()
	if err != nil {
		for _, one := range Flatten(err) {
			d.failAt("topology", "change its parameters", "%v", one)
		}
		return
	}
	n := newVocabulary()
	for id := range t.Vertices {
		v := &t.Vertices[id]
		if v.Kind != topology.Link {
			n.node(v)
			continue
		}
		n.links[v.Name] = v.LinkType
		n.classes[v.Class] = append(n.classes[v.Class], v.LinkType)
	}
	d.checkNames(&s.File, n)
	d.checkReference(s, t)
	d.checkShapes(&s.File, t)
	d.checkEventShapes(&s.File, t)
	if len(s.File.Topology.Nodes) > 0 {
		d.checkPaths(t)
		return
	}
	for _, err := range t.Validate() {
		d.invalid(s, t, err)
	}
}

// invalid reports what is wrong with a topology that was synthesized or read.
func (d *decoder) invalid(s *Scenario, t *topology.Topology, err error) {
	var name *topology.NameError
	switch {
	case !errors.As(err, &name):
		d.failAt("topology", "change its parameters", "%v", err)
	case t.Vertices[name.ID].Kind == topology.Cloud:
		d.failAt("cloud", name.Remedy, "%s: %s", name.Name, name.Problem)
	case s.File.Topology.Imported != nil:
		d.failAt("topology.import", "change it there", "%v", err)
	case s.File.Topology.Import.Path != "":
		d.failAt(join("topology", s.File.Topology.Import.Format), "change it there", "%v", err)
	default:
		d.failAt("topology", "change its parameters", "%v", err)
	}
}

func (d *decoder) checkCloud(s *Scenario) bool {
	if s.Cloud == nil || s.Cloud.At == "hosts" {
		return true
	}
	t, err := s.edgeNetwork()
	if err != nil {
		d.failAt("topology", "change its parameters", "%v", errors.Join(Flatten(err)...))
		return false
	}
	var forwarding []string
	for _, v := range t.Vertices {
		if v.Kind == topology.Switch || v.Kind == topology.Exchange {
			forwarding = append(forwarding, v.Name)
		}
	}
	if slices.Contains(forwarding, s.Cloud.At) {
		return true
	}
	d.failAt("cloud.at", suggest(s.Cloud.At, append(forwarding, "hosts")), "there is no switch or exchange %q", s.Cloud.At)
	return false
}

// vocabulary is what names in the file can refer to.
type vocabulary struct {
	hosts   []*topology.Vertex // and the cloud
	clients []string           // names, classes and models of hosts: what can issue jobs, or execute functions
	nodes   map[string]topology.Kind
	links   map[string]topology.LinkType
	classes map[string][]topology.LinkType
}

func newVocabulary() vocabulary {
	return vocabulary{
		nodes: map[string]topology.Kind{}, links: map[string]topology.LinkType{},
		classes: map[string][]topology.LinkType{},
	}
}

// node adds a host, a switch, an exchange or the cloud.
func (n *vocabulary) node(v *topology.Vertex) {
	n.nodes[v.Name] = v.Kind
	if v.Kind.Attached() {
		n.hosts = append(n.hosts, v)
	}
	if v.Kind == topology.Host {
		n.clients = append(n.clients, v.Name, v.Class, v.Model)
	}
}

// issuer says whether a client's name, model or class is that of a host with an agent.
func (n *vocabulary) issuer(f *File, client string) bool {
	return slices.ContainsFunc(n.hosts, func(v *topology.Vertex) bool {
		_, agent := f.imageOf(v)
		return agent && v.Kind == topology.Host && matches(v, client)
	})
}

// uncertain says whether a name that nothing seems to have may be that of something in a section with errors,
// or of the cloud: then these are to be mended first.
func (d *decoder) uncertain(section, name string) bool {
	return d.failed("topology."+section) || strings.HasPrefix(name, "cloud") && d.failed("cloud")
}

func (d *decoder) checkNames(f *File, n vocabulary) {
	d.checkImages(f, n)
	d.checkMachines(f, n)
	d.checkRouting(f, n)
	d.checkRepositories(f, n)
	for i := range f.Events {
		d.checkEventNames(&f.Events[i], eventPath(i), n)
		d.checkDrainNames(f, &f.Events[i], eventPath(i), n)
		if a := f.Events[i].Attach; a != nil {
			d.checkAttach(a, join(eventPath(i), "attach"), n)
		}
		if m := f.Events[i].Migrate; m != nil {
			d.checkMigrate(f, m, join(eventPath(i), "migrate"), n)
		}
	}
	n.clients = slices.DeleteFunc(n.clients, func(s string) bool { return s == "" })
	_, listed := d.where["workload.clients"]
	clients := f.Workload.Clients
	if listed {
		d.checkHosts("workload.clients", clients, n)
	}
	d.checkHosts("placement.hosts", f.Placement.Hosts, n)
	named := d.checkJobNames(&f.Workload, n)
	// Where no host has an agent at all, checkImages has said so.
	issuer := func(c string) bool { return n.issuer(f, c) }
	if len(clients) > 0 && !listed && !named && !d.failed("topology.nodes") && !slices.ContainsFunc(clients, issuer) {
		d.failAt("workload", "add workload.clients",
			"no host with an agent is of a model that issues jobs by default, %s", strings.Join(clients, " or "))
	}
	for _, o := range f.Classes {
		here := join("classes", o.Name)
		if types, ok := n.classes[o.Name]; ok {
			for _, kind := range slices.Compact(types) {
				// A class may hold both an uplink and a downlink, each of which takes its own direction.
				if kind == topology.Shared {
					d.checkDirections(here, kind)
				}
			}
			continue
		}
		if d.uncertain("links", o.Name) {
			continue
		}
		d.failAt(here, suggest(o.Name, keys(n.classes)), "no link is of the class %q", o.Name)
	}
	for _, o := range f.Overrides {
		here := join("overrides", o.Name)
		if kind, ok := n.links[o.Name]; ok {
			d.checkDirections(here, kind)
			continue
		}
		if d.uncertain("links", o.Name) {
			continue
		}
		d.failAt(here, suggest(o.Name, keys(n.links)), "there is no link %q", o.Name)
	}
}

// checkHosts holds a list against the names, models and classes of hosts.
func (d *decoder) checkHosts(path string, list []string, n vocabulary) {
	for i, name := range list {
		d.checkHost(fmt.Sprintf("%s[%d]", path, i), name, n)
	}
}

// checkHost holds a name against the names, models and classes of hosts.
func (d *decoder) checkHost(path, name string, n vocabulary) {
	if name != "" && !slices.Contains(n.clients, name) && !d.uncertain("nodes", name) {
		known := slices.Compact(slices.Sorted(slices.Values(n.clients)))
		d.failAt(path, suggest(name, known), "there is no host of the name, model or class %q", name)
	}
}

func keys[T any](m map[string]T) []string {
	var all []string
	for k := range m {
		if k != "" {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}
