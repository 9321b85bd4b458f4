// Package synth synthesizes the study's two edge topologies, IIoT and urban sensing, from the cells,
// rates and latency distributions of ether (Rausch et al., HotEdge 2020).
package synth

import (
	"errors"

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

// Build synthesizes the topology, without latencies; see Latencies.
func (p IIoT) Build() (*topology.Topology, error) { return nil, errors.New("not written yet") }
