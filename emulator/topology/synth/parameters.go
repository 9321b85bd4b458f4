package synth

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Parameters are what a scenario can say of a synthesized topology beside its kind and the kind's own options; nil ones
// are as published. The tags are those of package scenario. Which of them a synthesizer heeds is in its entry's Takes.
type Parameters struct {
	// Number of factory premises. Published: 4.
	Premises *int `yaml:"premises" min:"1" max:"1000" takes:"kind"`
	// How many premises, the last ones, are at the second internet exchange. Published: 1.
	AtSecond *int `yaml:"at-second-exchange" min:"0" max:"1000" takes:"kind"`
	// Number of neighbourhoods. Published: 5.
	Neighbourhoods *int `yaml:"neighbourhoods" min:"1" max:"1000" takes:"kind"`

	// Sensor boxes in each neighbourhood, one number each, such as [3, 5]. Absent: drawn.
	Sizes []int `yaml:"sizes" min:"1" max:"1000" takes:"kind"`
	// Shape of the sizes' lognormal distribution. Published: 0.82.
	SizeSigma *float64 `yaml:"size-sigma" min:"0" max:"2" takes:"kind"`
	// The shift of the sizes' distribution, in sensor boxes. Published: 2.02.
	SizeLoc *float64 `yaml:"size-loc" min:"0" max:"100" takes:"kind"`
	// The scale of the sizes' distribution, in sensor boxes. Published: 1.
	SizeScale *float64 `yaml:"size-scale" min:"0" max:"100" takes:"kind"`

	// Raspberry Pis in each cell (iiot, published: 3) or box (urban-sensing, published: 2).
	Pis *int `yaml:"pis" min:"0" max:"1000" takes:"kind"`
	// Jetson TX2 in each compute box (iiot, published: 1); with urban-sensing, times the neighbourhood's size (published:
	// 2).
	TX2s *int `yaml:"tx2s" min:"0" max:"1000" takes:"kind"`
	// NUCs in each compute box. Published: 1.
	NUCs *int `yaml:"nucs" min:"0" max:"1000" takes:"kind"`
	// Racks in each cloudlet. Published: 3 with iiot, 2 with urban-sensing.
	Racks *int `yaml:"racks" min:"0" max:"1000" takes:"kind"`
	// Servers in each rack. Published: 5.
	ServersPerRack *int `yaml:"servers-per-rack" min:"1" max:"1000" takes:"kind"`

	// Rate of each host's access link. Published: 1Gbps.
	HostRate *units.BitRate `yaml:"host-rate" takes:"kind"`
	// Rate of the medium that a cell or neighbourhood shares. Published: 300Mbps with iiot, 500Mbps with urban-sensing.
	CellRate *units.BitRate `yaml:"cell-rate" takes:"kind"`
	// Rate of the business line (iiot) or mobile backhaul (urban-sensing). Published: up 50Mbps, down 500Mbps with iiot;
	// up 25Mbps, down 125Mbps with urban-sensing.
	ISPRate *units.Both[units.BitRate] `yaml:"isp-rate" takes:"kind"`
	// Rate of the cloudlet's up and down links. Published: 10Gbps with iiot, 1Gbps with urban-sensing.
	CloudletRate *units.BitRate `yaml:"cloudlet-rate" takes:"kind"`

	// Seed of the sizes. Default: the scenario's.
	Seed *uint64 `yaml:"seed" takes:"kind"`
}

// Synthesizers is the kind of the catalogue's topology synthesizers.
var Synthesizers = catalogue.NewKind[Synthesizer](catalogue.Synthesizers)

// Synthesizer makes topologies, without latencies.
type Synthesizer struct {
	// Resolve sets the parameters that are left open; seed is the scenario's. nil: there are none.
	Resolve func(p *Parameters, seed uint64)
	// Check finds parameters that contradict one another. They are as given, some of them nil. nil: none do.
	Check func(p *Parameters) []Problem
	// Hosts estimates how many hosts there will be, without a draw. nil: few.
	Hosts func(p *Parameters) float64
	// Build makes the topology of parameters that are resolved and the kind's own options.
	Build func(p *Parameters, options catalogue.Values) (*topology.Topology, error)
}

// Problem is what is wrong with a parameter.
type Problem struct {
	Key     string // of the parameter, such as sizes[1]
	Message string
	Remedy  string
}

// orPublished sets what is left open to the published value.
func orPublished[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}

func (p *Parameters) resolveISP(up, down units.BitRate) {
	if p.ISPRate == nil {
		p.ISPRate = &units.Both[units.BitRate]{}
	}
	orPublished(&p.ISPRate.Up, up)
	orPublished(&p.ISPRate.Down, down)
}

func (p *Parameters) resolveRates(host, cell, cloudlet units.BitRate) {
	orPublished(&p.HostRate, host)
	orPublished(&p.CellRate, cell)
	orPublished(&p.CloudletRate, cloudlet)
}

func (p *Parameters) resolveCounts(pis, tx2s, nucs, racks, servers int) {
	orPublished(&p.Pis, pis)
	orPublished(&p.TX2s, tx2s)
	orPublished(&p.NUCs, nucs)
	orPublished(&p.Racks, racks)
	orPublished(&p.ServersPerRack, servers)
}
