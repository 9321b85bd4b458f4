package userspace

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

func TestRouting(t *testing.T) {
	fabrictest.Routing(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) })
}

// TestProgramsReachManyAtOnce: multicast and broadcast between programs, within a segment.
func TestProgramsReachManyAtOnce(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 3, topology.Shape{})
	b.Medium("air", topology.Shape{}, "hub")
	b.Hosts("far")
	b.Cable("far", "air", topology.Shape{}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for _, group := range []string{"239.1.2.3", "224.0.0.251", "255.255.255.255", "10.77.255.255"} {
		got := b.ToMany(netip.MustParseAddr(group), "h0", "h1", "h2", "far")
		if !slices.Equal(got, []string{"h1", "h2", "far"}) {
			t.Errorf("%s: reaches %q", group, got)
		}
	}
	for _, s := range stations(t, f) {
		if s.Ignored+s.Unreachable+s.Errors > 0 {
			t.Errorf("not carried: %+v", s)
		}
	}
}

func stations(t *testing.T, f *Fabric) map[string]fabric.StationStatus {
	t.Helper()
	all, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]fabric.StationStatus{}
	for _, s := range all.Stations {
		byName[s.Name] = s
	}
	return byName
}

// TestWhatIsNotEmulatedIsCounted: IPv6, and addresses that no station has.
func TestWhatIsNotEmulatedIsCounted(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	before := stations(t, f)["h0"]
	err := netns.Do(b.Station("h0").NetNS, func() error {
		conn, err := net.Dial("udp4", "10.77.200.200:9")
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte("anybody?"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := netns.Do(b.Station("h0").NetNS, askForHardwareAddress); err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, "one unreachable, one ignored", func() bool {
		now := stations(t, f)["h0"]
		return now.Unreachable == before.Unreachable+1 && now.Ignored == before.Ignored+1
	})
}

func TestSix(t *testing.T) {
	fabrictest.Six(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) })
}

func TestMTU(t *testing.T) {
	fabrictest.MTU(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) }, true)
}

func TestWays(t *testing.T) {
	fabrictest.Ways(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) }, true)
}

func TestOwnWays(t *testing.T) {
	fabrictest.OwnWays(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) }, true)
}

func TestUnreachable(t *testing.T) {
	fabrictest.Unreachable(t, func(t *testing.T, testbed string) fabric.Fabric { return newFabric(t, testbed) }, true)
}
