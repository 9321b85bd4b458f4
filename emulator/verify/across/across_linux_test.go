package across

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/control"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// hidden is the argument by which the test binary becomes the fabric's process.
const hidden = "fabric-process"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[0] == userspace.ProcessName && os.Args[1] == hidden {
		os.Exit(userspace.Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// agents are those of machines a and b, each behind a control connection of its own.
func agents(t *testing.T) Prober {
	t.Helper()
	sessions := map[string]control.Opener{}
	for _, id := range []string{"a", "b"} {
		here, there := net.Pipe()
		agent, err := control.Agent(there, map[string]control.Handler{
			Service: func(stream net.Conn) { Serve(context.Background(), stream) },
		})
		if err != nil {
			t.Fatal(err)
		}
		controller, err := control.Controller(here, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = errors.Join(controller.Close(), agent.Close()) })
		sessions[id] = controller
	}
	return Prober{At: func(id string) control.Opener { return sessions[id] }}
}

// joined are two namespaces, a and b, whose hosts a link joins.
func joined(t *testing.T, shape topology.Shape) *fabrictest.Bench {
	t.Helper()
	testenv.Privileged(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", shape, shape)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := userspace.New(t.TempDir(), b.Testbed, program.At(self), hidden)
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	b.Apply(f)
	return b
}

// on is a namespace as one of another machine.
func on(machine string, r netns.Ref) netns.Ref {
	r.Machine = machine
	return r
}

// ways are those in which two namespaces can be on machines.
var ways = [][2]string{{"a", "b"}, {"", "b"}, {"a", ""}, {"a", "a"}, {"", ""}}

// few are all of these, or as many as -short has time for.
func few(n int) [][2]string {
	if testing.Short() {
		return ways[:1]
	}
	return ways[:n]
}

// TestRoundTrips are those of the network, wherever they are measured from.
func TestRoundTrips(t *testing.T) {
	n := joined(t, topology.Shape{Rate: units.Gbps, Delay: 2 * time.Millisecond})
	a, b, p := n.Station("a"), n.Station("b"), agents(t)
	for _, way := range few(2) {
		const count = piece + 20 // more than a message has
		times, err := p.RTT(t.Context(), on(way[0], a.NetNS), b.Addr.Addr(), count, 0)
		if err != nil || len(times) < count*9/10 {
			t.Fatalf("from %q: %d of %d echoes, %v", way[0], len(times), count, err)
		}
		// The fabric takes the host's own latency off, which a busy host has more of.
		if least := slices.Min(times); least < 3*time.Millisecond || least > 8*time.Millisecond {
			t.Errorf("from %q: %v at least, want 4 ms", way[0], least)
		}
	}
}

// TestGoodput: the sink's machine counts, the source's sends, and the rate is the link's. With losses the ends of the
// interval depend on what the source knows.
func TestGoodput(t *testing.T) {
	for _, shape := range []topology.Shape{{Rate: 50 * units.Mbps, Delay: 2 * time.Millisecond},
		{Rate: 5 * units.Mbps, Delay: 10 * time.Millisecond, Loss: 0.001}} {
		n := joined(t, shape)
		a, b, p := n.Station("a"), n.Station("b"), agents(t)
		want := float64(shape.Rate) * measure.HeaderShare
		for _, way := range few(len(ways)) {
			off := math.Inf(1)
			for range 5 { // what else runs on the host only takes away, for a moment
				got, err := p.Goodput(t.Context(), on(way[0], a.NetNS), on(way[1], b.NetNS), b.Addr.Addr(), time.Second/2,
					time.Second, "cubic")
				if err != nil && !errors.Is(err, measure.ErrUnsteady) {
					t.Logf("%q: %v", way, err) // nor does it find time to connect where it stands still
					continue
				}
				if off = math.Abs(got/want - 1); err == nil && off < 0.02 {
					break
				}
			}
			t.Logf("%v %q: off by %.2f %%", shape.Rate, way, 100*off)
			if off >= 0.02 && shape.Loss == 0 || off >= 0.2 {
				t.Errorf("%v %q: off by %.2f %%", shape.Rate, way, 100*off)
			}
		}
	}
}

// TestFlood: what is sent arrives, at instants of the sink's machine, in order, more than a message has.
func TestFlood(t *testing.T) {
	n := joined(t, topology.Shape{Rate: 100 * units.Mbps, Delay: 2 * time.Millisecond})
	a, b, p := n.Station("a"), n.Station("b"), agents(t)
	const (
		rate  = 5000
		lasts = 400 * time.Millisecond
		count = 2000 // rate × lasts
	)
	for _, way := range few(len(ways)) {
		// A sender that the host keeps from sending sends it all at once, which the queue has no room for.
		testenv.Repeat(t, 5, func() error {
			begin := kerneltime.Now(unix.CLOCK_MONOTONIC)
			arrivals, err := p.Flood(t.Context(), on(way[0], a.NetNS), on(way[1], b.NetNS), b.Addr.Addr(), 500, rate, lasts)
			if err != nil {
				return err
			}
			if len(arrivals) != count || !slices.IsSorted(arrivals) {
				return fmt.Errorf("%q: %d of %d packets", way, len(arrivals), count)
			}
			if first, over := arrivals[0], arrivals[count-1]-arrivals[0]; first < begin+int64(2*time.Millisecond) ||
				over < int64(lasts)*9/10 {
				return fmt.Errorf("%q: the first after %v, the last %v later", way, time.Duration(first-begin), time.Duration(over))
			}
			return nil
		})
	}
	far := on("b", b.NetNS)
	if _, err := p.Flood(t.Context(), on("a", a.NetNS), far, b.Addr.Addr(), 1<<16, rate, lasts); err == nil {
		t.Error("packets of 64 kB are sent")
	}
	if _, err := p.Flood(t.Context(), on("a", a.NetNS), far, b.Addr.Addr(), 500, 1e9, time.Hour); err == nil {
		t.Error("more is sent than can be noted")
	}
	if _, err := p.Flood(t.Context(), on("a", a.NetNS), far, b.Addr.Addr(), 5, rate, lasts); err == nil {
		t.Error("packets smaller than their headers are sent")
	}
}

// TestErrorsNameTheMachine, and keep their kind.
func TestErrorsNameTheMachine(t *testing.T) {
	testenv.Privileged(t)
	p, addr := agents(t), netip.MustParseAddr("10.77.0.9")
	none := netns.Ref{Path: "/proc/self/ns/none", Machine: "b"}
	if _, err := p.RTT(t.Context(), none, addr, 1, 0); err == nil || !strings.Contains(err.Error(), "machine b: ") {
		t.Errorf("a namespace that is not there: %v", err)
	}
	own := netns.Ref{Path: "/proc/self/ns/net", Machine: "b"}
	if _, err := p.Goodput(t.Context(), own, own, addr, 0, time.Second, ""); !errors.Is(err, netns.ErrOther) {
		t.Errorf("the machine's own: %v", err)
	}
	if _, err := p.RTT(t.Context(), own, addr, -1, 0); err == nil || !strings.Contains(err.Error(), "-1 echoes") {
		t.Errorf("fewer echoes than none: %v", err)
	}
	if _, err := (Prober{}).RTT(t.Context(), own, addr, 1, 0); !errors.Is(err, netns.ErrElsewhere) {
		t.Errorf("nobody leads there: %v", err)
	}
	if _, err := p.Goodput(t.Context(), netns.Ref{}, none, addr, 0, 0, ""); err == nil {
		t.Error("a sink in a namespace that is not there is listened to")
	}
}

// TestTheEndOfTheContextEndsAll: also while nothing arrives, and the agent's sockets go.
func TestTheEndOfTheContextEndsAll(t *testing.T) {
	n := joined(t, topology.Shape{Rate: 10 * units.Mbps, Delay: time.Millisecond})
	a, b, p := n.Station("a"), n.Station("b"), agents(t)
	why := errors.New("enough")
	for _, begun := range []time.Duration{0, 50 * time.Millisecond} {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(begun, func() { cancel(why) })
		_, err := p.Goodput(ctx, on("a", a.NetNS), on("b", b.NetNS), b.Addr.Addr(), time.Hour, time.Hour, "")
		if !errors.Is(err, why) {
			t.Errorf("after %v: %v", begun, err)
		}
		ctx, cancel = context.WithCancelCause(t.Context())
		time.AfterFunc(begun, func() { cancel(why) })
		if _, err := p.RTT(ctx, on("a", a.NetNS), b.Addr.Addr(), mostEchoes, time.Second); !errors.Is(err, why) {
			t.Errorf("after %v: %v", begun, err)
		}
	}
}

// lying answers each stream with the same, whatever it is asked.
type lying string

func (l lying) Open(string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		go func() { _, _ = io.Copy(io.Discard, there) }()
		_, _ = io.WriteString(there, string(l))
	}()
	return here, nil
}

// TestAnAgentThatLies ends a measurement, and nothing else.
func TestAnAgentThatLies(t *testing.T) {
	far, addr := netns.Ref{Path: "x", Machine: "b"}, netip.MustParseAddr("10.77.0.9")
	for _, says := range []string{"", "{\n", `{"done":true}` + "\n", `{"addr":"10.0.0.1:1"}` + "\n",
		strings.Repeat("x", 1<<20),
		`{"addr":"10.0.0.1:1"}` + "\n{}\n", `{"addr":"10.0.0.1:1"}` + "\n" + `{"arrivals":[1,2,3]}` + "\n",
		`{"addr":"10.0.0.1:1"}` + "\n" + `{"times":[1,2,3]}` + "\n"} {
		p := Prober{At: func(string) control.Opener { return lying(says) }}
		if _, err := p.Goodput(t.Context(), far, far, addr, 0, 0, ""); err == nil {
			t.Errorf("%.40q passes for a sink and a source", says)
		}
		if _, err := p.Flood(t.Context(), far, far, addr, 100, 1, time.Second); err == nil {
			t.Errorf("%.40q passes for a flood", says)
		}
		if times, err := p.RTT(t.Context(), far, addr, 2, 0); err == nil && len(times) > 0 {
			t.Errorf("%.40q passes for %v", says, times)
		}
	}
}

// FuzzServe: no order, whatever it holds, does more than fail.
func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"what":"rtt","netns":{"path":"/nowhere"},"to":"10.0.0.1:0","count":3}` + "\n"))
	f.Add([]byte(`{"what":"sink","netns":{"path":"/nowhere"},"to":"10.0.0.1:0"}` + "\n" + `{"from":"10.0.0.1:1"}` + "\n"))
	f.Add([]byte(`{"what":"source","netns":{"path":"/nowhere"},"to":"[::]:9"}` + "\n" + `{"ask":true}` + "\n"))
	f.Add([]byte(`{"what":"flood sink","netns":{"path":"/nowhere"},"to":"10.0.0.1:0","size":99}` + "\n{}\n"))
	f.Add([]byte(`{"what":"flood","netns":{"path":"/nowhere"},"to":"[::]:9","rate":1e300,"duration_ns":1}` + "\n"))
	f.Add([]byte(`{"what":"none","duration_ns":-1}` + "\n"))
	f.Fuzz(func(_ *testing.T, sent []byte) {
		here, there := net.Pipe()
		served := make(chan struct{})
		go func() {
			defer close(served)
			defer there.Close()
			Serve(context.Background(), there)
		}()
		go func() { _, _ = io.Copy(io.Discard, here) }()
		_, _ = here.Write(sent)
		here.Close()
		<-served
	})
}
