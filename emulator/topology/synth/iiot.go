// Package synth synthesizes the study's two edge topologies, IIoT and urban sensing, from the cells,
// rates and latency distributions of ether (Rausch et al., HotEdge 2020).
package synth

import (
	"fmt"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// IIoT are the parameters of the industrial scenario: factory premises, each with a compute box, a cell
// of sensors, a cloudlet and a business line to an internet exchange, of which there are two.
type IIoT struct {
	Premises       int // in all
	AtSecond       int // how many of them, the last ones, are at the second exchange
	NUCs           int // in each compute box
	TX2s           int // in each compute box
	Pis            int // in each cell
	Racks          int // in each cloudlet
	ServersPerRack int

	HostRate     units.BitRate // of each host's access link
	CellRate     units.BitRate // of the medium that a cell shares
	UpRate       units.BitRate // of the business line
	DownRate     units.BitRate // of the business line
	CloudletRate units.BitRate // of the cloudlet's up and down links
}

// DefaultIIoT has the published parameters: 4 premises, 80 hosts.
func DefaultIIoT() IIoT {
	return IIoT{
		Premises: 4, AtSecond: 1, NUCs: 1, TX2s: 1, Pis: 3, Racks: 3, ServersPerRack: 5,
		HostRate: 1000 * units.Mbps, CellRate: 300 * units.Mbps, UpRate: 50 * units.Mbps,
		DownRate: 500 * units.Mbps, CloudletRate: 10000 * units.Mbps,
	}
}

// Build synthesizes the topology, without latencies; see Latencies. It fails with every parameter that
// is out of range.
func (p IIoT) Build() (*topology.Topology, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	b := newBuilder()
	first, second := exchange("chix"), exchange("nyc")
	for i := range p.Premises {
		to := first
		if i >= p.Premises-p.AtSecond {
			to = second
		}
		p.premises(b, to)
	}
	if p.AtSecond > 0 && p.AtSecond < p.Premises {
		b.join(first, second)
	}
	return b.build(iiotName)
}

func (p IIoT) validate() error {
	c := checker{of: iiotName}
	c.count("premises", p.Premises, 1)
	c.count("at-second", p.AtSecond, 0)
	c.count("nucs", p.NUCs, 0)
	c.count("tx2s", p.TX2s, 0)
	c.count("pis", p.Pis, 0)
	c.count("racks", p.Racks, 0)
	c.count("servers-per-rack", p.ServersPerRack, 0)
	if p.AtSecond > p.Premises {
		c.fail("at-second is %d, but there are %d premises", p.AtSecond, p.Premises)
	}
	if p.NUCs+p.TX2s+p.Pis+p.Racks*p.ServersPerRack == 0 {
		c.fail("there are no hosts; set nucs, tx2s, pis, or racks and servers-per-rack")
	}
	if p.Racks > 0 && p.ServersPerRack == 0 {
		c.fail("there are racks, but servers-per-rack is 0; set racks to 0 for none")
	}
	c.rates(p.HostRate, p.CellRate, p.UpRate, p.DownRate, p.CloudletRate)
	return c.err()
}

// premises adds one factory: a switch with a compute box and a cell, a business line, and a cloudlet.
func (p IIoT) premises(b *builder, to topology.Vertex) {
	name := b.lan()
	top := switchOf(name)
	if p.NUCs+p.TX2s > 0 {
		box := switchOf(b.lan())
		b.hosts(nuc, p.NUCs, p.HostRate, box)
		b.hosts(tx2, p.TX2s, p.HostRate, box)
		b.join(box, top)
	}
	if p.Pis > 0 {
		medium := link(fmt.Sprintf("link_%d", b.nextNumber("shared")), topology.Shared, p.CellRate)
		b.hosts(pi, p.Pis, p.HostRate, medium)
		b.join(medium, top)
	}
	b.access(name, p.UpRate, p.DownRate, top, to)
	if p.Racks > 0 {
		b.cloudlet(p.Racks, p.ServersPerRack, p.HostRate, p.CloudletRate, top)
	}
}
