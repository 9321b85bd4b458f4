package netem

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// change makes the network as wanted where only shapes, limits and faults differ from what it is.
func (f *Fabric) change(want *fabric.Network) error {
	lines, before := f.layout.lines(want), f.layout.lines(f.wanted)
	var failed []error
	for p, w := range lines {
		if before[p] != w {
			failed = append(failed, f.setLine(want, p, before[p], w))
		}
	}
	bursts, allowed := f.layout.bursts(want), f.layout.bursts(f.wanted)
	for p, may := range bursts {
		if allowed[p] != may {
			e, err := f.space(p.space)
			if err == nil {
				err = e.setBursts(f.layout.spaces[p.space].ports[p.port].name, may)
			}
			failed = append(failed, err)
		}
	}
	if !samePartition(want, f.wanted) {
		for i, s := range f.layout.spaces {
			if s.station >= 0 {
				failed = append(failed, f.setRoutes(i, want, f.layout.table(f.wanted, i), f.layout.table(want, i)))
			}
		}
	}
	if err := f.retune(want); err != nil {
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	f.wanted = want
	return f.write(wantedFile, want)
}

func samePartition(a, b *fabric.Network) bool {
	return fmt.Sprint(a.Partition) == fmt.Sprint(b.Partition)
}

// retune sets the stations' sysctls where they differ.
func (f *Fabric) retune(want *fabric.Network) error {
	for i := range want.Stations {
		if fmt.Sprint(want.Stations[i].Sysctls) != fmt.Sprint(f.wanted.Stations[i].Sysctls) {
			return f.tune(context.Background(), want)
		}
	}
	return nil
}

// setLine makes a place's netems as wanted. What it finds it changes in place, so that no packet is lost; only where
// duplicates begin or end, which takes one netem instead of two, are they made anew.
func (f *Fabric) setLine(n *fabric.Network, p place, before, want lineWant) error {
	s := &f.layout.spaces[p.space]
	e, err := f.space(p.space)
	if err != nil {
		return err
	}
	name := ifbName
	if p.port >= 0 {
		name = s.ports[p.port].name
	}
	index, err := e.link(name)
	if err != nil {
		return err
	}
	if before.none && want.none {
		return nil
	}
	if !before.none && !before.same(want) {
		root := &netlink.GenericQdisc{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: index, Handle: outerHandle, Parent: netlink.HANDLE_ROOT}, QdiscType: "netem"}
		if err := e.links.QdiscDel(root); err != nil {
			return fmt.Errorf("%s: removing netem: %w", name, err)
		}
		before = lineWant{none: true}
	}
	// What is not needed any more stays, and lets everything pass: packets may be in it.
	if before.none || before.outer != want.outer {
		if err := e.execute(request(index, outerHandle, netlink.HANDLE_ROOT, want.outer, seed(n, p, false), before.none)); err != nil {
			return fmt.Errorf("%s: netem: %w", name, err)
		}
	}
	if inner := !want.one || !before.one && !before.none; inner && (before.none || before.one || before.inner != want.inner) {
		if err := e.execute(request(index, innerHandle, innerParent, want.inner, seed(n, p, true), before.none || before.one)); err != nil {
			return fmt.Errorf("%s: inner netem: %w", name, err)
		}
	}
	return nil
}

// setRoutes makes a space's routing table as wanted.
func (f *Fabric) setRoutes(i int, n *fabric.Network, before, want map[netip.Prefix]target) error {
	e, err := f.space(i)
	if err != nil {
		return err
	}
	for to, t := range want {
		if old, there := before[to]; there && old == t {
			continue
		}
		route, err := f.routeOf(e, i, to, t)
		if err == nil {
			err = e.links.RouteReplace(route)
		}
		if err != nil {
			return fmt.Errorf("route to %s: %w", to, err)
		}
	}
	for to := range before {
		if _, stays := want[to]; !stays {
			if err := e.links.RouteDel(&netlink.Route{Dst: network(to), Table: unix.RT_TABLE_MAIN, Scope: netlink.SCOPE_NOWHERE}); err != nil {
				return fmt.Errorf("removing the route to %s: %w", to, err)
			}
		}
	}
	return nil
}

func (f *Fabric) routeOf(e *entered, i int, to netip.Prefix, t target) (*netlink.Route, error) {
	s := &f.layout.spaces[i]
	name := "lo" // where a packet for somebody else ends, and nobody is told
	if !t.nowhere {
		name = s.ports[t.port].name
	}
	index, err := e.link(name)
	route := &netlink.Route{LinkIndex: index, Dst: network(to), Scope: netlink.SCOPE_LINK, Protocol: unix.RTPROT_STATIC}
	if s.station >= 0 {
		route.Src = f.made.Stations[s.station].Addr.Addr().AsSlice()
	}
	return route, err
}

// unlink removes the pairs that join two stations: no namespace of the fabric takes them with it.
func (f *Fabric) unlink() error {
	if f.layout == nil {
		if err := f.open(); err != nil || f.layout == nil {
			return nil // what the stations have goes with them
		}
	}
	for _, p := range f.layout.pairs {
		if f.layout.spaces[p.space[0]].station < 0 && f.layout.spaces[p.space[1]].station < 0 {
			continue
		}
		for end := range 2 {
			s := &f.layout.spaces[p.space[end]]
			if s.station < 0 {
				continue
			}
			e, err := f.space(p.space[end])
			if err != nil {
				continue // the station is gone, and the pair with it
			}
			if l, err := e.links.LinkByName(s.ports[p.port[end]].name); err == nil {
				if err := e.links.LinkDel(l); err != nil && !errors.Is(err, unix.ENODEV) {
					return fmt.Errorf("removing %s of %s: %w", s.ports[p.port[end]].name, f.networkName(s.vertex), err)
				}
			}
			break
		}
	}
	return nil
}
