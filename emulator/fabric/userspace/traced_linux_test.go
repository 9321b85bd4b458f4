package userspace

import (
	"io"
	"math"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/plan"
	"testbed/emulator/predict/transport"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// measured is how much of the reference trace is replayed, and for how long: so that it begins anew meanwhile. On a
// quiet machine it is all of it.
func measured() (lasts, replayed time.Duration) {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return seconds(testenv.OnQuietMachine(68, 8)), seconds(testenv.OnQuietMachine(60, 3))
}

// beginOf is the begin of a trace.
func beginOf(t *testing.T, way string, lasts time.Duration) *linktrace.Trace {
	t.Helper()
	trace := *lte(t, way, linktrace.Options{WithRun: true})
	for i, at := range trace.Opportunities {
		if time.Duration(at)*time.Millisecond > lasts {
			trace.Opportunities = trace.Opportunities[:i]
			break
		}
	}
	if err := trace.Check(); err != nil {
		t.Fatal(err)
	}
	return &trace
}

// phone is a network of two hosts joined by a link that follows the reference traces.
func phone(t *testing.T, replayed time.Duration) (*fabrictest.Bench, *Fabric) {
	t.Helper()
	b := fabrictest.NewBench(t)
	b.Hosts("phone", "server")
	line := topology.Shape{Delay: 20 * time.Millisecond}
	b.Cable("phone", "server", line, line)
	id := mustLookup(t, b.Network, "phone-server")
	for d, way := range []string{"up", "down"} {
		if err := b.Topology.Follow(topology.Channel{Link: id, Dir: d}, beginOf(t, way, replayed)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range b.Stations {
		b.Stations[i].Sysctls["net/ipv4/tcp_rmem"] = "4096 16777216 67108864"
		b.Stations[i].Sysctls["net/ipv4/tcp_wmem"] = "4096 8388608 67108864"
	}
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	return b, f
}

// begin lets the traces begin anew, a moment from now, and returns when that is.
func begin(t *testing.T, b *fabrictest.Bench, f *Fabric) (monotonic int64, at time.Time) {
	t.Helper()
	const soon = 300 * time.Millisecond
	at = time.Now().Add(soon)
	b.Network.Run = kerneltime.Now(unix.CLOCK_MONOTONIC) + int64(time.Until(at))
	if err := f.Reshape(t.Context(), b.Network); err != nil {
		t.Fatal(err)
	}
	status, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range status.Queues {
		if q.Began != b.Network.Run || q.Trace == "" {
			t.Fatalf("the trace %q began at %d, and not at %d", q.Trace, q.Began, b.Network.Run)
		}
	}
	return b.Network.Run, at
}

// TestFloodsGetEveryOpportunity: what arrives of saturating flows, both ways at once, is in each second what the
// reference trace has room for, within 1 %, also where it begins anew. What the host holds up is measured again.
func TestFloodsGetEveryOpportunity(t *testing.T) {
	testenv.Privileged(t)
	lasts, replayed := measured()
	b, f := phone(t, replayed)
	const tries = 4
	for try := 1; ; try++ {
		began, at := begin(t, b, f)
		time.Sleep(time.Until(at))
		arrivals := [2]chan []int64{make(chan []int64, 1), make(chan []int64, 1)}
		for d, ends := range [2][2]string{{"phone", "server"}, {"server", "phone"}} {
			go func() {
				from, to := b.Station(ends[0]), b.Station(ends[1])
				all, err := measure.Flood(t.Context(), from.NetNS, to.NetNS, to.Addr.Addr(), 1500, 6000, lasts)
				if err != nil {
					t.Error(err)
				}
				arrivals[d] <- all
			}()
		}
		worst := 0.0
		for d := range arrivals {
			trace := b.Topology.Traces[d]
			perSecond := map[int64]int64{}
			for _, at := range <-arrivals[d] {
				// As it leaves the queue, 20 ms before it arrives, and half a millisecond for the host.
				perSecond[(at-began-20_500_000)/int64(time.Second)]++
			}
			for s := int64(1); s < int64(lasts.Seconds())-1; s++ {
				off := math.Abs(float64(perSecond[s])/float64(opportunities(trace, s)) - 1)
				if worst = max(worst, off); off > 0.01 {
					t.Logf("try %d, second %d of %s: %d packets, %d opportunities", try, s, trace.Name, perSecond[s],
						opportunities(trace, s))
				}
			}
		}
		t.Logf("try %d: the worst second is off by %.2f %%", try, 100*worst)
		if worst <= 0.01 {
			return
		}
		if try == tries {
			t.Fatalf("a second is off by %.2f %%, in each of %d tries", 100*worst, tries)
		}
	}
}

// TestTransfersTakeAsLongAsPredicted: TCP over the traces takes what the transport model says that follows the same.
func TestTransfersTakeAsLongAsPredicted(t *testing.T) {
	testenv.Privileged(t)
	lasts, _ := measured()
	b, f := phone(t, time.Minute)
	const tries, tolerance = 4, 0.10
	for _, c := range []struct {
		from, to string
		dir      int
	}{{"server", "phone", 1}, {"phone", "server", 0}} {
		bytes := int64(b.Topology.Traces[c.dir].Bits(0, int64(lasts)) / 8 / 1514 * 1448)
		predicted := predictedTransfer(t, b.Network, c.from, c.to, bytes)
		for try := 1; ; try++ {
			took := transferred(t, b, f, c.from, c.to, bytes)
			off := took/predicted - 1
			t.Logf("%d bytes from %s: %.2f s, predicted %.2f s: %+.1f %%", bytes, c.from, took, predicted, 100*off)
			if math.Abs(off) <= tolerance {
				break
			}
			if try == tries {
				t.Errorf("from %s: off by %.1f %% in each of %d tries", c.from, 100*off, tries)
				break
			}
		}
	}
}

// predictedTransfer is the transport model's, in s.
func predictedTransfer(t *testing.T, n fabric.Network, from, to string, bytes int64) float64 {
	t.Helper()
	o := transport.DefaultOptions()
	o.Header, o.Fresh, o.MaxReceiveWindow, o.Queues = 0, true, 32*units.MiB, n.Queues
	e, err := transport.New(n.Topology, func(topology.ID) float64 { return 1 }, o)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Predict([]*plan.Plan{{Job: "j", Model: plan.External, Steps: []plan.Step{
		{Role: plan.Request, From: mustLookup(t, n, from), To: mustLookup(t, n, to), Bytes: bytes, State: -1},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return all[0].Total
}

// transferred is how long so many bytes take over one connection, in s, from the instant on at which the traces begin.
func transferred(t *testing.T, b *fabrictest.Bench, f *Fabric, from, to string, bytes int64) float64 {
	t.Helper()
	var listener net.Listener
	err := netns.Do(b.Station(to).NetNS, func() (err error) {
		listener, err = net.Listen("tcp4", netip.AddrPortFrom(b.Station(to).Addr.Addr(), 0).String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var sender net.Conn
	err = netns.Do(b.Station(from).NetNS, func() (err error) {
		sender, err = net.Dial("tcp4", listener.Addr().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	receiver, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	_, at := begin(t, b, f)
	time.Sleep(time.Until(at))
	go func() {
		data := make([]byte, 64<<10)
		for left := bytes; left > 0; {
			n, err := sender.Write(data[:min(left, int64(len(data)))])
			if err != nil {
				return
			}
			left -= int64(n)
		}
	}()
	if _, err := io.CopyN(io.Discard, receiver, bytes); err != nil {
		t.Fatal(err)
	}
	return time.Since(at).Seconds()
}
