package netem

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// begun is a network of hosts a and b at a switch, and of a cable between them, as far as a kernel without netem has
// it; nothing of it is finished.
func begun(t *testing.T) (*Fabric, []netns.Ref) {
	t.Helper()
	testenv.Privileged(t)
	n := fabric.Network{Testbed: "tb-close-test", Topology: topology.New("close")}
	var refs []netns.Ref
	for i, name := range []string{"a", "b"} {
		id, err := n.Topology.Add(topology.Vertex{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		space, err := netns.Hold()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = space.Close() })
		refs = append(refs, space.Ref())
		addr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, 0, byte(i + 1)}), 16)
		n.Stations = append(n.Stations, fabric.Station{ID: id, NetNS: space.Ref(), Addr: addr})
	}
	hub, _ := n.Topology.Add(topology.Vertex{Name: "hub", Kind: topology.Switch})
	for _, ends := range [][2]topology.ID{{0, hub}, {1, hub}, {0, 1}} {
		name := n.Topology.Vertices[ends[0]].Name + "-" + n.Topology.Vertices[ends[1]].Name
		link, err := n.Topology.Add(topology.Vertex{Name: name, Kind: topology.Link})
		if err != nil {
			t.Fatal(err)
		}
		n.Topology.Join(link, ends[0], 0)
		n.Topology.Join(link, ends[1], 0)
	}
	f := New(t.TempDir(), n.Testbed).(*Fabric)
	t.Cleanup(func() { _ = f.removeSpaces() })
	l, err := f.layoutOf(&n)
	if err == nil {
		_, err = f.intend(&n)
	}
	if err == nil {
		err = f.makeSpaces(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.view(t.Context(), &n, l)
	if err != nil {
		t.Fatal(err)
	}
	defer v.close()
	if _, failed := v.mendDevices(); len(failed) > 0 {
		t.Skip("this kernel has no veth devices: ", failed)
	}
	return f, refs
}

// Close asks for no support, writes nothing, and removes what it can, whatever is gone already or cannot be read.
func TestCloseRemovesWhatItCan(t *testing.T) {
	for name, spoil := range map[string]func(f *Fabric) error{
		"nothing spoilt":           func(*Fabric) error { return nil },
		"a namespace unmounted":    func(f *Fabric) error { return unix.Unmount(f.spacePath("hub"), unix.MNT_DETACH) },
		"a namespace gone":         func(f *Fabric) error { return f.removeSpace("hub") },
		"the network unreadable":   func(f *Fabric) error { return f.write(wantedFile, []byte("x")) },
		"the network not written":  func(f *Fabric) error { return os.Remove(filepath.Join(f.dir, wantedFile)) },
		"the stations not written": func(f *Fabric) error { return os.Remove(filepath.Join(f.dir, stationsFile)) },
		"a file half written":      func(f *Fabric) error { return f.write(wantedFile+".new", nil) },
		"names gone": func(f *Fabric) error {
			return os.Remove(filepath.Join(f.names, prefix(f.testbed)+"hub"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, stations := begun(t)
			if err := spoil(f); err != nil {
				t.Fatal(err)
			}
			other := New(f.dir, f.testbed).(*Fabric)
			for range 2 {
				if err := other.Close(t.Context()); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			if left, err := os.ReadDir(f.dir); err != nil || len(left) > 0 {
				t.Errorf("left in the directory: %v, %v", left, err)
			}
			if left, _ := filepath.Glob(filepath.Join(f.names, prefix(f.testbed)+"*")); len(left) > 0 {
				t.Errorf("names left: %v", left)
			}
			for _, r := range stations {
				e, err := enter(r)
				if err != nil {
					t.Fatal(err)
				}
				defer e.close()
				all, err := e.devices()
				if err != nil {
					t.Fatal(err)
				}
				// The end at the switch's namespace goes with that, in the kernel's own time; of the cable nothing is left.
				ours := slices.DeleteFunc(all, func(d device) bool { return !d.ours() })
				if len(ours) > 1 {
					t.Errorf("left in %s: %+v", r, ours)
				}
			}
		})
	}
}

// A namespace that is gone keeps Close from nothing.
func TestCloseWithoutAStation(t *testing.T) {
	f, _ := begun(t)
	other := New(f.dir, f.testbed).(*Fabric)
	all, err := other.stations()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.writeStations(append([]netns.Ref{{Path: "/proc/0/ns/net"}, {Path: "/nowhere"}}, all...)); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
