package synth

import (
	"fmt"
	"math/rand/v2"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// UrbanSensing are the parameters of the city scenario: neighbourhoods of sensor boxes on a shared
// medium, each on a mobile backhaul, and one cloudlet, all at one internet exchange. How many boxes a neighbourhood
// has is drawn, where Sizes does not say: SizeLoc + SizeScale · exp(SizeSigma · N(0,1)), truncated.
type UrbanSensing struct {
	Neighbourhoods int
	Sizes          []int   // boxes of each neighbourhood; nil: drawn
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

// Build synthesizes the topology, without latencies; see Latencies. It fails with every parameter that
// is out of range.
func (p UrbanSensing) Build() (*topology.Topology, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	b := newBuilder()
	to := exchange("chix")
	for _, size := range p.sizes() {
		p.neighbourhood(b, size, to)
	}
	if p.Racks > 0 {
		b.cloudlet(p.Racks, p.ServersPerRack, p.HostRate, p.CloudletRate, to)
	}
	return b.build(urbanName)
}

func (p UrbanSensing) validate() error {
	c := checker{of: urbanName}
	c.count("neighbourhoods", p.Neighbourhoods, 1)
	c.count("pis-per-box", p.PisPerBox, 1)
	c.count("nucs", p.NUCs, 0)
	c.count("tx2s-per-size", p.TX2sPerSize, 0)
	c.count("racks", p.Racks, 0)
	c.count("servers-per-rack", p.ServersPerRack, 0)
	if p.Sizes != nil && len(p.Sizes) != p.Neighbourhoods {
		c.fail("%s for %s", printable.There(len(p.Sizes), "size"), printable.Count(p.Neighbourhoods, "neighbourhood"))
	}
	for i, size := range p.Sizes {
		c.count(fmt.Sprintf("sizes[%d]", i), size, 1)
	}
	for _, v := range []float64{p.SizeSigma, p.SizeLoc, p.SizeScale} {
		if !(v >= 0 && v <= 100) {
			c.fail("the distribution of sizes has the parameter %v, outside [0,100]", v)
		}
	}
	if p.Racks > 0 && p.ServersPerRack == 0 {
		c.fail("there are racks, but servers-per-rack is 0; set racks to 0 for none")
	}
	c.rates(p.HostRate, p.CellRate, p.UpRate, p.DownRate, p.CloudletRate)
	return c.err()
}

// maxSize bounds what a draw may give: the distribution has no upper end.
const maxSize = 1000

// sizes are the sizes given, or drawn ones of at least 1.
func (p UrbanSensing) sizes() []int {
	if p.Sizes != nil {
		return p.Sizes
	}
	random := rand.New(rand.NewPCG(p.Seed, 0))
	sizes := make([]int, p.Neighbourhoods)
	for i := range sizes {
		drawn := Lognormal{p.SizeSigma, p.SizeLoc, p.SizeScale}.draw(random)
		sizes[i] = int(min(max(drawn, 1), maxSize))
	}
	return sizes
}

// neighbourhood adds the boxes of one medium and its mobile backhaul.
func (p UrbanSensing) neighbourhood(b *builder, size int, to topology.Vertex) {
	n := b.nextNumber("shared")
	medium := link(fmt.Sprintf("link_%d", n), topology.Shared, p.CellRate)
	for range size {
		box := switchOf(b.lan())
		b.hosts(pi, p.PisPerBox, p.HostRate, box)
		b.join(box, medium)
	}
	if p.NUCs+p.TX2sPerSize > 0 {
		box := switchOf(b.lan())
		b.hosts(nuc, p.NUCs, p.HostRate, box)
		b.hosts(tx2, p.TX2sPerSize*size, p.HostRate, box)
		b.join(box, medium)
	}
	b.access(fmt.Sprintf("shared_%d", n), p.UpRate, p.DownRate, medium, to)
}
