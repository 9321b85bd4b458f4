package netem

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
)

// difference is one thing of a space that is not as wanted.
type difference struct {
	port int // of the space, or:
	what string
	mend func(e *entered) error // nil: it is mended elsewhere, or cannot be
	last bool                   // mending changes what else was observed of the space
}

// What a difference concerns that is no port.
const (
	ofMedium = -1 // the queue of a medium
	ofSpace  = -2
)

// differences lists what of a space is not as wanted, in the order in which it has to be mended.
func (v *view) differences(i int) []difference {
	o, s := v.state[i], &v.l.spaces[i]
	if o == nil {
		return nil
	}
	all := append(v.variableDifferences(i), v.loopbackDifferences(i)...)
	if s.medium {
		all = append(all, v.mediumDifferences(i)...)
	}
	misnamed := v.misnamed(i)
	for at := range s.ports {
		d := v.bound[portID{i, at}]
		if d == nil {
			all = append(all, difference{port: at, what: v.whyMissing(i, at)})
			continue
		}
		all = append(all, v.portDifferences(i, at, d, misnamed[at])...)
		all = append(all, v.netemDifferences(portID{i, at}, d)...)
	}
	return append(append(all, v.routeDifferences(i)...), v.policyDifferences(i)...)
}

// whyMissing says why a port has no device.
func (v *view) whyMissing(i, at int) string {
	p := v.l.spaces[i].ports[at]
	peer := v.l.pairs[p.pair].space[1-p.end]
	if v.spaces[peer] == nil {
		return "the device to " + v.name(peer) + " is missing, whose network namespace is not there"
	}
	return "the device to " + v.name(peer) + " is missing"
}

func (v *view) variableDifferences(i int) []difference {
	altered := v.state[i].altered
	if len(altered) == 0 {
		return nil
	}
	return []difference{{port: ofSpace, what: abridged(altered), mend: func(*entered) error { return v.setVariables(i) }}}
}

// setVariables sets all variables of a space.
func (v *view) setVariables(i int) error {
	return v.spaces[i].do(func() error {
		forwards := v.l.spaces[i].station < 0
		return errors.Join(station.Settle(forwards), station.Tune(v.variables(i)))
	})
}

// loopbackDifferences: the loopback is up, and has the address with which one of the fabric's own namespaces
// answers, or that of a station with several devices, so that it stays when one of them goes.
func (v *view) loopbackDifferences(i int) []difference {
	s := &v.l.spaces[i]
	d := v.state[i].byName("lo")
	if d == nil {
		return []difference{{port: ofSpace, what: "there is no lo"}}
	}
	var all []difference
	if !d.up() {
		all = append(all, difference{port: ofSpace, what: "lo is down", mend: func(e *entered) error {
			return e.setFlags(d.index, unix.IFF_UP, unix.IFF_UP)
		}})
	}
	if s.address.IsValid() && (s.station < 0 || len(s.ports) > 1) {
		all = append(all, v.addressDifference(i, ofSpace, d)...)
	}
	for _, a := range v.state[i].addresses[d.index] {
		if s.station < 0 && a != s.address && a != s.address6 && !a.Addr().IsLoopback() {
			all = append(all, difference{port: ofSpace, what: "lo has " + a.String(), last: true,
				mend: func(e *entered) error { return e.setAddress(d.index, a, false) }})
		}
	}
	return all
}

// addressDifference: a device has the space's addresses, and none that an earlier network has given it.
func (v *view) addressDifference(i, port int, d *device) (all []difference) {
	for _, want := range v.l.spaces[i].wantedAddresses() {
		if slices.Contains(v.state[i].addresses[d.index], want) {
			continue
		}
		all = append(all, difference{port: port, what: fmt.Sprintf("%s lacks the address %s", d.name, want.Addr()),
			mend: func(e *entered) error { return e.setAddress(d.index, want, true) }})
	}
	if s := v.l.spaces[i].station; s >= 0 {
		for _, a := range v.former[v.n.Stations[s].NetNS] {
			if slices.Contains(v.state[i].addresses[d.index], a) {
				all = append(all, difference{port: port, what: fmt.Sprintf("%s has the address %s still", d.name, a.Addr()),
					mend: func(e *entered) error { return e.setAddress(d.index, a, false) }})
			}
		}
	}
	return all
}

