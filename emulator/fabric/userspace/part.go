package userspace

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/machines"
)

// Part is which part of a network over several machines the fabric of one of them carries, and how it gets at the
// others. Each of them is given the same network, with all stations; the namespaces of those of other machines are not
// looked at.
type Part struct {
	Partition machines.Partition
	Self      int        // index into Partition.Machines
	Addresses []string   // host:port at which each machine's Listener is reached from here; that of Self is not used
	Key       runkey.Key // that of all of them

	// Listener is where the others connect. The fabric takes it over: its process accepts, also one that is started
	// anew, and Close closes it.
	Listener *net.TCPListener `json:"-"`

	skew skew // for tests
}

// partRequest is what a process is told of a Part; its listener it has inherited.
type partRequest struct {
	Partition machines.Partition
	Self      int
	Addresses []string
	Key       runkey.Key
	Shift     int64   // see skew
	Drift     float64 // see skew
}

func (p *Part) request() *partRequest {
	return &partRequest{p.Partition, p.Self, p.Addresses, p.Key, p.skew.shift, p.skew.drift}
}

// skew makes a machine's clock another one, as the machines of one host would else have the same.
type skew struct {
	shift int64   // ns
	drift float64 // ns a ns
}

// from is what the clock shows at an instant, and to the instant at which it shows that.
func (s skew) from(t int64) int64 { return t + s.shift + int64(s.drift*float64(t)) }

func (s skew) to(t int64) int64 { return int64(float64(t-s.shift) / (1 + s.drift)) }

// mix makes a network's fingerprint that of the part of it that a machine carries, and of how it gets at the others.
func (f fingerprint) mix(part *partRequest) fingerprint {
	p := &part.Partition
	b := binary.AppendVarint(f[:], int64(part.Self))
	for i, at := range part.Addresses {
		if i != part.Self {
			b = fmt.Appendf(b, "%q", at)
		}
	}
	b = append(b, part.Key[:]...)
	for _, m := range p.Machines {
		b = fmt.Appendf(b, "%q", m.ID)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Of)) {
		b = fmt.Appendf(b, "%q %d", name, p.Of[name])
	}
	b = fmt.Appendf(b, "%d %v", p.Floor, p.Pairs)
	return sha256.Sum256(b)
}

// stateOfPart is stateOf where the fabric carries a part; nil: all of it.
func stateOfPart(n fabric.Network, p *Part) (state, error) {
	s, err := stateOf(n)
	if p != nil {
		s.Structure = s.Structure.mix(p.request())
	}
	return s, err
}
