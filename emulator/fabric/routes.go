package fabric

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"testbed/emulator/topology"
)

// What a station may have at most, beside its own address.
const (
	MostAddresses = 64
	MostRoutes    = 1024
)

// Route is a station's way to a network.
type Route struct {
	To  netip.Prefix // of IPv4 or IPv6, without bits of a host
	Via topology.ID  // another station, to which packets go first; what becomes of them is its affair
}

// None stands for no station.
const None topology.ID = -1

// Routed says whether some station of a network has more than its own address. All of them then send to the fabric what
// is for networks that they know nothing of.
func Routed(n *Network) bool {
	return slices.ContainsFunc(n.Stations, func(s Station) bool { return len(s.Addresses)+len(s.Routes) > 0 })
}

// Next lists where a station that has routes sends packets, the most specific first: those of its own networks straight
// on (Via: None), and others by way of whom its routes name. A station without routes has none.
func (s *Station) Next() []Route {
	if len(s.Routes) == 0 {
		return nil
	}
	all := []Route{{s.Addr.Masked(), None}, {Addr6(s.Addr).Masked(), None}}
	for _, a := range s.Addresses {
		all = append(all, Route{a.Masked(), None})
	}
	all = append(all, s.Routes...)
	// Of equal ones the station's own network is first, as in a kernel's table.
	slices.SortStableFunc(all, func(a, b Route) int { return b.To.Bits() - a.To.Bits() })
	return all
}

// Towards is the first of the list Next that an address lies in; nil: none.
func Towards(next []Route, to netip.Addr) *Route {
	for i := range next {
		if next[i].To.Contains(to) {
			return &next[i]
		}
	}
	return nil
}

// CheckRoutes says what is wrong with the further addresses and the routes of a network's stations: those that no
// interface can have, that two stations have, and ways by way of what is no other station.
func CheckRoutes(n Network) error {
	if !Routed(&n) {
		return nil
	}
	name := func(id topology.ID) string {
		if id < 0 || int(id) >= len(n.Topology.Vertices) {
			return fmt.Sprintf("vertex %d", id)
		}
		return n.Topology.Vertices[id].Name
	}
	owner, stations := map[netip.Addr]topology.ID{}, map[topology.ID]bool{}
	for _, s := range n.Stations {
		stations[s.ID], owner[s.Addr.Addr()] = true, s.ID
	}
	var errs []error
	for i := range n.Stations {
		s := &n.Stations[i]
		if len(s.Addresses) > MostAddresses || len(s.Routes) > MostRoutes {
			return fmt.Errorf("station %s has %d further addresses and %d routes, and may have %d and %d",
				name(s.ID), len(s.Addresses), len(s.Routes), MostAddresses, MostRoutes)
		}
		for _, a := range s.Addresses {
			other, taken := owner[a.Addr()]
			switch owner[a.Addr()] = s.ID; {
			case !a.IsValid() || a.Bits() == 0 || topology.Reserved(a.Addr()) || s.Addr.Masked().Contains(a.Addr()):
				errs = append(errs, fmt.Errorf("station %s cannot have the address %v", name(s.ID), a))
			case taken:
				errs = append(errs, fmt.Errorf("stations %s and %s have the same address %v", name(other), name(s.ID), a.Addr()))
			}
		}
		for _, r := range s.Routes {
			switch {
			case !r.To.IsValid() || r.To.Masked() != r.To:
				errs = append(errs, fmt.Errorf("station %s: there is no network %v", name(s.ID), r.To))
			case !stations[r.Via] || r.Via == s.ID:
				errs = append(errs, fmt.Errorf("station %s: %v is not to be reached by way of %s, which is no other station",
					name(s.ID), r.To, name(r.Via)))
			}
		}
	}
	return errors.Join(errs...)
}

// Gateway is the address of a station that a route of a version of IP leads to.
func Gateway(to netip.Prefix, via Station) netip.Addr {
	if to.Addr().Is4() {
		return via.Addr.Addr()
	}
	return Addr6(via.Addr).Addr()
}

// LinkLocal6 is a station's address in its segment (RFC 4291, 2.5.6): of a hardware address that follows from its IPv4
// one.
func LinkLocal6(of netip.Addr) netip.Prefix {
	a := of.As4()
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{
		0xfe, 0x80, 8: 0x00, 9: 0x74, 10: a[0], 11: 0xff, 12: 0xfe, 13: a[1], 14: a[2], 15: a[3],
	}), bits6)
}
