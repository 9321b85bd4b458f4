package netem

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// chain is a network with all that a network has: a - s1 - s2 - b, and c and d at a medium with s2.
func chain(t *testing.T) *fabrictest.Bench {
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b", "c", "d")
	b.Switch("s1")
	b.Switch("s2")
	quick := topology.Shape{Rate: 100 * units.Mbps, Delay: time.Millisecond}
	b.Cable("a", "s1", quick, quick)
	b.Cable("s1", "s2", quick, quick)
	b.Cable("s2", "b", topology.Shape{}, topology.Shape{})
	b.Medium("air", quick, "s2", "c", "d")
	return b
}

// differing lists what of the network is not as wanted.
func differing(t *testing.T, f fabric.Fabric, n fabric.Network) (all []string) {
	t.Helper()
	own := f.(*Fabric)
	l, err := newLayout(&n)
	if err != nil {
		t.Fatal(err)
	}
	v, err := own.view(t.Context(), &n, l)
	if err != nil {
		return []string{err.Error()}
	}
	defer v.close()
	for i := range l.spaces {
		for _, d := range v.differences(i) {
			all = append(all, v.name(i)+": "+d.what)
		}
		for _, d := range v.strays(i) {
			all = append(all, v.name(i)+": stray "+d.name)
		}
	}
	return all
}

// What somebody has changed in the kernel is told, and made good by the next Apply, whatever that is about and whoever
// calls it.
func TestTamperingIsToldAndMended(t *testing.T) {
	needKernel(t)
	b := chain(t)
	fabrics := perTestbed(t)
	f := fabrics(t, b.Testbed)
	b.Apply(f)
	if left := differing(t, f, b.Network); len(left) > 0 {
		t.Fatalf("as made: %q", left)
	}
	for i, c := range tampering {
		in(t, f, c.space, c.do)
		if len(differing(t, f, b.Network)) == 0 {
			t.Errorf("%s: nothing differs: this shows nothing", c.name)
		}
		s, err := f.Inspect(t.Context())
		if err != nil {
			t.Errorf("%s: Inspect: %v", c.name, err)
		}
		told := false
		for _, q := range s.Queues {
			told = told || q.Link == c.link && q.Note != "" && !strings.HasPrefix(q.Note, "packets dropped")
		}
		if c.link != "" && !told {
			t.Errorf("%s: Inspect says nothing of it at %s: %+v", c.name, c.link, s.Queues)
		}
		if i%2 == 0 { // a change of something else
			b.Shape("s2-b", 0, topology.Shape{Delay: time.Duration(i%4) * time.Millisecond})
		}
		b.Apply(fabrics(t, b.Testbed))
		if left := differing(t, f, b.Network); len(left) > 0 {
			t.Errorf("%s: after Apply: %q", c.name, left)
		}
		answers(t, b, c.name)
	}
}

// Rules and tables of stations with ways of their own are as wanted again after the next Apply.
func TestTamperingWithOwnWaysIsMended(t *testing.T) {
	needKernel(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b", "r", "q")
	b.Switch("s")
	for _, name := range []string{"a", "b", "r", "q"} {
		b.Cable(name, "s", topology.Shape{}, topology.Shape{})
	}
	for from, via := range map[int]int{0: 2, 1: 3} {
		b.Stations[from].Routes = []fabric.Route{{To: netip.MustParsePrefix("10.9.0.0/16"), Via: b.Stations[via].ID}}
		b.Stations[via].Forwards = true
	}
	fabrics := perTestbed(t)
	f := fabrics(t, b.Testbed)
	b.Apply(f)
	ofRules := func(do func(*netlink.Rule) error) func() error {
		return func() error {
			all, err := netlink.RuleList(netlink.FAMILY_V4)
			for i := range all {
				if err == nil && all[i].Priority == rulePriority {
					return do(&all[i])
				}
			}
			return errors.Join(err, errors.New("there is no rule"))
		}
	}
	ofRoutes := func(do func(*netlink.Route) error) func() error {
		return func() error {
			all, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Table: 0}, netlink.RT_FILTER_TABLE)
			for i := range all {
				if err == nil && all[i].Table > 255 && all[i].Type == unix.RTN_UNICAST {
					return do(&all[i])
				}
			}
			return errors.Join(err, errors.New("there is no route"))
		}
	}
	for name, do := range map[string]func() error{
		"rule removed": ofRules(netlink.RuleDel),
		"rule added": ofRules(func(r *netlink.Rule) error {
			r.Priority, r.Mark = 77, 5
			return netlink.RuleAdd(r)
		}),
		"route removed": ofRoutes(netlink.RouteDel),
		"route replaced": ofRoutes(func(r *netlink.Route) error {
			return netlink.RouteReplace(&netlink.Route{Dst: r.Dst, Table: r.Table, Type: unix.RTN_BLACKHOLE})
		}),
		"route added": ofRoutes(func(r *netlink.Route) error {
			return netlink.RouteAdd(&netlink.Route{Dst: r.Dst, Table: 1234, Type: unix.RTN_UNREACHABLE})
		}),
	} {
		if left := differing(t, f, b.Network); len(left) > 0 {
			t.Fatalf("before %s: %q", name, left)
		}
		in(t, f, "s", do)
		if len(differing(t, f, b.Network)) == 0 {
			t.Errorf("%s: nothing differs: this shows nothing", name)
		}
		b.Apply(fabrics(t, b.Testbed))
		if left := differing(t, f, b.Network); len(left) > 0 {
			t.Fatalf("%s: after Apply: %q", name, left)
		}
	}
}

