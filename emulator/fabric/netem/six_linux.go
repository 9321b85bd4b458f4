package netem

import (
	"net/netip"
	"os"
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
		return []netip.Prefix{s.address, s.address6}
	}
	return []netip.Prefix{s.address}
}

// routes6 adds to a space's routes those of IPv6: the same, for a station's address follows from its IPv4 one.
func (v *view) routes6(i int, all map[netip.Prefix]routeObserved) {
	if !hasSix() || len(v.n.Stations) == 0 {
		return
	}
	s := &v.l.spaces[i]
	var added []routeObserved
	for to, r := range all {
		r.dst, r.scope = fabric.Route6(v.n.Stations[0].Addr, to), unix.RT_SCOPE_UNIVERSE
		if lo := v.state[i].byName("lo"); lo != nil && r.out == lo.index {
			// The kernel would say of a route by the loopback that it is unreachable.
			r.kind, r.out = unix.RTN_BLACKHOLE, 0
		}
		if r.src.IsValid() {
			r.src = s.address6.Addr()
		}
		if r.kind != unix.RTN_UNICAST {
			r.src = netip.Addr{}
		}
		added = append(added, r)
	}
	for _, r := range added {
		all[r.dst] = r
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
