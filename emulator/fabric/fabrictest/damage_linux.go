package fabrictest

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/fabric/station"
	"testbed/emulator/netns"
)

// damages are what a hand in a station's namespace may do to its network. After each the station is in want
// of mending, and stays in its place.
var damages = []struct {
	name string
	do   func() error
}{
	{"eth0 down", onStation(netlink.LinkSetDown)},
	{"address removed", onStation(func(l netlink.Link) error {
		all, err := netlink.AddrList(l, netlink.FAMILY_V4)
		for i := range all {
			if err == nil {
				err = netlink.AddrDel(l, &all[i])
			}
		}
		return err
	})},
	{"routes removed", onStation(func(l netlink.Link) error {
		all, err := netlink.RouteList(l, netlink.FAMILY_V4)
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("there is none")
		}
		for i := range all {
			if err == nil {
				err = netlink.RouteDel(&all[i])
			}
		}
		return err
	})},
	{"sysctl altered", func() error { return station.Sysctl("net/ipv4/icmp_ratelimit", "700") }},
	{"eth0 renamed", onStation(func(l netlink.Link) error {
		if err := netlink.LinkSetDown(l); err != nil {
			return err
		}
		if err := netlink.LinkSetName(l, "tb-other"); err != nil {
			return err
		}
		return netlink.LinkSetUp(l)
	})},
	{"eth0 deleted", onStation(netlink.LinkDel)},
}

// onStation does something to the interface.
func onStation(do func(netlink.Link) error) func() error {
	return func() error {
		link, err := netlink.LinkByName(fabric.Interface)
		if err != nil {
			return err
		}
		return do(link)
	}
}

// inside runs do in a station's namespace.
func (b *Bench) inside(name string, do func() error) {
	b.t.Helper()
	if err := netns.Do(b.Station(name).NetNS, do); err != nil {
		b.t.Fatalf("in the namespace of %s: %v", name, err)
	}
}

// wantTuned checks a station's variables.
func (b *Bench) wantTuned(name string) {
	b.t.Helper()
	b.inside(name, func() error {
		for key, want := range b.Station(name).Sysctls {
			got, err := os.ReadFile("/proc/sys/" + key)
			if err != nil {
				return err
			}
			if strings.TrimSpace(string(got)) != want {
				b.t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
		return nil
	})
}

// reaches tells whether an address answers.
func reaches(t *testing.T, from netns.Ref, to netip.Addr) error {
	t.Helper()
	times, err := measure.RTT(t.Context(), from, to, 1, 0)
	if err == nil && len(times) == 0 {
		err = fmt.Errorf("%s does not answer", to)
	}
	return err
}

// pin adds to a reference which namespace is meant, as those of nodes have it.
func pin(r netns.Ref) (netns.Ref, error) {
	info, err := os.Stat(r.Path)
	if err != nil {
		return r, err
	}
	r.Inode = info.Sys().(*syscall.Stat_t).Ino
	return r, nil
}
