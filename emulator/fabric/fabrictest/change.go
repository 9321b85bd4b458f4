package fabrictest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func change(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	there, back := duplex(20*units.Mbps, 20*time.Millisecond)
	b.Cable("a", "b", there, back)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	across := func(there, back topology.Shape) int {
		running := make(chan int, 1)
		go func() {
			times, err := measure.RTT(t.Context(), b.Station("a").NetNS, b.Station("b").Addr.Addr(), 20, 20*time.Millisecond)
			if err != nil {
				t.Error(err)
			}
			running <- len(times)
		}()
		time.Sleep(200 * time.Millisecond)
		b.Shape("a-b", 0, there)
		b.Shape("a-b", 1, back)
		b.Apply(f)
		return <-running
	}
	testenv.Repeat(t, echoTries, func() error { // an echo that a host kept waiting counts as lost
		b.Shape("a-b", 0, there)
		b.Shape("a-b", 1, back)
		b.Apply(f)
		got := across(topology.Shape{Rate: 5 * units.Mbps, Delay: 2 * time.Millisecond},
			topology.Shape{Delay: 3 * time.Millisecond})
		if got != 20 {
			return fmt.Errorf("%d of 20 echoes answered across the change", got)
		}
		return nil
	})
	b.around("after the change", "a", "b", 20, 5*time.Millisecond)
	b.carries("after the change", "a", "b", time.Second, 5*units.Mbps, 0.05)
}

// LiveChange changes a link of 50 Mb/s and a round-trip time of 120 ms under TCP load to 20 Mb/s and back.
// Within one round-trip time the receiver gets the new rate, and nothing is lost. A fabric that keeps the
// departures of packets already queued needs longer by what the queue takes to drain, where the rate
// rises; with strict none is allowed for that.
func LiveChange(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric, strict bool) {
	testenv.Privileged(t)
	const oneWay = 60 * time.Millisecond
	fast, slow := carried(50*units.Mbps), carried(20*units.Mbps)
	// What the sender keeps between itself and the receiver: twice what the fast link holds, so that a slow host, too,
	// keeps it busy.
	window := int64(fast) / 8 * int64(oneWay) / int64(time.Second) * 2
	standing := window - int64(slow)/8*int64(oneWay)/int64(time.Second) // queued at the slow rate
	drain := time.Duration(standing * 8 * int64(time.Second) / int64(slow))
	if strict {
		drain = 0
	}
	b := NewBench(t)
	b.Hosts("a", "b")
	shape := topology.Shape{Rate: fast, Delay: oneWay, Queue: 2 * units.MiB}
	b.Cable("a", "b", shape, shape)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	flow, err := startFlow(t.Context(), b.Station("a").NetNS, b.Station("b").NetNS, b.Station("b").Addr.Addr(), window)
	if err != nil {
		t.Fatal(err)
	}
	defer flow.close()
	time.Sleep(3 * time.Second)
	begun := 0.0
	for try := 1; try <= rateTries && off(fast, begun) > 0.1; try++ {
		time.Sleep(8 * oneWay)
		begun = nearer(fast, begun, flow.rate(time.Now().Add(-8*oneWay), 8*oneWay))
	}
	b.within("before", begun, fast, 0.1)
	before := b.queue(f, "a-b", 0)
	steps := []struct {
		rate        units.BitRate
		settle      time.Duration
		first, then float64 // the best of all tries
	}{{rate: slow}, {rate: fast, settle: drain}}
	for try, ok := 1, false; try <= rateTries && !ok; try++ {
		ok = true
		for i := range steps {
			c := &steps[i]
			b.Shape("a-b", 0, topology.Shape{Rate: c.rate, Delay: oneWay, Queue: 2 * units.MiB})
			took := b.Apply(f)
			changed := time.Now().Add(2*oneWay + c.settle)
			time.Sleep(time.Until(changed.Add(7 * oneWay)))
			t.Logf("changed to %v in %v; measured after %v", c.rate, took, 2*oneWay+c.settle)
			c.first = nearer(c.rate, c.first, flow.rate(changed, 2*oneWay))
			c.then = nearer(c.rate, c.then, flow.rate(changed, 6*oneWay))
			ok = ok && off(c.rate, c.first) <= 0.2 && off(c.rate, c.then) <= 0.08
		}
	}
	for _, c := range steps {
		b.within("first round-trip time", c.first, c.rate, 0.2)
		b.within("three round-trip times", c.then, c.rate, 0.08)
	}
	after := b.queue(f, "a-b", 0)
	if after.Dropped != before.Dropped || after.Lost != before.Lost {
		t.Errorf("dropped or lost: %d and %d before, %d and %d after", before.Dropped, before.Lost, after.Dropped, after.Lost)
	}
	sent, received, again, err := flow.finish()
	t.Logf("%d bytes sent, %d received, %d segments sent again: %v", sent, received, again, err)
	// A sender whose host kept it waiting takes segments for lost that are not: but for its timers nothing is sent again.
	if err != nil || sent != received || again > spuriously {
		t.Errorf("%d bytes sent, %d received, %d segments sent again: %v", sent, received, again, err)
	}
}

