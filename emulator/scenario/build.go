package scenario

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
)

// Topology builds the scenario's network: what is synthesized, read or written out, with latencies, the
// cloud, and then the properties of classes and of single links. Each call builds it anew. It fails
// where files that the scenario refers to are missing or wrong.
func (s *Scenario) Topology() (*topology.Topology, error) {
	t, err := s.graph()
	if err != nil {
		return nil, s.Fault("topology", "", err)
	}
	errs := t.Validate()
	for _, err := range t.CheckJitter(nil) {
		errs = append(errs, fmt.Errorf("link %s: %w", err.Link, err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, s.Fault("topology", "", err)
	}
	return t, nil
}

// graph builds the topology without validating it.
func (s *Scenario) graph() (*topology.Topology, error) {
	t, err := s.edgeNetwork()
	if err != nil {
		return nil, err
	}
	t.Name = s.Name
	t.EdgeNetwork = len(t.Vertices)
	if c := s.Cloud; c != nil {
		if err := t.AttachCloud(c.link()); err != nil {
			return nil, err
		}
	}
	var errs []error // of traces
	layers := s.layers(t)
	for _, id := range t.Links() {
		errs = append(errs, s.lay(t, id, layers[id]))
	}
	t.ForgetTraces()
	return t, errors.Join(errs...)
}

func (c *Cloud) link() topology.CloudLink {
	link := topology.CloudLink{Delay: *c.Delay}
	if c.Rate != nil && c.Rate.Up != nil {
		link.Up = *c.Rate.Up
	}
	if c.Rate != nil && c.Rate.Down != nil {
		link.Down = *c.Rate.Down
	}
	if c.At != "hosts" {
		link.At = c.At
	}
	return link
}

// edgeNetwork is the topology without cloud and overrides.
func (s *Scenario) edgeNetwork() (*topology.Topology, error) {
	spec := &s.File.Topology
	var t *topology.Topology
	var err error
	switch {
	case len(spec.Nodes) > 0:
		return spec.written(s.Name)
	case spec.Imported != nil:
		return s.imported()
	case spec.Import.Path != "":
		var format topology.Format
		if format, err = topology.Formats.Find(s.catalogue, spec.Import.Format); err == nil {
			t, err = format.Load(s.resolvePath(spec.Import.Path))
		}
	case spec.Synth != nil:
		var synthesizer synth.Synthesizer
		if synthesizer, err = synth.Synthesizers.Find(s.catalogue, spec.Synth.Kind); err == nil {
			t, err = synthesizer.Build(&spec.Synth.Parameters, spec.Synth.Options)
		}
	default:
		err = errors.New("there is none")
	}
	if err == nil && spec.Latencies != nil && spec.Latencies.Kind == "published" {
		synth.Latencies(t, spec.Latencies.model(), *spec.Latencies.Seed)
	}
	return t, err
}

// written builds the graph of nodes and links, in the order that topology.Topology wants.
func (spec *Topology) written(name string) (*topology.Topology, error) {
	t := topology.New(name)
	var errs []error
	add := func(v topology.Vertex) topology.ID {
		id, err := t.Add(v)
		errs = append(errs, err)
		return id
	}
	for _, n := range spec.Nodes {
		if n.Kind == "host" {
			add(topology.Vertex{
				Name: n.Name, Kind: topology.Host, Class: n.Class, Model: n.Model, Arch: n.Arch, Memory: n.Memory,
				CPU: int64(n.CPU),
			})
		}
	}
	links := make([]topology.ID, len(spec.Links))
	for i, l := range spec.Links {
		links[i] = add(topology.Vertex{Name: l.Name, Kind: topology.Link, Class: l.Class, LinkType: l.kind()})
	}
	for _, n := range spec.Nodes {
		switch n.Kind {
		case "switch":
			add(topology.Vertex{Name: n.Name, Kind: topology.Switch})
		case "exchange":
			add(topology.Vertex{Name: n.Name, Kind: topology.Exchange})
		}
	}
	for i, l := range spec.Links {
		errs = append(errs, t.JoinEnds(links[i], l.Endpoints))
	}
	return t, errors.Join(errs...)
}

func (n *Node) kind() topology.Kind {
	return map[string]topology.Kind{"switch": topology.Switch, "exchange": topology.Exchange}[n.Kind]
}

func (l *Link) kind() topology.LinkType {
	types := []topology.LinkType{topology.Duplex, topology.Shared, topology.Uplink, topology.Downlink}
	return types[max(0, slices.Index([]string{"duplex", "shared", "uplink", "downlink"}, l.Type))]
}

// Clients are the hosts of t that issue jobs, in the order of their names: those whose name, model or
// class the workload or a job written down names, and in which an agent runs.
func (s *Scenario) Clients(t *topology.Topology) []topology.ID {
	names := slices.Clone(s.Workload.Clients)
	for i := range s.Workload.List {
		if client := s.Workload.List[i].Client; client != "" && !slices.Contains(names, client) {
			names = append(names, client)
		}
	}
	return s.hosts(t, names)
}

// hosts are those of t that have one of the names, models or classes and in which an agent runs, in the order of their
// names.
func (s *Scenario) hosts(t *topology.Topology, names []string) []topology.ID {
	return slices.DeleteFunc(t.ByName(t.Hosts()), func(id topology.ID) bool {
		if _, agent := s.ImageOf(&t.Vertices[id]); !agent {
			return true
		}
		return !slices.ContainsFunc(names, func(name string) bool { return matches(&t.Vertices[id], name) })
	})
}

// Executors are the hosts of t that may execute functions, in the order of their names: those whose name, model or
// class placement.hosts lists, or all, as far as an agent runs in them.
func (s *Scenario) Executors(t *topology.Topology) []topology.ID {
	return slices.DeleteFunc(t.ByName(t.Hosts()), func(id topology.ID) bool {
		v := &t.Vertices[id]
		if _, agent := s.ImageOf(v); !agent {
			return true
		}
		listed := func(name string) bool { return matches(v, name) }
		return len(s.Placement.Hosts) > 0 && !slices.ContainsFunc(s.Placement.Hosts, listed)
	})
}

// matches says whether a host has the name, model or class.
func matches(v *topology.Vertex, name string) bool {
	return name == v.Name || name == v.Model || name == v.Class
}
