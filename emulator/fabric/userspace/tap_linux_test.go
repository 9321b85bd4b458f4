package userspace

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/capture"
	"testbed/emulator/capture/capturetest"
	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// tapOn puts a tap on a queue of the model's, with room for so many bytes.
func tapOn(m *model, queue int, room int, filter *bpf.VM) *tap {
	t := &tap{ring: newTapRing(room), filter: filter}
	m.table.queues[queue].taps = append(m.table.queues[queue].taps, t)
	return t
}

// shown is what a client sees of a tap's ring, of all that has left by an instant.
func shown(t *testing.T, from *tap, until int64) (frames [][]byte, at []int64) {
	t.Helper()
	var b bytes.Buffer
	if err := from.ring.take(func(part []byte) error { _, err := b.Write(part); return err }); err != nil {
		t.Fatal(err)
	}
	end := make([]byte, tapHeaderBytes)
	(&tapHeader{size: 8, kind: tapEnd, first: until}).put(end)
	b.Write(binary.LittleEndian.AppendUint64(end, from.lost))
	var lost uint64
	v := &tapView{from: bufio.NewReader(&b), lost: make([]uint64, 1), filter: from.filter, to: fabric.TapSink{
		Packet: func(p fabric.Tapped) error {
			frames, at = append(frames, bytes.Clone(p.Data)), append(at, int64(p.At))
			return nil
		},
		Told: func(_ time.Duration, l []uint64) error { lost = l[0]; return nil },
	}}
	if err := v.run(); err != nil {
		t.Fatal(err)
	}
	if lost != from.lost {
		t.Errorf("%d lost, want %d", lost, from.lost)
	}
	return frames, at
}

// TestTapsShowDepartures: on one link, what arrives has left by its delay before, frames and bursts alike, also when
// the rate changes while they wait.
func TestTapsShowDepartures(t *testing.T) {
	for name, c := range map[string]struct{ rate, later units.BitRate }{
		"whole bursts": {300 * units.Mbps, 0}, "cut bursts": {50 * units.Mbps, 0},
		"slower": {300 * units.Mbps, 250 * units.Mbps}, "faster": {20 * units.Mbps, 50 * units.Mbps},
	} {
		t.Run(name, func(t *testing.T) {
			const delay = 3 * time.Millisecond
			shape := topology.Shape{Rate: c.rate, Delay: delay, Queue: 100 * units.MB}
			n := star(t, 2, topology.Shared, shape, topology.Shape{})
			m := newModel(t, n)
			on := tapOn(m, 0, 1<<22, nil)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 100 {
				at := int64(i) * 20 * us
				if i%3 == 0 {
					m.send(at, 0, tcpBurst(0, 1, 3000+random.IntN(9000), 1448))
				} else {
					m.send(at, 0, frame(0, 1, 60+random.IntN(1454), byte(i)))
				}
				if i == 50 && c.later > 0 {
					n.Topology.Vertices[2].Shape[0].Rate = c.later
					m.change(n)
				}
			}
			m.run(1 << 40)
			frames, at := shown(t, on, 1<<40)
			whole, segments := 0, 0
			for _, s := range m.sent {
				p := &packet{data: s.data}
				l, isBurst := parseBurst(s.data)
				p.setWireSize(l, isBurst)
				last := segments + int(p.segments) - 1
				if last >= len(at) || at[last]+int64(delay) != s.at {
					t.Fatalf("delivery %d at %v: shown at %v", whole, s.at, at[min(last, len(at)-1)])
				}
				if !isBurst {
					completeChecksum(s.data)
					if !bytes.Equal(frames[last], s.data[virtioLen:]) {
						t.Fatalf("delivery %d: another frame is shown", whole)
					}
				}
				for k := segments + 1; k <= last; k++ { // one after the other, at the link's rate
					took := int64(uint64(len(frames[k])) * bitNanos / uint64(c.rate))
					if got := at[k] - at[k-1]; c.later == 0 && (got < took-1 || got > took+1) {
						t.Fatalf("segment %d of %d bytes %d ns after the one before, want %d", k, len(frames[k]), got, took)
					}
				}
				whole, segments = whole+1, last+1
			}
			if segments != len(frames) || uint64(segments) != m.table.queues[0].packets || segments < 200 {
				t.Errorf("%d shown, %d delivered, %d sent", len(frames), segments, m.table.queues[0].packets)
			}
		})
	}
}