// spuriously is how many segments a sender may send again that were not lost: a tail loss probe or a timeout of each
// try. One packet lost takes no more, but shows in the queue's counters.
const spuriously = 2 * rateTries

// off is a rate's distance from a link's, as a share of that.
func off(rate units.BitRate, got float64) float64 {
	return math.Abs(got/(float64(rate)*measure.HeaderShare) - 1)
}

// nearer is the one of two rates that is nearer to a link's.
func nearer(rate units.BitRate, a, b float64) float64 {
	if off(rate, a) <= off(rate, b) {
		return a
	}
	return b
}

// flow is a TCP connection that is kept busy with a fixed amount between sender and receiver.
type flow struct {
	sender, receiver *net.TCPConn
	window           int64
	wrote, read      chan error

	mu             sync.Mutex
	room           *sync.Cond
	sent, received int64
	stopped        bool
	at             []time.Time // of each read
	total          []int64     // after it
}

func startFlow(ctx context.Context, fromNetNS, toNetNS netns.Ref, to netip.Addr, window int64) (*flow, error) {
	fl := &flow{window: window, wrote: make(chan error, 1), read: make(chan error, 1)}
	fl.room = sync.NewCond(&fl.mu)
	var listener net.Listener
	err := netns.Do(toNetNS, func() (err error) {
		config := net.ListenConfig{Control: receiving}
		listener, err = config.Listen(ctx, "tcp4", netip.AddrPortFrom(to, 0).String())
		return err
	})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	var conn net.Conn
	err = netns.Do(fromNetNS, func() (err error) {
		dialer := net.Dialer{Control: steady, Timeout: testenv.Patience}
		conn, err = dialer.DialContext(ctx, "tcp4", listener.Addr().String())
		return err
	})
	if err != nil {
		return nil, err
	}
	accepted, err := listener.Accept()
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	fl.sender, fl.receiver = conn.(*net.TCPConn), accepted.(*net.TCPConn)
	go func() { fl.wrote <- fl.write() }()
	go func() { fl.read <- fl.count() }()
	return fl, nil
}

func (fl *flow) write() error {
	data := make([]byte, 16<<10)
	for {
		fl.mu.Lock()
		for fl.sent-fl.received > fl.window-int64(len(data)) && !fl.stopped {
			fl.room.Wait()
		}
		stopped := fl.stopped
		fl.mu.Unlock()
		if stopped {
			return fl.sender.CloseWrite()
		}
		n, err := fl.sender.Write(data)
		fl.mu.Lock()
		fl.sent += int64(n)
		fl.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

func (fl *flow) count() error {
	data := make([]byte, 64<<10)
	for {
		n, err := fl.receiver.Read(data)
		fl.mu.Lock()
		fl.received += int64(n)
		fl.at, fl.total = append(fl.at, time.Now()), append(fl.total, fl.received)
		fl.room.Signal()
		fl.mu.Unlock()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// rate is the bits per second received in the time given, from the last read before it to the last in it.
func (fl *flow) rate(from time.Time, during time.Duration) float64 {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	first, last := -1, -1
	for i, at := range fl.at {
		if !at.After(from) {
			first = i
		}
		if !at.After(from.Add(during)) {
			last = i
		}
	}
	if first < 0 || last <= first {
		return 0
	}
	return float64(fl.total[last]-fl.total[first]) * 8 / fl.at[last].Sub(fl.at[first]).Seconds()
}

// finish lets what is under way arrive, and tells how many segments were sent more than once.
func (fl *flow) finish() (sent, received int64, again int, err error) {
	fl.mu.Lock()
	fl.stopped = true
	fl.room.Signal()
	fl.mu.Unlock()
	_ = fl.receiver.SetReadDeadline(time.Now().Add(testenv.Patience))
	if err := <-fl.wrote; err != nil {
		return 0, 0, 0, fmt.Errorf("sender: %w", err)
	}
	if err := <-fl.read; err != nil {
		return 0, 0, 0, fmt.Errorf("receiver: %w", err)
	}
	again, err = retransmitted(fl.sender)
	return fl.sent, fl.received, again, err
}

func (fl *flow) close() {
	fl.mu.Lock()
	fl.stopped = true
	fl.room.Signal()
	fl.mu.Unlock()
	_, _ = fl.sender.Close(), fl.receiver.Close()
}
