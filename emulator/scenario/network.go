package scenario

import (
	"time"

	"testbed/emulator/units"
)

// Topology is the edge network: exactly one of Synth, Import and Nodes is given.
type Topology struct {
	Synth     *TopologySynth `yaml:"synth" one:"source of the topology" doc:"A synthesized topology: iiot or urban-sensing, alone or with parameters."`
	Import    Import         `yaml:",formats" choice:"topology format" one:"source of the topology"`
	Nodes     []Node         `yaml:"nodes,keyed" one:"source of the topology" min:"1" max:"5000" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$" doc:"The nodes by name; links connect them. Names are host names, found by every node: letters, digits, hyphens and underscores, 63 at most; not numbers alone, which resolvers take for addresses, nor localhost and the like, and different in more than case."`
	Links     []Link         `yaml:"links" with:"nodes" min:"1" max:"20000" doc:"The links between nodes."`
	Latencies *Latencies     `yaml:"latencies" doc:"Where the edges' delays come from, for synth and ether. Default: published."`
}

// Import is a topology that is read from a file, or several of a common prefix.
type Import struct {
	Format string // name in the catalogue
	Path   string // relative to the scenario's file; empty: nothing is imported
}

// Node is a node written out.
type Node struct {
	Name   string         `yaml:",key"`
	Kind   string         `yaml:"kind" enum:"host|switch|exchange" default:"host" doc:"host: runs functions, a client, or both; switch and exchange: forward packets, with no rate of their own."`
	Class  string         `yaml:"class" pattern:"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$" when:"kind=host" doc:"Groups like hosts, e.g. for workload.clients: rpi, server."`
	Model  string         `yaml:"model" pattern:"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$" when:"kind=host" doc:"Hardware model. Hosts of model nvidia_jetson_tx2 execute the functions that want a GPU, all others the rest. Default: the class."`
	Arch   string         `yaml:"arch" pattern:"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$" when:"kind=host" doc:"Processor architecture; for information."`
	Memory units.ByteSize `yaml:"memory" default:"1GiB" when:"kind=host" min:"1MiB" doc:"Memory, such as 1GiB; placement.speed as-published makes it the speed."`
	CPU    Cores          `yaml:"cpu" default:"1" when:"kind=host" doc:"Processors, such as 4 or 0.5."`
	Image  string         `yaml:"image" pattern:"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$" when:"kind=host" doc:"A container image of your own that the node runs, such as registry/name:tag; it needs the runtime docker. Absent: what images says, or the testbed's own."`
	Agent  *bool          `yaml:"agent" with:"image" when:"kind=host" doc:"Whether the testbed's agent runs in the image. Without it the image's own command does, and the host executes no functions and issues no jobs. Default: true."`
}

// Link is a link written out.
type Link struct {
	Name      string   `yaml:"name" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$" doc:"Name of the link. Default: the two endpoints' names joined by a hyphen."`
	Type      string   `yaml:"type" enum:"duplex|shared|uplink|downlink" default:"duplex" doc:"duplex: a queue for each direction; shared: a medium, one queue for all stations and directions; uplink and downlink: one direction only, from the first endpoint to the second."`
	Class     string   `yaml:"class" pattern:"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$" doc:"Groups like links, whose properties classes may then give."`
	Endpoints []string `yaml:"endpoints,required,names" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$" min:"2" max:"1000" doc:"Names of the nodes that the link connects: two, or any number for a shared medium. up is from the first to the second."`

	Properties `yaml:",inline"`
}

// Override gives properties to one link or to all links of one class.
type Override struct {
	Name string `yaml:",key"`

	Properties `yaml:",inline"`
}

// Cloud attaches the cloud.
type Cloud struct {
	At    string               `yaml:"at,names" default:"hosts" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$" doc:"hosts: every host has a link of its own straight to the cloud, as in the study; or the name of the switch or exchange that it hangs on."`
	Rate  *Both[units.BitRate] `yaml:"rate" default:"50Mbps" doc:"Rate of each link to the cloud: up towards it, down from it."`
	Delay *time.Duration       `yaml:"delay" atmost:"delay (delay or rtt)" doc:"Propagation delay of one direction, such as 60ms: another way to write rtt."`
	RTT   *time.Duration       `yaml:"rtt" atmost:"delay (delay or rtt)" doc:"Round-trip time: both directions' propagation delay together. Default: 120ms."`
}

// Latencies says where the delays of a synthesized topology's edges come from.
type Latencies struct {
	Kind string  `yaml:"kind,short" enum:"published|none" default:"published" doc:"published: drawn from the distributions stated for ether's topologies; none: all zero."`
	Seed *uint64 `yaml:"seed" doc:"Seed of the draws. Default: the scenario's."`

	LAN         *Lognormal     `yaml:"lan" when:"kind=published" doc:"Hosts' access links and switch trunks."`
	WLAN        *Lognormal     `yaml:"wlan" when:"kind=published" doc:"Shared wireless media."`
	BusinessISP *Lognormal     `yaml:"business-isp" when:"kind=published" doc:"Both sides of a business ISP's up and down links."`
	MobileISP   *Lognormal     `yaml:"mobile-isp" when:"kind=published" doc:"Both sides of a mobile ISP's up and down links."`
	Exchanges   *time.Duration `yaml:"exchanges" max:"10s" when:"kind=published" doc:"Between two internet exchanges, fixed. Published: 10ms."`
}

// Lognormal is a shifted lognormal distribution: loc + scale·exp(s·N(0,1)).
type Lognormal struct {
	S     float64       `yaml:"s" default:"0" min:"0" max:"10" doc:"Shape: the standard deviation of the logarithm."`
	Loc   time.Duration `yaml:"loc" default:"0s" max:"10s" doc:"The least delay."`
	Scale time.Duration `yaml:"scale" default:"0s" max:"10s" doc:"The median of what is added to loc."`
}