// answers checks that everybody reaches everybody.
func answers(t *testing.T, b *fabrictest.Bench, when string) {
	t.Helper()
	t.Log(when)
	for _, pair := range [][2]string{{"a", "b"}, {"a", "c"}, {"c", "d"}, {"b", "d"}} {
		b.Answer(pair[0], pair[1], 2)
	}
}

// A namespace of the fabric's that somebody has deleted, as `ip netns del` does, is made anew with all that was in it.
func TestDeletedNamespacesAreMadeAnew(t *testing.T) {
	needKernel(t)
	b := chain(t)
	f := perTestbed(t)(t, b.Testbed).(*Fabric)
	b.Apply(f)
	for _, space := range []string{"s1", "air"} {
		named := filepath.Join(netns.Names, prefix(b.Testbed)+space)
		if err := unix.Unmount(named, unix.MNT_DETACH); err != nil { // follows the link
			t.Fatal(err)
		}
		if err := os.Remove(named); err != nil {
			t.Fatal(err)
		}
		s, err := f.Inspect(t.Context())
		if err != nil {
			t.Fatalf("%s deleted: Inspect: %v", space, err)
		}
		down := 0
		for _, q := range s.Queues {
			if q.Down && q.Note != "" {
				down++
			}
		}
		if down == 0 || len(s.Queues) != 7 {
			t.Errorf("%s deleted: Inspect tells of %d of %d queues", space, down, len(s.Queues))
		}
		b.Apply(f)
		if left := differing(t, f, b.Network); len(left) > 0 {
			t.Errorf("%s deleted: after Apply: %q", space, left)
		}
		if _, err := os.Stat(named); err != nil {
			t.Errorf("%s deleted: its name: %v", space, err)
		}
		answers(t, b, space+" deleted")
	}
}

// An Apply of what there is asks the kernel for everything and tells it nothing.
func TestApplyOfTheSameTouchesNothing(t *testing.T) {
	needKernel(t)
	b := chain(t)
	f := perTestbed(t)(t, b.Testbed).(*Fabric)
	b.Apply(f)
	var sockets []*nl.NetlinkSocket
	for _, space := range []string{"s1", "s2", "air"} {
		ns, err := vnetns.GetFromPath(f.spacePath(space))
		if err != nil {
			t.Fatal(err)
		}
		s, err := nl.SubscribeAt(ns, vnetns.None(), unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_TC,
			unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV4_IFADDR)
		_ = ns.Close()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		timeout := unix.Timeval{Usec: 1000}
		if err := s.SetReceiveTimeout(&timeout); err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, s)
	}
	heard := func() (n int) {
		for _, s := range sockets {
			if messages, _, err := s.Receive(); err == nil {
				n += len(messages)
			}
		}
		return n
	}
	// The kernel tells of carriers that came with the first Apply up to a second later.
	for quiet := time.Now(); time.Since(quiet) < 1500*time.Millisecond; {
		if heard() > 0 {
			quiet = time.Now()
		}
	}
	for range 3 {
		b.Apply(f)
	}
	if n := heard(); n != 0 {
		t.Errorf("%d messages of changes", n)
	}
	b.Shape("s1-s2", 0, topology.Shape{Delay: 2 * time.Millisecond})
	b.Apply(f)
	if heard() == 0 {
		t.Error("no message of a change: this shows nothing")
	}
}

// The error about what the kernel has not is not that of a file that is not there, of which commands say that the user
// named a wrong one.
func TestErrorsAreOfNoFile(t *testing.T) {
	for _, err := range []error{concealed(unix.ENOENT), concealed(&os.PathError{Op: "open", Err: unix.ENOENT}),
		New(t.TempDir(), "none").(*Fabric).inspectError()} {
		if err == nil || errors.Is(err, os.ErrNotExist) || err.Error() == "" {
			t.Errorf("%v counts as a file that does not exist", err)
		}
	}
	if err := concealed(errors.Join(unix.ENOENT, context.Canceled)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v: it is not told that it was cancelled", err)
	}
}

func (f *Fabric) inspectError() error { _, err := f.Inspect(context.Background()); return err }
