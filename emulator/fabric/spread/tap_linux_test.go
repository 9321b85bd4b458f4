package spread

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/internal/testenv"
)

// TestPacketsOfSeveralMachinesAreShown in the order of their times: an echo leaves the queues one after the other.
func TestPacketsOfSeveralMachinesAreShown(t *testing.T) {
	n := across(t)
	b := newBed(n.Testbed, t.TempDir(), newLocal(t.TempDir()), newLocal(t.TempDir()))
	f := b.fabric()
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	queues := []fabric.QueueName{{Link: "a-s"}, {Link: "s-b"}, {Link: "s-b", Dir: 1}, {Link: "a-s", Dir: 1}}
	// A host that is busy while the machines learn each other's clocks spoils the order.
	testenv.Repeat(t, 5, func() error { return shownInOrder(t, n, f, queues) })
	if err := f.Tap(t.Context(), []fabric.QueueName{{Link: "x"}}, nil, fabric.TapSink{}); err == nil ||
		!strings.Contains(err.Error(), "link x") {
		t.Errorf("a link that is not there: %v", err)
	}
	full := errors.New("the disk is full")
	err := f.Tap(t.Context(), queues, nil, fabric.TapSink{Told: func(time.Duration, []uint64) error { return full }})
	if !errors.Is(err, full) {
		t.Errorf("a sink that takes nothing: %v", err)
	}
}

// shownInOrder has echoes shown once.
func shownInOrder(t *testing.T, n *fabrictest.Bench, f *located, queues []fabric.QueueName) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen []fabric.Tapped
	begun, enough := make(chan struct{}), make(chan struct{})
	told, last := 0, time.Duration(0)
	ended := make(chan error, 1)
	go func() {
		ended <- f.Tap(ctx, queues, nil, fabric.TapSink{
			Packet: func(p fabric.Tapped) error {
				seen = append(seen, fabric.Tapped{Queue: p.Queue, At: p.At})
				if len(seen) == 12 {
					close(enough)
				}
				return nil
			},
			Told: func(until time.Duration, lost []uint64) error {
				if told++; told == 1 {
					close(begun)
				}
				if until < last || len(lost) != 4 || lost[0]+lost[1]+lost[2]+lost[3] > 0 {
					t.Errorf("told until %v after %v, lost %v", until, last, lost)
				}
				last = until
				return nil
			}})
	}()
	<-begun
	from := time.Duration(monotonic())
	reaches(t, n, "a", "b")
	to := time.Duration(monotonic())
	testenv.Receive(t, "all packets are shown", enough)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	const apart = 5 * time.Millisecond // what the clocks' offsets may be wrong by on a busy host
	for i, p := range seen[:12] {
		if p.Queue != i%4 || p.At < from-apart || p.At > to+apart || i > 0 && p.At < seen[i-1].At {
			return fmt.Errorf("packet %d of queue %d at %v, between %v and %v", i, p.Queue, p.At, from, to)
		}
	}
	return nil
}