// filterFor is one that a user writes.
func filterFor(t *testing.T, text string) *bpf.VM {
	t.Helper()
	f, err := capture.NewFilter(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := filterOf(f.Raw())
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func TestTapsFilterAndCountWhatTheyHaveNoRoomFor(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{}, topology.Shape{}))
	on, small := tapOn(m, 0, 1<<20, filterFor(t, "greater 1000")), tapOn(m, 0, 1<<12, nil)
	for i := range 100 {
		m.send(int64(i), 0, frame(0, 1, 100+10*i, byte(i)))
	}
	frames, _ := shown(t, on, 1<<40)
	if len(frames) != 10 || on.lost != 0 || len(frames[0]) != 1000 {
		t.Errorf("%d frames, %d lost", len(frames), on.lost)
	}
	frames, _ = shown(t, small, 1<<40)
	if len(frames) == 0 || uint64(len(frames))+small.lost != 100 {
		t.Errorf("%d frames, %d lost, of 100", len(frames), small.lost)
	}
	m.send(200, 0, frame(0, 1, 100, 7)) // there is room again
	if frames, _ := shown(t, small, 1<<40); len(frames) != 1 {
		t.Errorf("%d frames", len(frames))
	}
}

// TestFiltersSeeWhatIsShown: of bursts those segments that a filter accepts are shown, or counted as lost, and no
// others, as if they had been sent one by one.
func TestFiltersSeeWhatIsShown(t *testing.T) {
	for _, text := range []string{"greater 2000", "less 1513", "less 600", "greater 1514", "tcp and not less 1513", "udp",
		"tcp"} {
		shape := topology.Shape{Rate: 300 * units.Mbps, Queue: 100 * units.MB}
		m := newModel(t, star(t, 2, topology.Shared, shape, topology.Shape{}))
		filter := filterFor(t, text)
		all, some, small := tapOn(m, 0, 1<<22, nil), tapOn(m, 0, 1<<22, filter), tapOn(m, 0, 64, filter)
		for i := range 50 {
			m.send(int64(i)*us, 0, tcpBurst(0, 1, 1500+611*i, 1448))
			m.send(int64(i)*us, 0, frame(0, 1, 60+29*i, byte(i)))
		}
		m.run(1 << 40)
		every, at := shown(t, all, 1<<40)
		got, when := shown(t, some, 1<<40)
		var want [][]byte
		var leaves []int64
		for i, f := range every {
			if accepted(filter, f) {
				want, leaves = append(want, f), append(leaves, at[i])
			}
		}
		if !slices.EqualFunc(got, want, bytes.Equal) || !slices.Equal(when, leaves) || some.lost != 0 ||
			small.lost != uint64(len(want)) {
			t.Errorf("%s: %d are shown, and %d counted as lost where there is no room; %d of %d fit", text, len(got),
				small.lost, len(want), len(every))
		}
		if text == "greater 2000" != (len(want) == 0) {
			t.Errorf("%s accepts %d of %d", text, len(want), len(every))
		}
	}
}

// TestSmallFramesArePendingToTheBoundToo: they are counted by what they take.
func TestSmallFramesArePendingToTheBoundToo(t *testing.T) {
	left := 0
	v := &tapView{lost: make([]uint64, 1), to: fabric.TapSink{Packet: func(fabric.Tapped) error { left++; return nil }}}
	data := frame(0, 1, 60, 0)
	const count = 1_500_000
	for i := range count {
		if err := v.keep(int64(i), &tapHeader{}, data); err != nil {
			t.Fatal(err)
		}
		if len(v.pending) > maxPending/pendingBytes {
			t.Fatalf("%d frames are pending", len(v.pending))
		}
	}
	if left == 0 || left+len(v.pending) != count {
		t.Errorf("%d left, %d are pending, of %d", left, len(v.pending), count)
	}
}

