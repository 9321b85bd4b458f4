package verify

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// sized is a verifier of a star of 10 Mb/s and 20 ms, by a network that carries the headers of either version of IP in
// packets of an MTU. It notes the addresses to which echoes go, with their numbers.
func sized(mtu int, to map[netip.Addr]int) verifier {
	headers := func(a netip.Addr) int {
		if a.Is6() {
			return 40
		}
		return 20
	}
	v := exact(nil)
	v.echo = func(_ context.Context, _ netns.Ref, a netip.Addr, count int, _ time.Duration) ([]time.Duration, error) {
		to[a] += count
		times := make([]time.Duration, count)
		for i := range times {
			frame := units.ByteSize(14 + headers(a) + 64)
			times[i] = 20*time.Millisecond + 4*(10*units.Mbps).Serialization(frame)
		}
		return times, nil
	}
	v.goodput = func(_ context.Context, _, _ netns.Ref, a netip.Addr, _, _ time.Duration, _ string) (float64, error) {
		return 10e6 * float64(mtu-headers(a)-32) / float64(mtu+14), nil
	}
	return v
}

// TestVerifyOverBothVersions: rates over one, round trips over both, each with its own target, to the microsecond and
// to a ten-thousandth; of packets as large as the way takes.
func TestVerifyOverBothVersions(t *testing.T) {
	for _, mtu := range []int{1500, 1280} {
		for _, ip := range []int{4, 6} {
			t.Run(fmt.Sprintf("%d over %d", mtu, ip), func(t *testing.T) {
				n := star(t, 2)
				for d := range 2 {
					n.Topology.Vertices[at(t, n, "l0")].Shape[d].MTU = mtu % topology.MaximumMTU
				}
				to := map[netip.Addr]int{}
				v := sized(mtu, to)
				v.ip, v.both = ip, true
				v.Tolerance = Tolerance{RTTMedian: time.Microsecond, RTTTail: time.Microsecond, Rate: 1e-4}
				got, err := v.all(t.Context(), n, nil)
				if err != nil || len(got) != 4 { // one round trip, twice, and two rates
					t.Fatalf("%+v, %v", got, err)
				}
				kinds := map[string]int{}
				for _, f := range got {
					kinds[fmt.Sprint(f.Probe, f.IP)]++
					if !f.OK || f.Skipped || f.Probe == "rate" && math.Abs(f.Error) > 1e-4 {
						t.Errorf("%+v", f)
					}
				}
				if kinds["rtt4"] != 1 || kinds["rtt6"] != 1 || kinds[fmt.Sprint("rate", ip)] != 2 {
					t.Errorf("%v", kinds)
				}
				addresses := 0
				for _, s := range n.Stations {
					for a, want := range map[netip.Addr]int{s.Addr.Addr(): 4, fabric.Addr6(s.Addr).Addr(): 6} {
						if to[a] == 0 {
							continue
						}
						addresses++
						if all := want == ip; all != (to[a] == v.Pings) {
							t.Errorf("%d of %d echoes to %v", to[a], v.Pings, a)
						}
					}
				}
				if addresses != 2 || len(to) != 2 {
					t.Errorf("echoes to %v", to)
				}
			})
		}
	}
}

// TestVerifyWhereThereIsNoIPv6: that is no fault of a link's, unless it is what was asked for.
func TestVerifyWhereThereIsNoIPv6(t *testing.T) {
	v := sized(1500, map[netip.Addr]int{})
	echo := v.echo
	v.echo = func(ctx context.Context, from netns.Ref, a netip.Addr, n int, i time.Duration) ([]time.Duration, error) {
		if a.Is6() {
			return nil, fmt.Errorf("a socket: %w", measure.ErrNoIPv6)
		}
		return echo(ctx, from, a, n, i)
	}
	v.both, v.Only = true, "rtt"
	got, err := v.all(t.Context(), star(t, 2), nil)
	if err != nil || len(got) != 2 || !got[0].OK || !got[1].Skipped || got[1].Off() || got[1].IP != 6 {
		t.Errorf("%+v, %v", got, err)
	}
	v.ip, v.both = 6, false
	if got, err := v.all(t.Context(), star(t, 2), nil); err == nil {
		t.Errorf("%+v", got)
	}
}

// TestAFloodFillsWhatATraceHasRoomFor: opportunities are bytes of IP, rates bits of frames.
func TestAFloodFillsWhatATraceHasRoomFor(t *testing.T) {
	_, trace, _ := tracedStar(t)
	p := Probe{MTU: 1280, Followed: &Followed{Trace: trace}}
	if got, want := p.packets(trace.Bits(1, 9e9+1)), 5*1000*1500/1280.0; math.Abs(got-want) > 1e-6 {
		t.Errorf("%v packets, want %v", got, want)
	}
	p.MTU = 0
	if got := p.packets(trace.Bits(1, 9e9+1)); math.Abs(got-5000) > 1e-6 {
		t.Errorf("%v packets of full size", got)
	}
}
