package netem

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
)

// in runs do in one of the fabric's namespaces.
func in(t *testing.T, f fabric.Fabric, space string, do func() error) {
	t.Helper()
	if err := netns.Do(netns.Ref{Path: f.(*Fabric).spacePath(space)}, do); err != nil {
		t.Fatalf("in %s: %v", space, err)
	}
}

// on does something to a device.
func on(name string, do func(netlink.Link) error) func() error {
	return func() error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return do(l)
	}
}

// dropQdisc removes a queueing discipline of a parent.
func dropQdisc(parent uint32) func(netlink.Link) error {
	return func(l netlink.Link) error {
		all, err := netlink.QdiscList(l)
		for _, q := range all {
			if q.Attrs().Parent == parent && q.Attrs().Handle != 0 {
				return netlink.QdiscDel(q)
			}
		}
		return errors.Join(err, errors.New("there is no such queueing discipline"))
	}
}

// routeTo finds a route by how its destination begins.
func routeTo(begin string, do func(*netlink.Route) error) func() error {
	return func() error {
		all, err := netlink.RouteList(nil, netlink.FAMILY_V4)
		for i := range all {
			if all[i].Dst != nil && strings.HasPrefix(all[i].Dst.String(), begin) {
				return do(&all[i])
			}
		}
		return errors.Join(err, errors.New("no route to "+begin))
	}
}

// tampering is what hands may do to the fabric's own namespaces, by space, and the link whose queue tells of it.
var tampering = []struct {
	name, space, link string
	do                func() error
}{
	{"delay changed", "s1", "s1-s2", on("eth1", func(l netlink.Link) error {
		q := &netlink.Netem{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: outerHandle,
			Parent: netlink.HANDLE_ROOT}}
		q.Latency, q.Limit, q.DelayCorr = 30000, 1000, 1<<31
		return netlink.QdiscChange(q)
	})},
	{"netem removed", "s1", "s1-s2", on("eth1", dropQdisc(netlink.HANDLE_ROOT))},
	{"inner netem removed", "s1", "s1-s2", on("eth1", dropQdisc(innerParent))},
	{"another discipline in its place", "s1", "s1-s2", on("eth1", func(l netlink.Link) error {
		if err := dropQdisc(netlink.HANDLE_ROOT)(l); err != nil {
			return err
		}
		return netlink.QdiscAdd(&netlink.GenericQdisc{QdiscType: "pfifo", QdiscAttrs: netlink.QdiscAttrs{
			LinkIndex: l.Attrs().Index, Handle: outerHandle, Parent: netlink.HANDLE_ROOT}})
	})},
	{"netem where there is to be none", "s2", "", on("eth1", func(l netlink.Link) error {
		q := netlink.NewNetem(netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: 7 << 16, Parent: netlink.HANDLE_ROOT},
			netlink.NetemQdiscAttrs{Latency: 20000})
		return netlink.QdiscReplace(q)
	})},
	{"port down", "s1", "s1-s2", on("eth1", netlink.LinkSetDown)},
	{"port down and up", "s2", "", on("eth0", func(l netlink.Link) error {
		return errors.Join(netlink.LinkSetDown(l), netlink.LinkSetUp(l))
	})},
	{"MTU", "s1", "s1-s2", on("eth1", func(l netlink.Link) error { return netlink.LinkSetMTU(l, 600) })},
	{"ARP", "s1", "s1-s2", on("eth1", netlink.LinkSetARPOn)},
	{"renamed", "s1", "s1-s2", on("eth1", func(l netlink.Link) error {
		return errors.Join(netlink.LinkSetDown(l), netlink.LinkSetName(l, "core"), netlink.LinkSetUp(l))
	})},
	{"pair deleted", "s1", "s1-s2", on("eth1", netlink.LinkDel)},
	{"ingress", "s1", "s1-s2", on("eth1", func(l netlink.Link) error {
		return netlink.QdiscAdd(&netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index,
			Handle: ingressHandle, Parent: ingressParent}})
	})},
	{"loopback down", "s1", "", on("lo", netlink.LinkSetDown)},
	{"address removed", "s1", "", on("lo", func(l netlink.Link) error {
		all, err := netlink.AddrList(l, netlink.FAMILY_V4)
		for i := range all {
			if !all[i].IP.IsLoopback() {
				return netlink.AddrDel(l, &all[i])
			}
		}
		return errors.Join(err, errors.New("there is no address"))
	})},
	{"route removed", "s1", "", routeTo("10.77.0.", netlink.RouteDel)},
	{"route replaced", "s1", "", routeTo("10.77.0.", func(r *netlink.Route) error {
		return netlink.RouteReplace(&netlink.Route{Dst: r.Dst, Type: unix.RTN_BLACKHOLE})
	})},
	{"route added", "s1", "", routeTo("10.77.0.", func(r *netlink.Route) error {
		to := *r.Dst
		to.IP = []byte{10, 77, 0, 3}
		to.Mask = []byte{255, 255, 255, 255}
		return netlink.RouteAdd(&netlink.Route{Dst: &to, Type: unix.RTN_UNREACHABLE, Priority: 5})
	})},
	{"forwarding off", "s1", "", func() error { return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("0"), 0) }},
	{"redirection removed", "air", "", on("eth0", dropQdisc(ingressParent))},
	{"filter removed", "air", "", on("eth1", func(l netlink.Link) error {
		all, err := netlink.FilterList(l, ingressHandle)
		for _, f := range all {
			return netlink.FilterDel(f)
		}
		return errors.Join(err, errors.New("there is no filter"))
	})},
	{"the medium's device removed", "air", "air", on(ifbName, netlink.LinkDel)},
	{"the medium's device down", "air", "air", on(ifbName, netlink.LinkSetDown)},
	{"the medium's rate", "air", "air", on(ifbName, func(l netlink.Link) error {
		q := &netlink.Netem{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: innerHandle,
			Parent: innerParent}}
		q.Limit, q.Rate64 = 10, 1000
		return netlink.QdiscChange(q)
	})},
}
