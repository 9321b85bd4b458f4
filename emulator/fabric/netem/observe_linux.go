package netem

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// device is a network interface as the kernel holds it.
type device struct {
	index    int
	name     string
	kind     string // e.g. veth
	hardware net.HardwareAddr
	flags    uint32
	mtu      uint32
	segments uint32 // that its sockets may hand over as one; 0: unknown
	peer     int    // index of a pair's other end in its namespace
}

func (d *device) up() bool { return d.flags&unix.IFF_UP != 0 }

// ours says whether the device is an end of a pair of the fabric's, of this network or an earlier one.
func (d *device) ours() bool { return d.kind == "veth" && isOwnHardware(d.hardware) }

// observed is what a namespace holds.
type observed struct {
	devices   []device
	addresses map[int][]netip.Prefix // by device
	routes    []routeObserved
	own       []routeObserved     // of stations' tables; only of what forwards
	rules     []rule              // of the policy database, but for the kernel's own; only of what forwards
	qdiscs    map[int][]qdisc     // by device
	filters   map[int]redirection // by device; only a medium's ports
	altered   []string            // variables that are not as wanted, and what they are
}

func (o *observed) byName(name string) *device {
	for i := range o.devices {
		if o.devices[i].name == name {
			return &o.devices[i]
		}
	}
	return nil
}

// observe reads what a namespace holds; of one that forwards the policy of its routes, and of a medium's what is done
// to what enters by its devices, too.
func (e *entered) observe(forwards, medium bool) (*observed, error) {
	o := &observed{addresses: map[int][]netip.Prefix{}, filters: map[int]redirection{}}
	var err error
	if o.devices, err = e.devices(); err != nil {
		return nil, fmt.Errorf("reading interfaces: %w", err)
	}
	if err := e.readAddresses(o.addresses); err != nil {
		return nil, fmt.Errorf("reading addresses: %w", err)
	}
	routes, err := e.routes()
	if err != nil {
		return nil, fmt.Errorf("reading routes: %w", err)
	}
	for _, r := range routes {
		switch {
		case r.table == unix.RT_TABLE_MAIN:
			o.routes = append(o.routes, r)
		case forwards:
			o.own = append(o.own, r)
		}
	}
	if forwards {
		if o.rules, err = e.rules(); err != nil {
			return nil, fmt.Errorf("reading rules: %w", err)
		}
	}
	if o.qdiscs, err = e.qdiscs(); err != nil {
		return nil, fmt.Errorf("reading queueing disciplines: %w", err)
	}
	for i := range o.devices {
		d := &o.devices[i]
		if !medium || !slices.ContainsFunc(o.qdiscs[d.index], func(q qdisc) bool { return q.parent == ingressParent }) {
			continue
		}
		if o.filters[d.index], err = e.redirection(d.index); err != nil {
			return nil, fmt.Errorf("reading filters of %s: %w", d.name, err)
		}
	}
	return o, nil
}

// observeQueues reads a namespace's devices and queueing disciplines alone.
func (e *entered) observeQueues() (*observed, error) {
	o := &observed{}
	var err error
	if o.devices, err = e.devices(); err != nil {
		return nil, fmt.Errorf("reading interfaces: %w", err)
	}
	if o.qdiscs, err = e.qdiscs(); err != nil {
		return nil, fmt.Errorf("reading queueing disciplines: %w", err)
	}
	return o, nil
}

// skipStatistics asks for devices without their counters (RTEXT_FILTER_SKIP_STATS in linux/rtnetlink.h).
const skipStatistics = 1 << 3

// devices lists the namespace's interfaces.
func (e *entered) devices() ([]device, error) {
	messages, err := e.dump(unix.RTM_GETLINK, unix.RTM_NEWLINK, nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(skipStatistics)))
	if err != nil {
		return nil, err
	}
	var all []device
	for _, m := range messages {
		head := nl.DeserializeIfInfomsg(m)
		attrs, err := nl.ParseRouteAttr(m[head.Len():])
		if err != nil {
			return nil, err
		}
		d := device{index: int(head.Index), flags: head.Flags, peer: int(head.Index)}
		for _, a := range attrs {
			switch a.Attr.Type &^ unix.NLA_F_NESTED {
			case unix.IFLA_IFNAME:
				d.name = unix.ByteSliceToString(a.Value)
			case unix.IFLA_ADDRESS:
				d.hardware = a.Value
			case unix.IFLA_MTU:
				d.mtu = u32(a.Value)
			case unix.IFLA_GSO_MAX_SEGS:
				d.segments = u32(a.Value)
			case unix.IFLA_LINK:
				d.peer = int(u32(a.Value))
			case unix.IFLA_LINKINFO:
				d.kind = kindOf(a.Value)
			}
		}
		all = append(all, d)
	}
	return all, nil
}

func kindOf(info []byte) string {
	attrs, err := nl.ParseRouteAttr(info)
	if err != nil {
		return ""
	}
	for _, a := range attrs {
		if a.Attr.Type == unix.IFLA_INFO_KIND {
			return unix.ByteSliceToString(a.Value)
		}
	}
	return ""
}

// readAddresses reads the namespace's addresses.
func (e *entered) readAddresses(into map[int][]netip.Prefix) error {
	var messages [][]byte
	for _, family := range families() {
		more, err := e.dump(unix.RTM_GETADDR, unix.RTM_NEWADDR, nl.NewIfAddrmsg(int(family)))
		if err != nil {
			return err
		}
		messages = append(messages, more...)
	}
	for _, m := range messages {
		head := nl.DeserializeIfAddrmsg(m)
		attrs, err := nl.ParseRouteAttr(m[unix.SizeofIfAddrmsg:])
		if err != nil {
			return err
		}
		for _, a := range attrs {
			if a.Attr.Type != unix.IFA_LOCAL && (head.Family != unix.AF_INET6 || a.Attr.Type != unix.IFA_ADDRESS) {
				continue
			}
			if address, ok := netip.AddrFromSlice(a.Value); ok {
				index := int(head.Index)
				into[index] = append(into[index], netip.PrefixFrom(address, int(head.Prefixlen)))
			}
		}
	}
	return nil
}

// setAddress adds an address to a device, or removes it.
func (e *entered) setAddress(index int, p netip.Prefix, there bool) error {
	ask, flags := unix.RTM_NEWADDR, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_REPLACE
	if !there {
		ask, flags = unix.RTM_DELADDR, unix.NLM_F_ACK
	}
	req := nl.NewNetlinkRequest(ask, flags)
	msg := nl.NewIfAddrmsg(int(family(p.Addr())))
	msg.Index, msg.Prefixlen, msg.Scope = uint32(index), uint8(p.Bits()), unix.RT_SCOPE_UNIVERSE
	msg.Flags = unix.IFA_F_NODAD // nobody else has it; for IPv4 it means nothing
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(unix.IFA_LOCAL, p.Addr().AsSlice()))
	req.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, p.Addr().AsSlice()))
	return e.execute(req)
}
