package netem

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/vishvananda/netlink"

	"testbed/emulator/internal/lazy"
)

const (
	mtu         = 1500
	queueLength = 1000
)

// bind finds the device of every port: both ends of a pair have its hardware address, and each the other as peer.
func (v *view) bind() {
	v.bound = map[portID]*device{}
	ours := make([]map[uint32]*device, len(v.l.spaces))
	for i, o := range v.state {
		ours[i] = map[uint32]*device{}
		for d := range devicesOf(o) {
			if ours[i][d.id()] == nil {
				ours[i][d.id()] = d
			}
		}
	}
	for i := range v.l.pairs {
		p := &v.l.pairs[i]
		a, b := ours[p.space[0]][p.id], ours[p.space[1]][p.id]
		if a != nil && b != nil && a.peer == b.index && b.peer == a.index {
			v.bound[portID{p.space[0], p.port[0]}], v.bound[portID{p.space[1], p.port[1]}] = a, b
		}
	}
}

// id is that of the pair that one of the fabric's devices belongs to.
func (d *device) id() uint32 { return binary.BigEndian.Uint32(d.hardware[len(ownHardware):]) }

// devicesOf yields the fabric's devices of a space.
func devicesOf(o *observed) func(yield func(*device) bool) {
	return func(yield func(*device) bool) {
		for i := 0; o != nil && i < len(o.devices); i++ {
			if d := &o.devices[i]; d.ours() && !yield(d) {
				return
			}
		}
	}
}

// strays are a space's devices of the fabric's that belong to no pair of this network, or to half of one.
func (v *view) strays(i int) []*device {
	bound := map[int]bool{}
	for at := range v.l.spaces[i].ports {
		if d := v.bound[portID{i, at}]; d != nil {
			bound[d.index] = true
		}
	}
	var all []*device
	for d := range devicesOf(v.state[i]) {
		if !bound[d.index] {
			all = append(all, d)
		}
	}
	return all
}

// pairNames are what the ends of pairs are called. Nothing hangs on the number, but that a station's address is at
// eth0: a device keeps its name while others come and go.
var pairNames = lazy.Regexp(`^eth[0-9]+$`)

// names are the names of a space's devices, but for those that are going to be removed.
func (v *view) names(i int) map[string]bool {
	taken := map[string]bool{}
	for _, d := range v.state[i].devices {
		taken[d.name] = true
	}
	for _, d := range v.strays(i) {
		delete(taken, d.name)
	}
	return taken
}

// free is the first name that is not taken, and takes it.
func free(taken map[string]bool) string {
	for n := 0; ; n++ {
		if name := "eth" + strconv.Itoa(n); !taken[name] {
			taken[name] = true
			return name
		}
	}
}

// misnamed gives the ports of a space whose devices have to be renamed their names.
func (v *view) misnamed(i int) map[int]string {
	s, all := &v.l.spaces[i], map[int]string{}
	complete, first := true, false // all ports are there, and one of them is eth0
	for at := range s.ports {
		d := v.bound[portID{i, at}]
		complete, first = complete && d != nil, first || d != nil && d.name == "eth0"
	}
	taken := v.names(i)
	for at := range s.ports {
		d := v.bound[portID{i, at}]
		if d != nil && (!pairNames().MatchString(d.name) || s.station >= 0 && at == 0 && complete && !first) {
			all[at] = free(taken)
		}
	}
	return all
}

// makePair makes a pair's two devices; neither may be there.
func (v *view) makePair(pair *pair, names [2]string) error {
	a, b := v.spaces[pair.space[0]], v.spaces[pair.space[1]]
	address := pair.hardware()
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: names[0], MTU: mtu, TxQLen: queueLength, HardwareAddr: address})
	veth.PeerName, veth.PeerHardwareAddr, veth.PeerTxQLen, veth.PeerMTU = names[1], address, queueLength, mtu
	veth.PeerNamespace = netlink.NsFd(int(b.ns))
	h, err := a.links()
	if err == nil {
		err = h.LinkAdd(veth)
	}
	if err != nil {
		return fmt.Errorf("veth pair of %s and %s: %w", v.name(pair.space[0]), v.name(pair.space[1]), err)
	}
	return nil
}
