package netem

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// Namespaces route by destination: a packet that a station sends by way of another one passes those between the two as
// everybody's packets for that destination do, as long as all routes of stations that lead through a namespace agree
// there on where a network is, and no further address of a station lies in it that is elsewhere. Where they do not,
// stations have tables of their own there (policy.go), but for those that forward: what these send on has anybody's
// addresses, so that their routes have to agree.

// demand is where routes of stations want a network to be, in a space.
type demand struct {
	port int
	by   []int // indices of the stations
}

// detour takes further addresses and routes from a network. It fails where routes of stations that forward contradict
// one another.
func (l *layout) detour(n *fabric.Network) error {
	l.detours, l.own = make([]map[netip.Prefix]int, len(l.spaces)), make([]map[int]*ownWays, len(l.spaces))
	if !fabric.Routed(n) {
		return nil
	}
	if err := fabric.CheckRoutes(*n); err != nil {
		return err
	}
	var errs []error
	for i, legs := range l.legs(n) {
		networks := demands(legs)
		if l.spaces[i].station < 0 && l.contradictions(n, i, networks) != nil {
			networks = demands(l.setApart(n, i, legs))
			errs = append(errs, l.contradictions(n, i, networks))
		}
		for to, d := range networks {
			if l.detours[i] == nil {
				l.detours[i] = map[netip.Prefix]int{}
			}
			l.detours[i][to] = d.port
		}
	}
	return errors.Join(append(errs, l.returning(n))...)
}

// legs follows every route of every station as far as the station by way of which it leads, by space.
func (l *layout) legs(n *fabric.Network) [][]leg {
	all, trees := make([][]leg, len(l.spaces)), map[topology.ID]*topology.Tree{}
	for s := range n.Stations {
		for _, r := range n.Stations[s].Routes {
			if trees[r.Via] == nil {
				trees[r.Via] = n.Topology.TreeTo(r.Via)
			}
			for _, p := range l.through(trees[r.Via], n.Stations[s].ID) {
				all[p.space] = append(all[p.space], leg{s, r.To, p.in, p.out})
			}
		}
	}
	return all
}

// demands are what legs through a space want of it, by network. Of contradicting ones by has all stations.
func demands(legs []leg) map[netip.Prefix]*demand {
	all := map[netip.Prefix]*demand{}
	for _, g := range legs {
		d := all[g.to]
		switch {
		case d == nil:
			d = &demand{port: g.out}
			all[g.to] = d
		case d.port != g.out:
			d.port = -1
		}
		d.by = append(d.by, g.station)
	}
	return all
}

// contradictions says what speaks against networks' places in a namespace that forwards.
func (l *layout) contradictions(n *fabric.Network, i int, networks map[netip.Prefix]*demand) error {
	var errs []error
	for _, to := range slices.SortedFunc(maps.Keys(networks), netip.Prefix.Compare) {
		errs = append(errs, l.contradicted(n, i, networks, to))
	}
	return errors.Join(errs...)
}

// contradicted says what speaks against a network's place in a namespace that forwards.
func (l *layout) contradicted(n *fabric.Network, i int, networks map[netip.Prefix]*demand, to netip.Prefix) error {
	d := networks[to]
	name := func(id topology.ID) string { return n.Topology.Vertices[id].Name }
	refuse := func(why string, args ...any) error {
		return fmt.Errorf("the route of %s to %v leads through %s, which routes what hosts forward by destination alone, "+
			"and %s: use the fabric userspace, or join the hosts by a link of their own: %w", name(n.Stations[d.by[0]].ID),
			to, name(l.spaces[i].vertex), fmt.Sprintf(why, args...), fabric.ErrNotSupported)
	}
	if d.port < 0 {
		return refuse("other such hosts' routes to it lead elsewhere from there")
	}
	for wider, o := range networks {
		if wider == to || wider.Bits() > to.Bits() || !wider.Contains(to.Addr()) || o.port == d.port {
			continue
		}
		for _, s := range o.by { // whose packets for the network go by this one's route
			if !slices.ContainsFunc(n.Stations[s].Routes, func(r fabric.Route) bool { return r.To == to }) {
				return refuse("%s has none but the one to %v", name(n.Stations[s].ID), wider)
			}
		}
	}
	for _, r := range l.routes[i] {
		s := &n.Stations[r.dest]
		for _, a := range s.Addresses {
			if to.Contains(a.Addr()) && r.port != d.port && l.wants(n, d, a.Addr(), to) {
				return refuse("%s of %s is elsewhere", a.Addr(), name(s.ID))
			}
		}
		own := s.Addr.Addr()
		if to.Addr().Is6() {
			own = fabric.Addr6(s.Addr).Addr()
		}
		if to.Contains(own) && r.port != d.port && l.wants(n, d, own, to) {
			return refuse("%s is elsewhere", name(s.ID))
		}
	}
	return nil
}

// wants says whether some of the stations that want a network send packets for an address by that route.
func (l *layout) wants(n *fabric.Network, d *demand, addr netip.Addr, to netip.Prefix) bool {
	return slices.ContainsFunc(d.by, func(s int) bool {
		r := fabric.Towards(n.Stations[s].Next(), addr)
		return r != nil && r.To == to && r.Via != fabric.None
	})
}

// detoured says whether a network that routes lead to has a station's own address of IPv4, or the IPv6 one that follows
// from it, in a space.
func (l *layout) detoured(n *fabric.Network, i int, own netip.Addr) bool {
	for to := range l.detours[i] {
		if to.Contains(own) || to.Addr().Is6() && to.Contains(six(n, own)) {
			return true
		}
	}
	return false
}

// six is the IPv6 address of the station with an IPv4 one.
func six(n *fabric.Network, own netip.Addr) netip.Addr {
	return fabric.Addr6(netip.PrefixFrom(own, n.Stations[0].Addr.Bits())).Addr()
}

// further are a space's routes besides those of table, of both versions of IP: of further addresses, as far as the
// default route, which is usual, does not lead there, and of networks that routes of stations lead to.
func (l *layout) further(n *fabric.Network, i int, usual target) map[netip.Prefix]target {
	all := map[netip.Prefix]target{}
	if !fabric.Routed(n) {
		return all
	}
	where, gone := l.targets(n, i), l.gone(n, i)
	var next []fabric.Route // of a station
	if s := l.spaces[i].station; s >= 0 {
		next = n.Stations[s].Next()
	}
	for _, r := range l.routes[i] {
		for _, a := range n.Stations[r.dest].Addresses {
			to := netip.PrefixFrom(a.Addr(), a.Addr().BitLen())
			way := fabric.Towards(next, a.Addr())
			if way != nil && way.Via != fabric.None {
				continue // by its own route
			}
			if where(r) != usual || way != nil || l.spaces[i].station < 0 {
				all[to] = where(r)
			}
		}
	}
	apart := l.apart(n, i)
	for to, port := range l.detours[i] {
		all[to] = target{port: port}
		switch {
		case apart != nil && slices.ContainsFunc(next, func(r fabric.Route) bool {
			return r.To == to && r.Via != fabric.None && apart(r.Via)
		}):
			all[to] = nowhere
		case gone[port]:
			all[to] = unreachable
		}
	}
	return all
}
