package netem

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// routeOrigin is the protocol of the fabric's routes, by which they are told from those that programs in a
// station make.
const routeOrigin = 116

// routeObserved is a route as the kernel holds it.
type routeObserved struct {
	table    uint32
	dst      netip.Prefix
	kind     uint8 // unix.RTN_...
	scope    uint8
	protocol uint8
	tos      uint8
	priority uint32
	out      int // device; 0: none, or several
	gateway  bool
	src      netip.Addr
}

// main tells whether packets without marks go by the route, where it is the only one of its prefix.
func (r *routeObserved) main() bool { return r.tos == 0 && r.priority == 0 }

// as tells whether the routes do the same.
func (r *routeObserved) as(o routeObserved) bool {
	return r.table == o.table && r.dst == o.dst && r.kind == o.kind && r.tos == o.tos && r.priority == o.priority &&
		r.out == o.out && r.gateway == o.gateway && r.src == o.src && r.scope == o.scope && r.protocol == o.protocol
}

// routes lists the tables, but for the kernel's own: all of IPv4's, and the fabric's own routes of IPv6's, where the
// kernel makes some itself.
func (e *entered) routes() (all []routeObserved, err error) {
	for _, family := range families() {
		some, err := e.routesOf(family)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (e *entered) routesOf(family uint8) ([]routeObserved, error) {
	ask := nl.NewRtMsg()
	ask.RtMsg = unix.RtMsg{Family: family}
	messages, err := e.dump(unix.RTM_GETROUTE, unix.RTM_NEWROUTE, ask)
	if err != nil {
		return nil, err
	}
	var all []routeObserved
	for _, m := range messages {
		head := nl.DeserializeRtMsg(m)
		if head.Table == unix.RT_TABLE_LOCAL || head.Flags&unix.RTM_F_CLONED != 0 || head.Family != family ||
			family == unix.AF_INET6 && head.Protocol != routeOrigin {
			continue
		}
		attrs, err := nl.ParseRouteAttr(m[head.Len():])
		if err != nil {
			return nil, err
		}
		r := routeObserved{table: uint32(head.Table), kind: head.Type, scope: head.Scope, protocol: head.Protocol,
			tos: head.Tos}
		to := netip.IPv4Unspecified()
		if family == unix.AF_INET6 {
			to = netip.IPv6Unspecified()
		}
		for _, a := range attrs {
			switch a.Attr.Type {
			case unix.RTA_TABLE:
				r.table = u32(a.Value)
			case unix.RTA_DST:
				to, _ = netip.AddrFromSlice(a.Value)
			case unix.RTA_PREFSRC:
				r.src, _ = netip.AddrFromSlice(a.Value)
			case unix.RTA_OIF:
				r.out = int(u32(a.Value))
			case unix.RTA_PRIORITY:
				r.priority = u32(a.Value)
			case unix.RTA_GATEWAY, unix.RTA_VIA, unix.RTA_MULTIPATH, unix.RTA_ENCAP:
				r.gateway = true
			}
		}
		if r.dst = netip.PrefixFrom(to, int(head.Dst_len)); family == unix.AF_INET6 {
			r.plain6()
		}
		all = append(all, r)
	}
	return all, nil
}

// setRoute makes a route in the place of the one of its prefix, or removes it.
func (e *entered) setRoute(r routeObserved, there bool) error {
	ask, flags := unix.RTM_NEWROUTE, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_REPLACE
	if !there {
		ask, flags = unix.RTM_DELROUTE, unix.NLM_F_ACK
	}
	req := nl.NewNetlinkRequest(ask, flags)
	msg := nl.NewRtMsg()
	msg.Family, msg.Dst_len, msg.Type, msg.Tos = family(r.dst.Addr()), uint8(r.dst.Bits()), r.kind, r.tos
	msg.Scope, msg.Protocol = r.scope, r.protocol
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(unix.RTA_TABLE, nl.Uint32Attr(r.table)))
	if r.dst.Bits() > 0 {
		req.AddData(nl.NewRtAttr(unix.RTA_DST, r.dst.Addr().AsSlice()))
	}
	if r.out > 0 && !r.gateway {
		req.AddData(nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(r.out))))
	}
	if r.src.IsValid() {
		req.AddData(nl.NewRtAttr(unix.RTA_PREFSRC, r.src.AsSlice()))
	}
	if r.priority > 0 {
		req.AddData(nl.NewRtAttr(unix.RTA_PRIORITY, nl.Uint32Attr(r.priority)))
	}
	return e.execute(req)
}

// routeDifferences: the main table is as wanted. Of a station's other routes only the fabric's own are removed.
func (v *view) routeDifferences(i int) []difference {
	want := v.routes(i)
	var add, remove []difference
	right := map[netip.Prefix]bool{}
	isRight := func(r *routeObserved) bool { w, wanted := want[r.dst]; return wanted && r.as(w) && !right[r.dst] }
	var wrong []routeObserved
	for _, r := range v.state[i].routes {
		if isRight(&r) {
			right[r.dst] = true
		} else {
			wrong = append(wrong, r)
		}
	}
	for _, r := range wrong {
		if _, wanted := want[r.dst]; wanted && r.main() && !right[r.dst] {
			continue // it is replaced
		}
		if v.l.spaces[i].station < 0 || r.protocol == routeOrigin {
			remove = append(remove, difference{port: ofSpace, what: "there is a route to " + r.dst.String(),
				mend: func(e *entered) error { return e.setRoute(r, false) }})
		}
	}
	for _, to := range slices.SortedFunc(maps.Keys(want), netip.Prefix.Compare) {
		if !right[to] {
			add = append(add, difference{port: ofSpace, what: "the route to " + to.String() + " is missing or another",
				mend: func(e *entered) error { return e.setRoute(want[to], true) }})
		}
	}
	return append(add, remove...) // first what is added, so that packets always have a way
}

// routes is a space's main table, as far as there are devices for it.
func (v *view) routes(i int) map[netip.Prefix]routeObserved {
	all := map[netip.Prefix]routeObserved{}
	for to, t := range v.table(i) {
		if r, leads := v.routeTo(i, to, t); leads {
			all[to] = r
		}
	}
	v.routes6(i, all)
	v.furtherRoutes(i, all)
	return all
}

// routeTo is the route of a space to a target, of IPv4; false where there is no device for it.
func (v *view) routeTo(i int, to netip.Prefix, t target) (r routeObserved, leads bool) {
	r = routeObserved{table: unix.RT_TABLE_MAIN, dst: to, kind: unix.RTN_UNICAST, scope: unix.RT_SCOPE_LINK,
		protocol: routeOrigin}
	switch {
	case t == unreachable:
		r.kind, r.scope = unix.RTN_UNREACHABLE, unix.RT_SCOPE_UNIVERSE
	case t == nowhere: // a packet for somebody else ends at the loopback, and nobody is told
		if lo := v.state[i].byName("lo"); lo != nil {
			r.out = lo.index
		}
	default:
		if d := v.bound[portID{i, t.port}]; d != nil {
			r.out = d.index
		}
	}
	if s := &v.l.spaces[i]; s.station >= 0 && t != unreachable {
		r.src = s.address.Addr()
	}
	return r, t == unreachable || r.out != 0
}
