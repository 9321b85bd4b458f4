package synth

import (
	"fmt"
	"math"
	"slices"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

// The names of the synthesizers, and of the topologies that they make.
const (
	iiotName  = "iiot"
	urbanName = "urban-sensing"
)

// Section is this package's part of the catalogue: the study's two topologies.
func Section() catalogue.Section {
	return Synthesizers.Of(
		catalogue.Entry[Synthesizer]{
			Description: catalogue.Description{
				Name: iiotName, About: "factory premises with compute box, sensors and cloudlet",
				Takes: takes("premises", "at-second-exchange"),
			},
			Does: Synthesizer{Resolve: resolveIIoT, Check: checkIIoT, Hosts: hostsIIoT, Build: buildIIoT},
		},
		catalogue.Entry[Synthesizer]{
			Description: catalogue.Description{
				Name: urbanName, About: "neighbourhoods of sensor boxes and one cloudlet",
				Takes: takes("neighbourhoods", "sizes", "size-sigma", "size-loc", "size-scale", "seed"),
			},
			Does: Synthesizer{Resolve: resolveUrban, Check: checkUrban, Hosts: hostsUrban, Build: buildUrban},
		},
	)
}

// takes are the keys of the parameters that both have, and of one's own.
func takes(own ...string) []string {
	return slices.Concat(own, []string{
		"pis", "tx2s", "nucs", "racks", "servers-per-rack", "host-rate", "cell-rate", "isp-rate", "cloudlet-rate",
	})
}

func resolveIIoT(p *Parameters, _ uint64) {
	d := DefaultIIoT()
	orPublished(&p.Premises, d.Premises)
	orPublished(&p.AtSecond, min(d.AtSecond, *p.Premises))
	p.resolveISP(d.UpRate, d.DownRate)
	p.resolveCounts(d.Pis, d.TX2s, d.NUCs, d.Racks, d.ServersPerRack)
	p.resolveRates(d.HostRate, d.CellRate, d.CloudletRate)
}

func checkIIoT(p *Parameters) []Problem {
	if p.AtSecond != nil && p.Premises != nil && *p.AtSecond > *p.Premises {
		return []Problem{{"at-second-exchange", fmt.Sprintf("there are %d premises only", *p.Premises),
			"write at most the number of premises"}}
	}
	return nil
}

func hostsIIoT(p *Parameters) float64 {
	cloudlet := float64(*p.Racks) * float64(*p.ServersPerRack)
	return float64(*p.Premises) * (float64(*p.NUCs+*p.TX2s+*p.Pis) + cloudlet)
}

func buildIIoT(p *Parameters, _ catalogue.Values) (*topology.Topology, error) {
	return IIoT{
		Premises: *p.Premises, AtSecond: *p.AtSecond, NUCs: *p.NUCs, TX2s: *p.TX2s, Pis: *p.Pis,
		Racks: *p.Racks, ServersPerRack: *p.ServersPerRack, HostRate: *p.HostRate, CellRate: *p.CellRate,
		UpRate: *p.ISPRate.Up, DownRate: *p.ISPRate.Down, CloudletRate: *p.CloudletRate,
	}.Build()
}

func resolveUrban(p *Parameters, seed uint64) {
	d := DefaultUrbanSensing()
	orPublished(&p.Seed, seed)
	if len(p.Sizes) > 0 {
		orPublished(&p.Neighbourhoods, len(p.Sizes))
	}
	orPublished(&p.Neighbourhoods, d.Neighbourhoods)
	orPublished(&p.SizeSigma, d.SizeSigma)
	orPublished(&p.SizeLoc, d.SizeLoc)
	orPublished(&p.SizeScale, d.SizeScale)
	p.resolveISP(d.UpRate, d.DownRate)
	p.resolveCounts(d.PisPerBox, d.TX2sPerSize, d.NUCs, d.Racks, d.ServersPerRack)
	p.resolveRates(d.HostRate, d.CellRate, d.CloudletRate)
}

func checkUrban(p *Parameters) []Problem {
	var all []Problem
	if p.Neighbourhoods != nil && len(p.Sizes) > 0 && len(p.Sizes) != *p.Neighbourhoods {
		all = append(all, Problem{"sizes",
			fmt.Sprintf("%s for %s", printable.There(len(p.Sizes), "size"), printable.Count(*p.Neighbourhoods, "neighbourhood")),
			fmt.Sprintf("write %d", *p.Neighbourhoods)})
	}
	if p.Pis != nil && *p.Pis == 0 {
		all = append(all, Problem{"pis", "a sensor box has no Pi", "write at least 1"})
	}
	for i, n := range p.Sizes {
		if n < 1 || n > maxSize {
			all = append(all, Problem{fmt.Sprintf("sizes[%d]", i), fmt.Sprintf("%d is out of range", n),
				"write a number from 1 to 1000"})
		}
	}
	return all
}

func hostsUrban(p *Parameters) float64 {
	boxes := float64(*p.Neighbourhoods) * (*p.SizeLoc + *p.SizeScale*tail(*p.SizeSigma))
	if len(p.Sizes) > 0 {
		boxes = 0
		for _, n := range p.Sizes {
			boxes += float64(n)
		}
	}
	cloudlet := float64(*p.Racks) * float64(*p.ServersPerRack)
	return boxes*float64(*p.Pis+*p.TX2s) + float64(*p.Neighbourhoods**p.NUCs) + cloudlet
}

// tail is a factor that a lognormal draw of the given shape and scale 1 exceeds once in a thousand times.
func tail(sigma float64) float64 { return math.Exp(3.1 * sigma) }

func buildUrban(p *Parameters, _ catalogue.Values) (*topology.Topology, error) {
	return UrbanSensing{
		Neighbourhoods: *p.Neighbourhoods, Sizes: p.Sizes, SizeSigma: *p.SizeSigma, SizeLoc: *p.SizeLoc,
		SizeScale: *p.SizeScale, Seed: *p.Seed, PisPerBox: *p.Pis, NUCs: *p.NUCs, TX2sPerSize: *p.TX2s,
		Racks: *p.Racks, ServersPerRack: *p.ServersPerRack, HostRate: *p.HostRate, CellRate: *p.CellRate,
		UpRate: *p.ISPRate.Up, DownRate: *p.ISPRate.Down, CloudletRate: *p.CloudletRate,
	}.Build()
}
