package verify

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// tracedStar is a network of two hosts of which the first one's cable follows a trace both ways.
func tracedStar(t *testing.T) (fabric.Network, *linktrace.Trace, topology.ID) {
	t.Helper()
	trace, err := linktrace.Parse("t.up", []byte("1\n3\n3\n4\n9\n"), linktrace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := star(t, 2)
	id := n.Topology.Links()[0]
	for dir := range 2 {
		if err := n.Topology.Follow(topology.Channel{Link: id, Dir: dir}, trace); err != nil {
			t.Fatal(err)
		}
	}
	return n, trace, id
}

// TestTracedLinksAreFlooded: what arrives is held against the trace at that time, wherever in it the flood begins, and
// a link that carries its mean evenly, or another part of the trace, is off.
func TestTracedLinksAreFlooded(t *testing.T) {
	n, trace, id := tracedStar(t)
	const began = int64(1_234_567_890_123)
	var behind time.Duration
	for _, p := range Probes(n, 1) {
		if p.Followed != nil {
			behind = p.Followed.Behind
		}
	}
	drift := int64(0) // a clock may come to differ between one flood and the next
	flood := func(share float64) floodFunc {
		return func(_ context.Context, _, _ netns.Ref, _ netip.Addr, _ int, _ float64, lasts time.Duration) ([]int64, error) {
			var arrivals []int64
			drift += int64(4 * time.Millisecond)
			began := began + drift
			for turn := int64(0); turn < int64(lasts/(9*time.Millisecond)); turn++ {
				for i, at := range trace.Opportunities {
					if float64((turn*5+int64(i))%100) < 100*share {
						arrivals = append(arrivals, began+(turn*9+int64(at))*int64(time.Millisecond)+int64(behind)+40_000)
					}
				}
			}
			slices.Sort(arrivals)
			return arrivals, nil
		}
	}
	v := exact(func(time.Duration, time.Duration, string) (float64, error) { return tenMbps, nil })
	for share, ok := range map[float64]bool{1: true, 0.95: false} {
		v.flood = flood(share)
		v.began = func(context.Context, topology.Channel) (int64, error) { return began + drift, nil }
		findings, err := v.all(t.Context(), n, nil)
		if err != nil {
			t.Fatal(err)
		}
		flooded := 0
		for _, f := range findings {
			if f.Probe == "rtt" && f.Link == n.Topology.Vertices[id].Name && !f.Skipped {
				t.Errorf("a round trip has a target: %+v", f)
			}
			if f.Probe != "rate" || !strings.Contains(f.Verdict, "t.up") {
				continue
			}
			if flooded++; f.OK != ok {
				t.Errorf("of %v of the opportunities: %+v", share, f)
			}
		}
		if flooded == 0 {
			t.Errorf("nothing was flooded: %+v", findings)
		}
	}
	v.flood = nil
	findings, err := v.all(t.Context(), n, nil)
	skipped := func(f Finding) bool { return strings.Contains(f.Verdict, "nothing fills") }
	if err != nil || !slices.ContainsFunc(findings, skipped) {
		t.Errorf("%v: %+v", err, findings)
	}
}

// TestBeginningsAreKnown: a fabric that tells of no trace carries its mean, and one that follows a trace and does not
// know since when is not held against that.
func TestBeginningsAreKnown(t *testing.T) {
	n, trace, id := tracedStar(t)
	name := n.Topology.Vertices[id].Name
	status := fabric.Status{Queues: []fabric.QueueStatus{
		{Link: name, Trace: trace.Name, Note: "the clock is not known"}, {Link: name, Dir: 1, Trace: trace.Name, Began: 7},
	}}
	if _, err := beginning(n, status, topology.Channel{Link: id}); err == nil || err.Error() != "the clock is not known" {
		t.Errorf("one that does not know: %v", err)
	}
	if began, err := beginning(n, status, topology.Channel{Link: id, Dir: 1}); began != 7 || err != nil {
		t.Errorf("one that knows: %d, %v", began, err)
	}
	status.Queues[0] = fabric.QueueStatus{Link: name}
	if began, err := beginning(n, status, topology.Channel{Link: id}); began != 0 || err != nil {
		t.Errorf("one that carries the mean: %d, %v", began, err)
	}
}

// clockedFabric is one over several machines of which one's clock is known.
type clockedFabric struct{ fabric.Fabric }

func (clockedFabric) Clocks(context.Context) (map[string]func(time.Duration) time.Duration, error) {
	return map[string]func(time.Duration) time.Duration{
		"a": func(at time.Duration) time.Duration { return at - 1000 },
	}, nil
}

// TestArrivalsAreOfOneClock: a flood's receiver on another machine tells instants of that one's.
func TestArrivalsAreOfOneClock(t *testing.T) {
	flood := func(context.Context, netns.Ref, netns.Ref, netip.Addr, int, float64, time.Duration) ([]int64, error) {
		return []int64{5000, 6000}, nil
	}
	for machine, want := range map[string][]int64{"": {5000, 6000}, "a": {4000, 5000}, "b": nil} {
		to := netns.Ref{Machine: machine}
		got, err := onOneClock(clockedFabric{}, flood)(t.Context(), netns.Ref{}, to, netip.Addr{}, 0, 0, 0)
		if !slices.Equal(got, want) || (err != nil) != (machine == "b") {
			t.Errorf("machine %q: %v, %v, want %v", machine, got, err, want)
		}
	}
	got, err := onOneClock(nil, flood)(t.Context(), netns.Ref{}, netns.Ref{}, netip.Addr{}, 0, 0, 0)
	if err != nil || !slices.Equal(got, []int64{5000, 6000}) {
		t.Errorf("one machine: %v, %v", got, err)
	}
}
