package netem

import (
	"net/netip"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// hasSix says whether the kernel has IPv6. Without it there is none of what follows.
var hasSix = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/sys/net/ipv6/conf")
	return err == nil
})

// families are those of addresses and routes.
func families() []uint8 {
	if hasSix() {
		return []uint8{unix.AF_INET, unix.AF_INET6}
	}
	return []uint8{unix.AF_INET}
}

func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// wantedAddresses are those that a space answers with; none: it has no station's and is not the fabric's.
func (s *space) wantedAddresses() []netip.Prefix {
	switch {
	case !s.address.IsValid():
		return nil
	case hasSix():
		return append([]netip.Prefix{s.address, s.address6}, s.further...)
	}
	isSix := func(p netip.Prefix) bool { return p.Addr().Is6() }
	return append([]netip.Prefix{s.address}, slices.DeleteFunc(slices.Clone(s.further), isSix)...)
}

// routes6 adds to a space's routes those of IPv6: the same, for a station's address follows from its IPv4 one.
func (v *view) routes6(i int, all map[netip.Prefix]routeObserved) {
	if !hasSix() || len(v.n.Stations) == 0 {
		return
	}
	var added []routeObserved
	for to, r := range all {
		r.dst = fabric.Route6(v.n.Stations[0].Addr, to)
		added = append(added, v.as6(i, r))
	}
	for _, r := range added {
		all[r.dst] = r
	}
}

// as6 is a route as the kernel holds one of IPv6.
func (v *view) as6(i int, r routeObserved) routeObserved {
	r.scope = unix.RT_SCOPE_UNIVERSE
	if lo := v.state[i].byName("lo"); lo != nil && r.out == lo.index {
		// The kernel would say of a route by the loopback that it is unreachable.
		r.kind, r.out = unix.RTN_BLACKHOLE, 0
	}
	if r.src.IsValid() {
		r.src = v.l.spaces[i].address6.Addr()
	}
	if r.kind != unix.RTN_UNICAST {
		r.src = netip.Addr{}
	}
	return r
}

// furtherRoutes adds those of further addresses, and of networks that routes of stations lead to.
func (v *view) furtherRoutes(i int, all map[netip.Prefix]routeObserved) {
	if s := v.l.spaces[i].station; s >= 0 {
		next := v.n.Stations[s].Next()
		for _, r := range v.l.routes[i] { // what its own routes are for, too, goes by them alone
			own := v.n.Stations[r.dest].Addr
			for _, a := range []netip.Addr{own.Addr(), fabric.Addr6(own).Addr()} {
				if by := fabric.Towards(next, a); by != nil && by.Via != fabric.None {
					delete(all, netip.PrefixFrom(a, a.BitLen()))
				}
			}
		}
	}
	for to, t := range v.l.further(v.n, i, v.table(i)[anywhere]) {
		r, leads := v.routeTo(i, to, t)
		if to.Addr().Is6() && !hasSix() || !leads {
			continue
		}
		if to.Addr().Is6() {
			r = v.as6(i, r)
		}
		all[to] = r
	}
}

// defaultPriority is what the kernel gives a route of IPv6 without one.
const defaultPriority = 1024

// plain6 makes what the kernel tells of an IPv6 route comparable.
func (r *routeObserved) plain6() {
	if r.priority == defaultPriority {
		r.priority = 0
	}
	if r.kind != unix.RTN_UNICAST {
		r.out = 0
	}
}
