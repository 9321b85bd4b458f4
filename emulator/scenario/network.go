package scenario

import (
	"time"

	"testbed/emulator/units"
)

// Topology is the edge network: exactly one of Synth, Import, Imported and Nodes is given.
type Topology struct {
	// A synthesized topology: iiot or urban-sensing, alone or with parameters.
	Synth  *TopologySynth `yaml:"synth" one:"source of the topology"`
	Import Import         `yaml:",formats" choice:"topology format" one:"source of the topology"`
	// A network in a file of another tool, alone or with what the file does not say: Geant2011.graphml, or {file:
	// Geant2011.graphml, defaults: {rate: 10Gbps}, hosts: {per-node: 2}}.
	Imported *TopologyImport `yaml:"import" one:"source of the topology"`
	// The nodes by name; links connect them. Names are host names, found by every node: letters, digits, hyphens and
	// underscores, 63 at most; not numbers alone, which resolvers take for addresses, nor localhost and the like, and
	// different in more than case.
	Nodes []Node `yaml:"nodes,keyed" one:"source of the topology" min:"1" max:"5000" pattern:"node"`
	// The links between nodes.
	Links []Link `yaml:"links" with:"nodes" min:"1" max:"20000"`
	// Where the edges' delays come from, for synth and ether. Default: published.
	Latencies *Latencies `yaml:"latencies"`
}

// Import is a topology that is read from a file, or several of a common prefix.
type Import struct {
	Format string // name in the catalogue
	Path   string // relative to the scenario's file; empty: nothing is imported
}

// Node is a node written out.
type Node struct {
	Name string `yaml:",key"`
	// host: runs functions, a client, or both; switch and exchange: forward packets, with no rate of their own.
	Kind string `yaml:"kind" enum:"host|switch|exchange" default:"host"`
	// Groups like hosts, e.g. for workload.clients: rpi, server.
	Class string `yaml:"class" pattern:"class" when:"kind=host"`
	// Hardware model. Hosts of model nvidia_jetson_tx2 execute the functions that want a GPU, all others the rest.
	// Default: the class.
	Model string `yaml:"model" pattern:"class" when:"kind=host"`
	// Processor architecture; for information.
	Arch string `yaml:"arch" pattern:"class" when:"kind=host"`
	// Memory, such as 1GiB; placement.speed as-published makes it the speed.
	Memory units.ByteSize `yaml:"memory" default:"1GiB" when:"kind=host" min:"1MiB"`
	// Processors, such as 4 or 0.5.
	CPU Cores `yaml:"cpu" default:"1" when:"kind=host"`
	// A container image of your own that the node runs, such as registry/name:tag; it needs the runtime docker. Absent:
	// what images says, or the testbed's own.
	Image string `yaml:"image" pattern:"image" when:"kind=host"`
	// Whether the testbed's agent runs in the image. Without it the image's own command does, and the host executes no
	// functions and issues no jobs. Default: true.
	Agent *bool `yaml:"agent" with:"image" when:"kind=host"`
	// The machine that carries the node where several carry the testbed (--machines): its name. Absent: what machines
	// says, or any.
	Machine string `yaml:"machine,names" pattern:"machine"`
}

// Link is a link written out.
type Link struct {
	// Name of the link. Default: the two endpoints' names joined by a hyphen.
	Name string `yaml:"name" pattern:"node"`
	// duplex: a queue for each direction; shared: a medium, one queue for all stations and directions; uplink and
	// downlink: one direction only, from the first endpoint to the second.
	Type string `yaml:"type" enum:"duplex|shared|uplink|downlink" default:"duplex"`
	// Groups like links, whose properties classes may then give.
	Class string `yaml:"class" pattern:"class"`
	// Names of the nodes that the link connects: two, or any number for a shared medium. up is from the first to the
	// second.
	Endpoints []string `yaml:"endpoints,required,names" pattern:"node" min:"2" max:"1000"`
	// A measurement that the link follows in place of constants: lte.up, or {up: lte.up, down: lte.down}.
	Trace *LinkTrace `yaml:"trace"`
	// A distribution from which each packet's delay is drawn, in place of delay and jitter: a path, or {file: rtt.csv,
	// correlation: 0.5}.
	Delays *LinkDelays `yaml:"delays"`

	Properties `yaml:",inline"`
}

// Override gives properties to one link or to all links of one class.
type Override struct {
	Name string `yaml:",key"`
	// A measurement that the links follow in place of constants: lte.up, or {up: lte.up, down: lte.down}.
	Trace *LinkTrace `yaml:"trace"`
	// A distribution from which each packet's delay is drawn, in place of delay and jitter: a path, or {file: rtt.csv,
	// correlation: 0.5}.
	Delays *LinkDelays `yaml:"delays"`

	Properties `yaml:",inline"`
}

// Cloud attaches the cloud.
type Cloud struct {
	// hosts: every host has a link of its own straight to the cloud, as in the study; or the name of the switch or
	// exchange that it hangs on.
	At string `yaml:"at,names" default:"hosts" pattern:"node"`
	// Rate of each link to the cloud: up towards it, down from it.
	Rate *Both[units.BitRate] `yaml:"rate" default:"50Mbps"`
	// Propagation delay of one direction, such as 60ms: another way to write rtt.
	Delay *time.Duration `yaml:"delay" atmost:"delay (delay or rtt)"`
	// Round-trip time: both directions' propagation delay together. Default: 120ms.
	RTT *time.Duration `yaml:"rtt" atmost:"delay (delay or rtt)"`
}

// Latencies says where the delays of a synthesized topology's edges come from.
type Latencies struct {
	// published: drawn from the distributions stated for ether's topologies; none: all zero.
	Kind string `yaml:"kind,short" enum:"published|none" default:"published"`
	// Seed of the draws. Default: the scenario's.
	Seed *uint64 `yaml:"seed"`

	// Hosts' access links and switch trunks.
	LAN *Lognormal `yaml:"lan" when:"kind=published"`
	// Shared wireless media.
	WLAN *Lognormal `yaml:"wlan" when:"kind=published"`
	// Both sides of a business ISP's up and down links.
	BusinessISP *Lognormal `yaml:"business-isp" when:"kind=published"`
	// Both sides of a mobile ISP's up and down links.
	MobileISP *Lognormal `yaml:"mobile-isp" when:"kind=published"`
	// Between two internet exchanges, fixed. Published: 10ms.
	Exchanges *time.Duration `yaml:"exchanges" max:"10s" when:"kind=published"`
}

// Lognormal is a shifted lognormal distribution: loc + scale·exp(s·N(0,1)).
type Lognormal struct {
	// Shape: the standard deviation of the logarithm.
	S float64 `yaml:"s" default:"0" min:"0" max:"10"`
	// The least delay.
	Loc time.Duration `yaml:"loc" default:"0s" max:"10s"`
	// The median of what is added to loc.
	Scale time.Duration `yaml:"scale" default:"0s" max:"10s"`
}
