package netem

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/netns"
)

const (
	mtu         = 1500
	queueLength = 1000
	ifbName     = "medium"
	// workers is how many namespaces are worked in at a time; most calls hold one lock of the kernel's.
	workers = 2
)

// make makes the network. What it has made when it fails is removed by name.
func (f *Fabric) make(ctx context.Context, want *fabric.Network) error {
	layout, err := newLayout(want)
	if err != nil {
		return err
	}
	if err := f.write(madeFile, want); err != nil {
		return err
	}
	f.made, f.layout, f.spaces = want, layout, make([]*entered, len(layout.spaces))
	f.name()
	steps := []func(context.Context, *fabric.Network) error{f.makeSpaces, f.tune, f.makePairs, f.makePlaces}
	for _, step := range steps {
		if err := errors.Join(ctx.Err(), step(ctx, want)); err != nil {
			return err
		}
	}
	f.wanted = want
	return f.write(wantedFile, want)
}

// each calls do for every space, several at a time.
func (f *Fabric) each(ctx context.Context, do func(i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range f.layout.spaces {
		group.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := do(i); err != nil {
				return fmt.Errorf("%s: %w", f.networkName(f.layout.spaces[i].vertex), err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (f *Fabric) makeSpaces(ctx context.Context, _ *fabric.Network) error {
	return f.each(ctx, func(i int) error {
		if s := &f.layout.spaces[i]; s.station < 0 {
			if err := f.makeSpace(s.name); err != nil {
				return err
			}
		}
		_, err := f.space(i)
		return err
	})
}

// tune sets the stations' sysctls.
func (f *Fabric) tune(_ context.Context, want *fabric.Network) error {
	defer station.AllowCongestion(want.Stations)()
	refs := make([]netns.Ref, len(want.Stations))
	for i, s := range want.Stations {
		refs[i] = s.NetNS
	}
	return netns.Each(refs, func(i int) error { return tuned(want.Stations[i]) })
}

// makePairs makes the devices.
func (f *Fabric) makePairs(ctx context.Context, _ *fabric.Network) error {
	for i := range f.layout.pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := &f.layout.pairs[i]
		a, b := f.spaces[p.space[0]], f.spaces[p.space[1]]
		names := [2]string{f.layout.spaces[p.space[0]].ports[p.port[0]].name, f.layout.spaces[p.space[1]].ports[p.port[1]].name}
		veth := netlink.NewVeth(netlink.LinkAttrs{Name: names[0], MTU: mtu, TxQLen: queueLength, HardwareAddr: hardware(i)})
		veth.PeerName, veth.PeerHardwareAddr, veth.PeerTxQLen, veth.PeerMTU = names[1], hardware(i), queueLength, mtu
		veth.PeerNamespace = netlink.NsFd(int(b.ns))
		if err := a.links.LinkAdd(veth); err != nil {
			return fmt.Errorf("veth pair of %s and %s: %w", f.networkName(f.layout.spaces[p.space[0]].vertex), f.networkName(f.layout.spaces[p.space[1]].vertex), err)
		}
	}
	return nil
}

// makePlaces makes in each space what is in it: devices up, addresses, netems, routes.
func (f *Fabric) makePlaces(ctx context.Context, want *fabric.Network) error {
	lines, bursts := f.layout.lines(want), f.layout.bursts(want)
	return f.each(ctx, func(i int) error {
		e, s := f.spaces[i], &f.layout.spaces[i]
		if err := e.up("lo", unix.IFF_UP); err != nil {
			return err
		}
		if s.medium {
			if err := e.makeMedium(); err != nil {
				return err
			}
		}
		for at, p := range s.ports {
			if err := f.makePort(e, i, at, bursts); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		for at := -1; at < len(s.ports); at++ {
			if w, ok := lines[place{i, at}]; ok {
				if err := f.setLine(want, place{i, at}, lineWant{none: true}, w); err != nil {
					return err
				}
			}
		}
		return f.setRoutes(i, want, nil, f.layout.table(want, i))
	})
}

// makePort brings a port up, with the station's address where it is its first.
func (f *Fabric) makePort(e *entered, i, at int, bursts map[place]bool) error {
	s := &f.layout.spaces[i]
	name := s.ports[at].name
	if err := e.up(name, unix.IFF_UP|unix.IFF_NOARP); err != nil {
		return err
	}
	if s.medium {
		return e.redirect(name)
	}
	if s.station < 0 {
		return nil
	}
	if at == 0 {
		address := f.made.Stations[s.station].Addr.Addr()
		if err := e.links.AddrAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Index: e.index[name]}},
			&netlink.Addr{IPNet: network(netip.PrefixFrom(address, 32))}); err != nil {
			return fmt.Errorf("address %s: %w", address, err)
		}
	}
	if may, known := bursts[place{i, at}]; known && !may {
		return e.setBursts(name, false)
	}
	return nil
}

// setBursts lets a device's sockets hand over many segments as one, or forbids it.
func (e *entered) setBursts(name string, may bool) error {
	index, err := e.link(name)
	if err != nil {
		return err
	}
	segments := 1
	if may {
		segments = 65535
	}
	return e.links.LinkSetGSOMaxSegs(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Index: index}}, segments)
}

// up sets flags of a device.
func (e *entered) up(name string, flags uint32) error {
	index, err := e.link(name)
	if err != nil {
		return err
	}
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index, msg.Flags, msg.Change = int32(index), flags, flags
	req.AddData(msg)
	if err := e.execute(req); err != nil {
		return fmt.Errorf("interface %s up: %w", name, err)
	}
	return nil
}

// makeMedium makes the device whose netem everything in a medium's namespace goes through.
func (e *entered) makeMedium() error {
	if err := e.links.LinkAdd(&netlink.Ifb{LinkAttrs: netlink.LinkAttrs{Name: ifbName, MTU: mtu, TxQLen: queueLength}}); err != nil {
		return fmt.Errorf("ifb device: %w", err)
	}
	return e.up(ifbName, unix.IFF_UP|unix.IFF_NOARP)
}

// redirect leads what comes in at a port through the medium's device, from where it comes back.
func (e *entered) redirect(name string) error {
	index, ifb := e.index[name], e.index[ifbName]
	ingress := &netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_INGRESS}}
	if err := e.links.QdiscAdd(ingress); err != nil {
		return fmt.Errorf("ingress: %w", err)
	}
	filter := &netlink.MatchAll{
		FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: netlink.MakeHandle(0xffff, 0), Priority: 1, Protocol: unix.ETH_P_ALL},
		Actions:     []netlink.Action{netlink.NewMirredAction(ifb)},
	}
	if err := e.links.FilterAdd(filter); err != nil {
		return fmt.Errorf("redirection to the medium: %w", err)
	}
	return nil
}

func network(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), 32)}
}
