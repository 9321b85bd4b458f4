package scenario

import (
	"fmt"
	"strings"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/units"
)

// TopologyImport is a network in a file of another tool.
type TopologyImport struct {
	// Path of the file, relative to this one.
	File string `yaml:"file,short,required"`
	// Format of the file. Default: the one that its content is in.
	Format  string           `yaml:"format" choice:"network format"`
	Options catalogue.Values `yaml:",options" of:"format"`
	// What stands in where the file gives a link no rate, no delay, no jitter and so on: {rate: 1Gbps, delay: 1ms}.
	// Without a default a missing rate or delay is an error with its line.
	Defaults Properties `yaml:"defaults"`
	// Length of a link for one of the great circle between its ends, where its delay is derived from their latitudes and
	// longitudes: that of light in a fibre, at two thirds of its speed in a vacuum.
	Stretch float64 `yaml:"stretch" default:"1" min:"1" max:"10"`
	// What becomes of a link of which the file states a range of rates, such as 10-20Gbps: missing, it has none, and the
	// default stands in; low or high, it has the least or the largest rate.
	Ranges string `yaml:"ranges" enum:"missing|low|high" default:"missing"`
	// Nodes that are taken, by name, or by the label or ID that the file has, with the links between them. Absent: all.
	Only []string `yaml:"only,names,single" min:"1" max:"5000"`
	// Which part is taken of a network that consists of several without a link between them: all, the hosts of which must
	// reach each other; largest, the one with the most nodes.
	Component string `yaml:"component" enum:"all|largest" default:"all"`
	// What becomes of hosts of measurements between which no round-trip time was measured, for hosts do not forward:
	// refuse; estimate, they have the least sum of the times by way of others, which is an upper bound where the triangle
	// inequality holds.
	Unmeasured string `yaml:"unmeasured" enum:"refuse|estimate" default:"refuse"`
	// What becomes of images that the file names for hosts: run, hosts run them; drop, they run the testbed's own.
	Images string `yaml:"images" enum:"run|drop" default:"run"`
	// Hosts that are attached to the file's nodes: {per-node: 2, access: {rate: 1Gbps, delay: 100us}}. They are called by
	// their node and a number: Paris-h1. Default: none, for files that have hosts of their own.
	Hosts *ImportedHosts `yaml:"hosts"`
	// Servers that are attached to some nodes, by the nodes' names: {at: [Paris], memory: 16GiB}. They are called by their
	// node: Paris-server.
	Servers *ImportedServers `yaml:"servers"`

	read   *network.Network // once the file was read: see Scenario.imported
	images map[string]string
}

// ImportedHosts are hosts that are attached to nodes that forward.
type ImportedHosts struct {
	// Number of hosts at each node.
	PerNode int `yaml:"per-node" default:"1" min:"1" max:"1000"`
	// Nodes to which they are attached, by name, or by the label or ID that the file has. Absent: all that forward.
	At []string `yaml:"at,names,single" min:"1" max:"5000"`
	// Class of the hosts.
	Class string `yaml:"class" pattern:"class" default:"host"`

	Machine `yaml:",inline"`
}

// ImportedServers are servers that are attached to nodes that forward.
type ImportedServers struct {
	// Number of servers at each of the nodes.
	PerNode int `yaml:"per-node" default:"1" min:"1" max:"1000"`
	// Nodes to which they are attached, by name, or by the label or ID that the file has.
	At []string `yaml:"at,names,single,required" min:"1" max:"5000"`
	// Class of the servers.
	Class string `yaml:"class" pattern:"class" default:"server"`

	Machine `yaml:",inline"`
}

// Machine is what attached hosts are, and how.
type Machine struct {
	// Hardware model of each. Default: the class.
	Model string `yaml:"model" pattern:"class"`
	// Processor architecture; for information.
	Arch string `yaml:"arch" pattern:"class"`
	// Memory of each, such as 1GiB.
	Memory units.ByteSize `yaml:"memory" default:"1GiB" min:"1MiB"`
	// Processors of each, such as 4 or 0.5.
	CPU Cores `yaml:"cpu" default:"1"`
	// The link between each and its node, of the class access: up is from the host.
	Access Properties `yaml:"access"`
}

// resolve writes round-trip times as delays.
func (i *TopologyImport) resolve() {
	i.Defaults.resolve()
	if i.Hosts != nil {
		i.Hosts.Access.resolve()
	}
	if i.Servers != nil {
		i.Servers.Access.resolve()
	}
}

