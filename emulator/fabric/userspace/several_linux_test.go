package userspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/health"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// several is a network that three fabrics carry, whose processes stand for machines: the wire between them is a relay
// that delays what passes, and one's clock is another one.
type several struct {
	*fabrictest.Bench
	t       *testing.T
	fabrics []*Fabric
	part    Part
	wires   [3][3]*slowWire
}

// shifted is the clock of the second machine.
var shifted = skew{1_200_000_000, 100e-6}

// newSeveral cuts a network of the hosts a, b and c, on a switch each, at the links between the switches.
func newSeveral(t *testing.T, between topology.Shape, wire func(from, to int) time.Duration) *several {
	testenv.Privileged(t)
	s := &several{Bench: fabrictest.NewBench(t), t: t}
	s.part = Part{Key: runkey.New(), Partition: machines.Partition{Of: map[string]int{}, Floor: time.Millisecond}}
	for i, name := range []string{"a", "b", "c"} {
		s.Hosts(name)
		s.Switch("at-" + name)
		s.Cable(name, "at-"+name, topology.Shape{}, topology.Shape{})
		s.part.Partition.Of[name], s.part.Partition.Of["at-"+name] = i, i
		s.part.Partition.Machines = append(s.part.Partition.Machines, machines.Machine{ID: "machine-" + name})
	}
	s.Cable("at-a", "at-b", between, between)
	s.Cable("at-b", "at-c", between, between)
	var listeners []*net.TCPListener
	for range 3 {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	for i := range 3 {
		p := s.part
		p.Self, p.Listener = i, listeners[i]
		for j := range 3 {
			s.wires[i][j] = newSlowWire(t, listeners[j].Addr().String(), wire(i, j), wire(j, i))
			p.Addresses = append(p.Addresses, s.wires[i][j].listener.Addr().String())
		}
		if i == 1 {
			p.skew = shifted
		}
		f := newFabric(t, fmt.Sprint(s.Testbed, "-", i))
		if err := f.Join(p); err != nil {
			t.Fatal(err)
		}
		s.fabrics = append(s.fabrics, f)
	}
	return s
}

// apply makes all machines carry the network as it is.
func (s *several) apply() {
	s.t.Helper()
	s.Queues = s.Topology.QueueLimits()
	for i, f := range s.fabrics {
		want := s.Network
		want.Stations = slices.Clone(s.Stations)
		for j := range want.Stations {
			if j != i {
				want.Stations[j].NetNS = netns.Ref{} // the others' are not known here
			}
		}
		if err := f.Apply(s.t.Context(), want); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, f := range s.fabrics {
		ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Patience)
		defer cancel()
		if err := f.Connected(ctx); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *several) inspect() fabric.Status {
	s.t.Helper()
	var parts []fabric.Status
	for _, f := range s.fabrics {
		status, err := f.Inspect(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		parts = append(parts, status)
	}
	return fabric.Merge(s.Network, parts...)
}

// health is what a machine says of its crossing with another one.
func (s *several) health(at, with int) health.Crossing {
	s.t.Helper()
	h, err := s.fabrics[at].Health(s.t.Context(), 0, false)
	if err != nil {
		s.t.Fatal(err)
	}
	name := s.part.Partition.Machines[with].ID
	i := slices.IndexFunc(h.Crossings, func(c health.Crossing) bool { return c.Machine == name })
	if i < 0 {
		s.t.Fatalf("%s is not told of: %+v", name, h.Crossings)
	}
	return h.Crossings[i]
}

// echoes is the median round trip between two hosts, of those of count that were answered.
func (s *several) echoes(from, to string, count int) (median time.Duration, answered int) {
	s.t.Helper()
	all, err := measure.RTT(s.t.Context(), s.Station(from).NetNS, s.Station(to).Addr.Addr(), count, 2*time.Millisecond)
	if err != nil || len(all) == 0 {
		s.t.Fatalf("%s to %s: %d echoes, %v", from, to, len(all), err)
	}
	slices.Sort(all)
	return quantile.Above(all, 0.5), len(all)
}

// Delays of 1 and 5 ms between machines, more on one way than back, and a clock that is 1.2 s ahead and runs 100 ppm
// faster: nodes see the scenario's delays. Each offset is within the error that is stated for it.
func TestDelaysHoldAcrossMachines(t *testing.T) {
	const ms = time.Millisecond
	planted := [3][3]time.Duration{1: {0: ms, 2: 5 * ms}, 2: {1: 5*ms + 200*time.Microsecond}}
	planted[0][1] = ms + 200*time.Microsecond
	delay := 12 * ms
	s := newSeveral(t, topology.Shape{Delay: delay}, func(from, to int) time.Duration { return planted[from][to] })
	s.apply()
	if d := fabric.Differences(fabric.Wanted(s.Network), s.inspect().Queues); len(d) > 0 {
		t.Errorf("in force is not what is wanted: %v", d)
	}
	for _, pair := range []struct {
		from, to string
		want     time.Duration
	}{{"a", "b", 2 * delay}, {"b", "c", 2 * delay}, {"c", "a", 4 * delay}} {
		got, answered := s.echoes(pair.from, pair.to, 40)
		off := (got - pair.want).Seconds() * 1e3
		t.Logf("%s to %s: %v off, %d of 40 answered", pair.from, pair.to, got-pair.want, answered)
		if off < -testenv.OnQuietMachine(0.1, 5) || off > testenv.OnQuietMachine(0.1, 500) ||
			answered < int(testenv.OnQuietMachine(40, 30)) {
			t.Errorf("%s to %s: %v instead of %v, %d answered", pair.from, pair.to, got, pair.want, answered)
		}
	}
	for _, pair := range [][2]int{{0, 1}, {1, 0}, {1, 2}, {2, 1}, {0, 2}} {
		c := s.health(pair[0], pair[1])
		there, back := planted[pair[0]][pair[1]], planted[pair[1]][pair[0]]
		t.Logf("%v: ahead by %v to %v, drift %.1f ppm, late %d of %d, at most by %v", pair, c.Ahead, c.Error,
			c.Drift*1e6, c.Late, c.Received, c.By.Longest)
		if c.RoundTrip < there+back || c.Error < c.RoundTrip/2 {
			t.Errorf("%v: a round trip of %v, an error of %v, and %v are planted", pair, c.RoundTrip, c.Error, there+back)
		}
		if c.Lost > 0 || c.Strays > 0 || c.Received == 0 && pair != [2]int{0, 2} {
			t.Errorf("%v: %d of %d lost, %d strays", pair, c.Lost, c.Sent, c.Strays)
		}
		// Read by the shifted clock a second lasts 100 µs less; what passes between two readings here is less than 10 s.
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			t.Fatal(err)
		}
		sign := time.Duration(pair[1]&1 - pair[0]&1)
		want := sign * time.Duration(shifted.from(now.Nano())-now.Nano())
		if off := (c.Ahead - want).Abs(); off > c.Error+time.Millisecond {
			t.Errorf("%v: ahead by %v, want %v", pair, c.Ahead, want)
		}
	}
}

// Changes, faults and a machine that begins anew: the others go on, and all is as wanted again.
func TestChangesReachAllMachines(t *testing.T) {
	s := newSeveral(t, topology.Shape{Delay: 8 * time.Millisecond}, func(int, int) time.Duration { return 0 })
	s.apply()
	least := func(from, to string, want time.Duration) {
		t.Helper()
		if got, _ := s.echoes(from, to, 10); got < want-5*time.Millisecond || got > want+time.Second {
			t.Errorf("%s to %s takes %v, want %v", from, to, got, want)
		}
	}
	least("a", "c", 32*time.Millisecond)
	s.Shape("at-a-at-b", 0, topology.Shape{Delay: 30 * time.Millisecond})
	s.apply()
	least("a", "c", 54*time.Millisecond)

	silent := func(what, from, to string) {
		t.Helper()
		all, err := measure.RTT(t.Context(), s.Station(from).NetNS, s.Station(to).Addr.Addr(), 1, 0)
		if err != nil && !errors.Is(err, unix.EHOSTUNREACH) || len(all) > 0 {
			t.Errorf("%s: %d echoes, %v", what, len(all), err)
		}
	}
	s.SetDown("at-c")
	s.apply()
	silent("a switch of another machine is down", "a", "c")
	s.SetDown()
	s.SetPartition([]string{"a"}, []string{"b", "c"})
	s.apply()
	silent("parted", "a", "b")
	least("b", "c", 16*time.Millisecond)
	s.SetPartition()
	s.apply()
	least("a", "b", 38*time.Millisecond)

	// Below the floor nothing is changed.
	s.Shape("at-a-at-b", 0, topology.Shape{Delay: time.Millisecond / 2})
	want := s.Network
	if err := s.fabrics[0].Reshape(t.Context(), want); err == nil || !strings.Contains(err.Error(), "at-a-at-b") {
		t.Errorf("below the floor: %v", err)
	}
	s.Shape("at-a-at-b", 0, topology.Shape{Delay: 8 * time.Millisecond})

	pids, err := Processes(fmt.Sprint(s.Testbed, "-", 1))
	if err != nil || len(pids) != 1 {
		t.Fatal(pids, err)
	}
	if err := unix.Kill(pids[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for ended := false; !ended; time.Sleep(time.Millisecond) {
		_, err := s.fabrics[1].Counters(t.Context())
		ended = err != nil
	}
	s.apply()
	least("a", "c", 32*time.Millisecond)

	other := s.part
	other.Key, other.Self, other.Addresses = runkey.New(), 0, []string{"", "", ""}
	if err := s.fabrics[0].Join(other); err != nil {
		t.Fatal(err)
	}
	if err := s.fabrics[0].Apply(t.Context(), s.Network); err == nil || !strings.Contains(err.Error(), "other machines") {
		t.Errorf("with another key: %v", err)
	}
}

// A gigabit of TCP over the cut, and a flood of small packets: what does not arrive is counted, to the packet.
func TestNothingIsLostUncountedAcrossMachines(t *testing.T) {
	between := topology.Shape{Rate: units.Gbps, Delay: 10 * time.Millisecond}
	s := newSeveral(t, between, func(int, int) time.Duration { return 0 })
	s.apply()
	a, b := s.Station("a"), s.Station("b")
	got := s.Goodput("a", "b", time.Second, 2*time.Second)
	line := float64(units.Gbps) * measure.HeaderShare
	t.Logf("TCP: %.0f Mb/s of %.0f", got/1e6, line/1e6)
	if got < testenv.OnQuietMachine(0.9, 0.001)*line {
		t.Errorf("%.0f Mb/s", got/1e6)
	}
	const count = 100_000
	took := flood(t, a.NetNS, b.Addr.Addr().As4(), count, 50_000)
	t.Logf("%d packets were sent in %v", count, took)
	var first, cut, last fabric.QueueStatus
	var there, here health.Crossing
	arrived := func() bool {
		all := s.inspect().Queues
		first, cut, last = queueOf(t, all, "a-at-a", 0), queueOf(t, all, "at-a-at-b", 0), queueOf(t, all, "b-at-b", 1)
		there, here = s.health(0, 1), s.health(1, 0)
		return there.Sent == here.Received && cut.Packets == last.Packets+last.Dropped+cut.Errors
	}
	testenv.Holds(arrived) // or not: it is told below
	t.Logf("sent on %d, then %d (%d dropped, %d lost on the wire), then %d; %d were late, by %v at p99", first.Packets,
		cut.Packets, cut.Dropped, cut.Errors, last.Packets, here.Late, here.By.Quantile(0.99))
	if first.Packets != cut.Packets+cut.Dropped {
		t.Errorf("%d packets left the first queue, and %d came to the second", first.Packets, cut.Packets+cut.Dropped)
	}
	if cut.Packets != last.Packets+last.Dropped+cut.Errors || there.Sent != here.Received || here.Strays > 0 {
		t.Errorf("%d packets left the cut, %d arrived, %d were lost; %+v, %+v", cut.Packets, last.Packets, cut.Errors,
			there.Sent, here.Received)
	}
	if quiet := testenv.OnQuietMachine(1, 0) == 1; quiet && (cut.Errors > 0 || there.Lost > 0) {
		t.Errorf("%d packets were lost on the wire", there.Lost)
	}
	if here.By.Count == 0 || here.Received == 0 {
		t.Error("nothing crossed")
	}
}

func queueOf(t *testing.T, all []fabric.QueueStatus, link string, dir int) fabric.QueueStatus {
	t.Helper()
	for _, q := range all {
		if q.Link == link && q.Dir == dir {
			return q
		}
	}
	t.Fatalf("no queue %s", link)
	return fabric.QueueStatus{}
}

// flood sends small packets from a namespace, so many a second if it can.
func flood(t *testing.T, from netns.Ref, to [4]byte, count int, rate float64) (took time.Duration) {
	t.Helper()
	err := netns.Do(from, func() error {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		begin := time.Now()
		for i := range count {
			for time.Since(begin).Seconds() < float64(i)/rate {
				continue
			}
			err := unix.Sendto(sock, make([]byte, 64), 0, &unix.SockaddrInet4{Port: 9, Addr: to})
			if err != nil && !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.ENOBUFS) {
				return err
			}
		}
		took = time.Since(begin)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// slowWire relays TCP connections, and delays what passes.
type slowWire struct {
	listener    net.Listener
	there, back time.Duration
	conns       sync.Map
	closed      atomic.Bool
}

func newSlowWire(t *testing.T, to string, there, back time.Duration) *slowWire {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &slowWire{listener: l, there: there, back: back}
	t.Cleanup(func() {
		w.closed.Store(true)
		_ = l.Close()
		w.conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp4", to)
			if err != nil || w.closed.Load() {
				_ = in.Close()
				continue
			}
			w.conns.Store(in, nil)
			w.conns.Store(out, nil)
			go pass(in, out, w.there)
			go pass(out, in, w.back)
		}
	}()
	return w
}

// pass copies from one connection to another, each piece after a delay.
func pass(from, to net.Conn, delay time.Duration) {
	defer to.Close()
	if delay == 0 {
		_, _ = io.Copy(to, from)
		return
	}
	type chunk struct {
		due  time.Time
		data []byte
	}
	chunks := make(chan chunk, 4096)
	go func() {
		defer close(chunks)
		for {
			b := make([]byte, 16<<10)
			n, err := from.Read(b)
			if n > 0 {
				chunks <- chunk{time.Now().Add(delay), b[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if _, err := to.Write(c.data); err != nil {
			_ = from.Close()
		}
	}
}
