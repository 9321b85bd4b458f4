package scenario

import (
	"time"

	"testbed/emulator/topology/synth"
	"testbed/emulator/units"
)

// TopologySynth are the parameters of a synthesized topology; nil ones are as published.
type TopologySynth struct {
	// iiot: factory premises with compute box, sensors and cloudlet; urban-sensing: neighbourhoods of sensor boxes and one
	// cloudlet.
	Kind string `yaml:"kind,short,required" enum:"iiot|urban-sensing"`

	// Number of factory premises. Published: 4.
	Premises *int `yaml:"premises" min:"1" max:"1000" when:"kind=iiot"`
	// How many premises, the last ones, are at the second internet exchange. Published: 1.
	AtSecond *int `yaml:"at-second-exchange" min:"0" max:"1000" when:"kind=iiot"`
	// Number of neighbourhoods. Published: 5.
	Neighbourhoods *int `yaml:"neighbourhoods" min:"1" max:"1000" when:"kind=urban-sensing"`

	// Sensor boxes in each neighbourhood, one number each, such as [3, 5]. Absent: drawn.
	Sizes []int `yaml:"sizes" min:"1" max:"1000" when:"kind=urban-sensing"`
	// Shape of the sizes' lognormal distribution. Published: 0.82.
	SizeSigma *float64 `yaml:"size-sigma" min:"0" max:"2" when:"kind=urban-sensing"`
	// The shift of the sizes' distribution, in sensor boxes. Published: 2.02.
	SizeLoc *float64 `yaml:"size-loc" min:"0" max:"100" when:"kind=urban-sensing"`
	// The scale of the sizes' distribution, in sensor boxes. Published: 1.
	SizeScale *float64 `yaml:"size-scale" min:"0" max:"100" when:"kind=urban-sensing"`

	// Raspberry Pis in each cell (iiot, published: 3) or box (urban-sensing, published: 2).
	Pis *int `yaml:"pis" min:"0" max:"1000"`
	// Jetson TX2 in each compute box (iiot, published: 1); with urban-sensing, times the neighbourhood's size (published:
	// 2).
	TX2s *int `yaml:"tx2s" min:"0" max:"1000"`
	// NUCs in each compute box. Published: 1.
	NUCs *int `yaml:"nucs" min:"0" max:"1000"`
	// Racks in each cloudlet. Published: 3 with iiot, 2 with urban-sensing.
	Racks *int `yaml:"racks" min:"0" max:"1000"`
	// Servers in each rack. Published: 5.
	ServersPerRack *int `yaml:"servers-per-rack" min:"1" max:"1000"`

	// Rate of each host's access link. Published: 1Gbps.
	HostRate *units.BitRate `yaml:"host-rate"`
	// Rate of the medium that a cell or neighbourhood shares. Published: 300Mbps with iiot, 500Mbps with urban-sensing.
	CellRate *units.BitRate `yaml:"cell-rate"`
	// Rate of the business line (iiot) or mobile backhaul (urban-sensing). Published: up 50Mbps, down 500Mbps with iiot;
	// up 25Mbps, down 125Mbps with urban-sensing.
	ISPRate *Both[units.BitRate] `yaml:"isp-rate"`
	// Rate of the cloudlet's up and down links. Published: 10Gbps with iiot, 1Gbps with urban-sensing.
	CloudletRate *units.BitRate `yaml:"cloudlet-rate"`

	// Seed of the sizes. Default: the scenario's.
	Seed *uint64 `yaml:"seed" when:"kind=urban-sensing"`
}

// maxHosts bounds a synthesized topology.
const maxHosts = 5000

// orPublished sets what the file leaves open to the published value.
func orPublished[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}