// NetworkOptions are the import's, for network.Graph.Resolve.
func (i *TopologyImport) NetworkOptions() network.Options {
	o := network.Options{
		Defaults: i.Defaults.given(), Stretch: i.Stretch, Ranges: network.Ranges(i.Ranges), Only: i.Only,
		Component: network.Component(i.Component), Images: i.Images == "run",
		Unmeasured: network.Unmeasured(i.Unmeasured),
	}
	if h := i.Hosts; h != nil {
		o.Hosts = h.attachment(h.PerNode, h.At, h.Class)
	}
	if h := i.Servers; h != nil {
		o.Servers = h.attachment(h.PerNode, h.At, h.Class)
	}
	return o
}

func (m *Machine) attachment(perNode int, at []string, class string) *network.Attachment {
	a := &network.Attachment{
		PerNode: perNode, At: at, Class: class, Model: m.Model, Arch: m.Arch, Memory: m.Memory, CPU: int64(m.CPU),
	}
	access := m.Access
	access.resolve()
	access.shape(&a.Access, topology.Duplex)
	return a
}

// given are the properties of each direction, with which of them are given.
func (p Properties) given() (both [2]network.Shape) {
	p.resolve()
	var shapes [2]topology.Shape
	p.shape(&shapes, topology.Duplex)
	for d := range both {
		both[d] = network.Shape{
			Shape: shapes[d], HasRate: isGiven(p.Rate, d == 0), HasDelay: isGiven[time.Duration](p.Delay, d == 0),
		}
	}
	return both
}

// isGiven says whether there is a value for a direction.
func isGiven[T any](b *Both[T], up bool) bool {
	return b != nil && (up && b.Up != nil || !up && b.Down != nil)
}

// Import is the network that the scenario imports, as it was read when the scenario was. Errors, which may be joined
// ones, say file and line.
func (s *Scenario) Import() (*network.Network, error) {
	i := s.File.Topology.Imported
	if i == nil {
		return nil, fmt.Errorf("scenario %s: it imports no network", s.Name)
	}
	if i.read != nil {
		return i.read, nil
	}
	path := s.resolvePath(i.File)
	graph, err := network.Load(s.catalogue, path, i.Format, i.Options)
	if err != nil {
		return nil, err
	}
	made, err := graph.Resolve(i.NetworkOptions())
	if err != nil {
		return nil, network.Named(path, err)
	}
	return made, nil
}

// imported is the graph of the network that the scenario imports.
func (s *Scenario) imported() (*topology.Topology, error) {
	made, err := s.Import()
	if err != nil {
		return nil, err
	}
	return made.Topology()
}

// readImport reads the network once, when the scenario is checked, and what depends on its hosts.
func (s *Scenario) readImport() error {
	made, err := s.Import()
	if err != nil {
		return err
	}
	i := s.File.Topology.Imported
	i.read, i.images = made, map[string]string{}
	for k := range made.Nodes {
		if n := &made.Nodes[k]; n.Image != "" {
			i.images[n.Name] = n.Image
		}
	}
	return nil
}

// importedClients are all hosts of an imported network in which an agent runs.
func (f *File) importedClients() []string {
	var hosts []string
	for k := range f.Topology.Imported.read.Nodes {
		n := &f.Topology.Imported.read.Nodes[k]
		v := &topology.Vertex{Name: n.Name, Kind: n.Kind, Class: n.Class, Model: n.Model}
		if _, agent := f.imageOf(v); n.Kind == topology.Host && agent {
			hosts = append(hosts, n.Name)
		}
	}
	return hosts
}

// checkImport refuses what has no meaning with an imported network, before it is read.
func (d *decoder) checkImport(t *Topology) {
	if t.Imported == nil {
		return
	}
	if t.Latencies != nil {
		d.failAt("topology.latencies", "remove it, and write defaults: {delay: 1ms} for links without a delay",
			"the delays of an imported network are not drawn")
	}
}

// checkImported reads the imported network.
func (d *decoder) checkImported(s *Scenario) {
	if s.File.Topology.Imported == nil || d.failed("topology") {
		return
	}
	if err := s.readImport(); err != nil {
		for _, one := range Flatten(err) {
			remedy := ""
			if strings.Contains(one.Error(), "no such file") {
				remedy = "paths are relative to the scenario's file"
			}
			d.failAt("topology.import", remedy, "%v", one)
		}
		return
	}
	if _, listed := d.where["workload.clients"]; !listed {
		s.Workload.Clients = s.importedClients()
	}
	if s.Runtime != auto && len(s.File.Topology.Imported.images) > 0 &&
		!d.catalogue.Describe(catalogue.Runtimes, s.Runtime).Images {
		d.failAt("topology.import", "write images: drop, or another runtime", "the runtime %s cannot run the file's images",
			s.Runtime)
	}
}