// TestCaptureOfAKnownFlow: 50,000 packets in about a second, at the nodes and in both links on their way.
func TestCaptureOfAKnownFlow(t *testing.T) {
	testenv.Privileged(t)
	b := fabrictest.NewBench(t)
	b.Switch("s")
	b.Hosts("a", "z")
	first := topology.Shape{Rate: 2 * units.Gbps, Delay: time.Millisecond, Queue: 200 * units.MB}
	second := topology.Shape{Rate: units.Gbps, Delay: 2 * time.Millisecond, Queue: 200 * units.MB}
	b.Cable("a", "s", first, first)
	b.Cable("z", "s", second, second)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	const count, size = 50_000, 500
	frameBytes := size + 14 + 20 + 8
	path := filepath.Join(t.TempDir(), "flow.pcapng")
	filter, err := capture.NewFilter("udp and src host "+b.Station("a").Addr.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	queues := []fabric.QueueName{{Link: "a-s", Dir: 0}, {Link: "z-s", Dir: 1}}
	sources := []capture.From{
		{Source: capture.Devices{{NetNS: b.Station("a").NetNS, Name: fabric.Interface, Of: "node a"},
			{NetNS: b.Station("z").NetNS, Name: fabric.Interface, Of: "node z"}},
			Interfaces: []capture.Interface{{Name: "a"}, {Name: "z"}}},
		{Source: capture.Queues{Fabric: f, Names: queues}, Interfaces: []capture.Interface{{Name: "a-s"}, {Name: "z-s"}}},
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var open sync.WaitGroup
	open.Add(len(sources))
	for i := range sources {
		sources[i].Source = announced{sources[i].Source, sync.OnceFunc(open.Done)}
	}
	var arrived []fabrictest.Arrival
	go func() {
		defer stop()
		open.Wait()
		s := fabrictest.Stream{Count: count, Size: size, Interval: 20 * time.Microsecond}
		arrived, err = s.Send(ctx, b.Station("a").NetNS, b.Station("z").NetNS, b.Station("z").Addr.Addr())
	}()
	r, failed := capture.Run(ctx, sources, capture.Options{Program: "test", Filter: filter, Path: path})
	if failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	status, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sent, %d arrived, captured %v", count, len(arrived), r.Counts)
	if got := r.Counts[0]; got.Written+got.Lost != count {
		t.Errorf("at a %d written and %d lost, of %d", got.Written, got.Lost, count)
	}
	for i, q := range queues { // whatever the host has lost before the fabric
		for _, s := range status.Queues {
			got, same := r.Counts[2+i], s.Link == q.Link && s.Dir == q.Dir
			if same && (got.Written+got.Lost != s.Packets || s.Packets == 0) {
				t.Errorf("%s: %d written and %d lost, of %d", q.Link, got.Written, got.Lost, s.Packets)
			}
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := capturetest.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	checkFlow(t, file, r, frameBytes, []topology.Shape{first, second})
}

// announced says when a source has been opened.
type announced struct {
	capture.Source
	open func()
}

func (a announced) Capture(ctx context.Context, filter []bpf.RawInstruction, to capture.Sink) error {
	told := to.Told
	to.Told = func(until time.Time, lost []uint64) error { a.open(); return told(until, lost) }
	return a.Source.Capture(ctx, filter, to)
}

// checkFlow holds a flow's times against what its links do to it. Interfaces: sender, receiver, the two links.
func checkFlow(t *testing.T, f *capturetest.File, r *capture.Result, frameBytes int, links []topology.Shape) {
	t.Helper()
	seen := map[uint32][4]time.Time{}
	counts := make([]uint64, 4)
	var latest time.Time
	for _, p := range f.Packets {
		if len(p.Data) != frameBytes || p.Length != frameBytes {
			t.Fatalf("a frame of %d bytes", len(p.Data))
		}
		if p.At.Before(latest) {
			t.Fatalf("%v comes after %v", p.At, latest)
		}
		latest = p.At
		counts[p.Interface]++
		number := binary.BigEndian.Uint32(p.Data[42:])
		at := seen[number]
		at[p.Interface] = p.At
		seen[number] = at
	}
	for i, n := range counts {
		if n != r.Counts[i].Written {
			t.Errorf("%s: %d packets in the file, %d written", r.Interfaces[i].Name, n, r.Counts[i].Written)
		}
	}
	// What the second link adds to what has left the first: the delay of that, and its own transmission and queue.
	sending := time.Duration(uint64(frameBytes) * bitNanos / uint64(links[1].Rate))
	exact, all := 0, 0
	for _, at := range seen {
		if at[2].IsZero() || at[3].IsZero() {
			continue
		}
		all++
		extra := at[3].Sub(at[2]) - links[0].Delay - sending
		if extra < -1 {
			t.Fatalf("a packet left the second link %v before it can have", -extra)
		}
		if extra <= 1 { // the second link was idle: twice as slow as the first, that holds for one alone
			exact++
		}
	}
	if all == 0 || exact == 0 {
		t.Errorf("%d of %d packets passed an idle link", exact, all)
	}
}
