package synth

import (
	"errors"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// UrbanSensing are the parameters of the city scenario: neighbourhoods of sensor boxes on a shared
// medium, each on a mobile backhaul, and one cloudlet, all at one internet exchange.
type UrbanSensing struct {
	Neighbourhoods int
	Sizes          []int   // boxes of each neighbourhood; nil: drawn, SizeLoc + SizeScale · exp(SizeSigma · N(0,1)), truncated
	SizeSigma      float64 // shape of the sizes' lognormal distribution
	SizeLoc        float64
	SizeScale      float64
	Seed           uint64 // of the sizes
	PisPerBox      int
	NUCs           int // in each neighbourhood's compute box
	TX2sPerSize    int // in each neighbourhood's compute box, times its size
	Racks          int
	ServersPerRack int

	HostRate     units.BitRate
	CellRate     units.BitRate // of the medium that a neighbourhood shares
	UpRate       units.BitRate // of the mobile backhaul
	DownRate     units.BitRate // of the mobile backhaul
	CloudletRate units.BitRate // of the cloudlet's fibre, each direction
}

// DefaultUrbanSensing has the published parameters.
func DefaultUrbanSensing() UrbanSensing {
	return UrbanSensing{
		Neighbourhoods: 5, SizeSigma: 0.82, SizeLoc: 2.02, SizeScale: 1, Seed: 1, PisPerBox: 2, NUCs: 1,
		TX2sPerSize: 2, Racks: 2, ServersPerRack: 5, HostRate: 1000 * units.Mbps, CellRate: 500 * units.Mbps,
		UpRate: 25 * units.Mbps, DownRate: 125 * units.Mbps, CloudletRate: 1000 * units.Mbps,
	}
}

// Build synthesizes the topology, without latencies; see Latencies.
func (p UrbanSensing) Build() (*topology.Topology, error) { return nil, errors.New("not written yet") }