func (s *TopologySynth) resolve(seed uint64) {
	isp := func(up, down units.BitRate) {
		if s.ISPRate == nil {
			s.ISPRate = &Both[units.BitRate]{}
		}
		orPublished(&s.ISPRate.Up, up)
		orPublished(&s.ISPRate.Down, down)
	}
	common := func(pis, tx2s, nucs, racks, servers int, host, cell, cloudlet units.BitRate) {
		orPublished(&s.Pis, pis)
		orPublished(&s.TX2s, tx2s)
		orPublished(&s.NUCs, nucs)
		orPublished(&s.Racks, racks)
		orPublished(&s.ServersPerRack, servers)
		orPublished(&s.HostRate, host)
		orPublished(&s.CellRate, cell)
		orPublished(&s.CloudletRate, cloudlet)
	}
	switch s.Kind {
	case "iiot":
		d := synth.DefaultIIoT()
		orPublished(&s.Premises, d.Premises)
		orPublished(&s.AtSecond, min(d.AtSecond, *s.Premises))
		isp(d.UpRate, d.DownRate)
		common(d.Pis, d.TX2s, d.NUCs, d.Racks, d.ServersPerRack, d.HostRate, d.CellRate, d.CloudletRate)
	case "urban-sensing":
		d := synth.DefaultUrbanSensing()
		orPublished(&s.Seed, seed)
		if len(s.Sizes) > 0 {
			orPublished(&s.Neighbourhoods, len(s.Sizes))
		}
		orPublished(&s.Neighbourhoods, d.Neighbourhoods)
		orPublished(&s.SizeSigma, d.SizeSigma)
		orPublished(&s.SizeLoc, d.SizeLoc)
		orPublished(&s.SizeScale, d.SizeScale)
		isp(d.UpRate, d.DownRate)
		common(d.PisPerBox, d.TX2sPerSize, d.NUCs, d.Racks, d.ServersPerRack, d.HostRate, d.CellRate, d.CloudletRate)
	}
}

func (s *TopologySynth) iiot() synth.IIoT {
	return synth.IIoT{
		Premises: *s.Premises, AtSecond: *s.AtSecond, NUCs: *s.NUCs, TX2s: *s.TX2s, Pis: *s.Pis,
		Racks: *s.Racks, ServersPerRack: *s.ServersPerRack, HostRate: *s.HostRate, CellRate: *s.CellRate,
		UpRate: *s.ISPRate.Up, DownRate: *s.ISPRate.Down, CloudletRate: *s.CloudletRate,
	}
}

func (s *TopologySynth) urban() synth.UrbanSensing {
	return synth.UrbanSensing{
		Neighbourhoods: *s.Neighbourhoods, Sizes: s.Sizes, SizeSigma: *s.SizeSigma, SizeLoc: *s.SizeLoc,
		SizeScale: *s.SizeScale, Seed: *s.Seed, PisPerBox: *s.Pis, NUCs: *s.NUCs, TX2sPerSize: *s.TX2s,
		Racks: *s.Racks, ServersPerRack: *s.ServersPerRack, HostRate: *s.HostRate, CellRate: *s.CellRate,
		UpRate: *s.ISPRate.Up, DownRate: *s.ISPRate.Down, CloudletRate: *s.CloudletRate,
	}
}

// hosts estimates how many hosts the parameters give, without the draw of sizes.
func (s *TopologySynth) hosts() float64 {
	cloudlet := float64(*s.Racks) * float64(*s.ServersPerRack)
	if s.Kind == "iiot" {
		return float64(*s.Premises) * (float64(*s.NUCs+*s.TX2s+*s.Pis) + cloudlet)
	}
	boxes := float64(*s.Neighbourhoods) * (*s.SizeLoc + *s.SizeScale*tail(*s.SizeSigma))
	if len(s.Sizes) > 0 {
		boxes = 0
		for _, n := range s.Sizes {
			boxes += float64(n)
		}
	}
	return boxes*float64(*s.Pis+*s.TX2s) + float64(*s.Neighbourhoods**s.NUCs) + cloudlet
}

func (l *Latencies) resolve(seed uint64) {
	orPublished(&l.Seed, seed)
	if l.Kind == "none" {
		return
	}
	d := synth.DefaultLatencies()
	for _, c := range []struct {
		field **Lognormal
		value synth.Lognormal
	}{{&l.LAN, d.LAN}, {&l.WLAN, d.WLAN}, {&l.BusinessISP, d.BusinessISP}, {&l.MobileISP, d.MobileISP}} {
		orPublished(c.field, Lognormal{c.value.Sigma, milliseconds(c.value.Loc), milliseconds(c.value.Scale)})
	}
	orPublished(&l.Exchanges, d.Exchanges)
}

func (l *Latencies) model() synth.LatencyModel {
	convert := func(x *Lognormal) synth.Lognormal {
		return synth.Lognormal{Sigma: x.S, Loc: float64(x.Loc) / 1e6, Scale: float64(x.Scale) / 1e6}
	}
	return synth.LatencyModel{
		LAN: convert(l.LAN), WLAN: convert(l.WLAN), BusinessISP: convert(l.BusinessISP),
		MobileISP: convert(l.MobileISP), Exchanges: *l.Exchanges,
	}
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms*1e6 + 0.5) }