// flagDifference: a device is up, and asks nobody for addresses.
func flagDifference(port int, d *device) []difference {
	const want = unix.IFF_UP | unix.IFF_NOARP
	if d.flags&want == want {
		return nil
	}
	what := d.name + " is down"
	if d.up() {
		what = d.name + " uses ARP"
	}
	return []difference{{port: port, what: what, mend: func(e *entered) error { return e.setFlags(d.index, want, want) }}}
}

// mtuDifference: a device takes packets of the size that its link does.
func mtuDifference(port int, d *device, mtu uint32) []difference {
	if d.mtu == mtu {
		return nil
	}
	return []difference{{port: port, what: fmt.Sprintf("%s has an MTU of %d", d.name, d.mtu),
		mend: func(e *entered) error { return e.setLink(d.index, unix.IFLA_MTU, word(mtu)) }}}
}

// mediumDifferences: a medium has the device that is its queue.
func (v *view) mediumDifferences(i int) []difference {
	d := v.state[i].byName(ifbName)
	if d != nil && d.kind != "ifb" {
		return []difference{{port: ofMedium, what: ifbName + " is of another kind", last: true,
			mend: func(e *entered) error { return e.remove(d.index) }}}
	}
	if d == nil {
		return []difference{{port: ofMedium, what: "its device is missing", mend: (*entered).makeMedium, last: true}}
	}
	all := append(flagDifference(ofMedium, d), mtuDifference(ofMedium, d, v.l.mtu(v.n, i, ofMedium))...)
	return append(all, v.netemDifferences(portID{i, ofMedium}, d)...)
}

// portDifferences are those of a port's device.
func (v *view) portDifferences(i, at int, d *device, name string) []difference {
	s := &v.l.spaces[i]
	var all []difference
	if name != "" {
		all = append(all, difference{port: at, what: d.name + " should be " + name, last: true, mend: func(e *entered) error {
			if err := e.setFlags(d.index, 0, unix.IFF_UP); err != nil { // older kernels rename nothing that is up
				return err
			}
			return e.setLink(d.index, unix.IFLA_IFNAME, append([]byte(name), 0))
		}})
	}
	all = append(all, mtuDifference(at, d, v.l.mtu(v.n, i, at))...)
	all = append(all, flagDifference(at, d)...)
	if s.station < 0 {
		return append(all, v.ingressDifferences(i, at, d)...)
	}
	if may, known := v.bursts[portID{i, at}]; known {
		all = append(all, burstDifference(at, d, may)...)
	}
	if d.name == fabric.Interface {
		all = append(all, v.addressDifference(i, at, d)...)
	}
	return all
}

// maxSegments is the kernel's own limit of segments that are handed over as one.
const maxSegments = 65535

// burstDifference: a station's sockets hand over one packet at a time, unless no queue on the way minds.
func burstDifference(at int, d *device, may bool) []difference {
	want := uint32(1)
	if may {
		want = maxSegments
	}
	if d.segments == want || d.segments == 0 {
		return nil
	}
	what := d.name + " hands over bursts of segments as one packet"
	if may {
		what = d.name + " hands over every packet alone"
	}
	return []difference{{port: at, what: what, mend: func(e *entered) error {
		if err := e.setLink(d.index, unix.IFLA_GSO_MAX_SEGS, word(want)); err != nil {
			return err
		}
		// Connections that there are look at the device again when their route does not hold any more.
		return e.do(func() error { return station.Sysctl("net/ipv4/route/flush", "1") })
	}}}
}
