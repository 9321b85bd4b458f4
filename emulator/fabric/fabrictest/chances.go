package fabrictest

import (
	"testing"
	"time"

	"testbed/emulator/topology"
)

func loss(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	const probability, sent = 0.05, 4000
	b.Cable("a", "b", topology.Shape{Loss: probability}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	before := b.queue(f, "a-b", 0)
	lost := sent - len(b.stream(Stream{Count: sent, Size: 100, Interval: 250 * time.Microsecond}))
	b.binomial("lost", lost, sent, probability)
	// A kernel's queue may count loss and overflow as one.
	after := b.queue(f, "a-b", 0)
	if counted := after.Dropped + after.Lost - before.Dropped - before.Lost; counted != uint64(lost) {
		t.Errorf("%d counted as lost or dropped, of %d", counted, lost)
	}
}

// reorder: a packet that overtakes the delay arrives before its predecessors.
func reorder(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	const probability, sent = 0.1, 2000
	b.Cable("a", "b", topology.Shape{Delay: 60 * time.Millisecond, Reorder: probability}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	if q := b.queue(f, "a-b", 0); q.Reorder < probability*0.999 || q.Reorder > probability*1.001 {
		t.Errorf("in force: %+v", q)
	}
	all := b.stream(Stream{Count: sent, Size: 100, Interval: time.Millisecond})
	early, next := 0, 0 // next: the first number that has not arrived
	arrived := make([]bool, sent+1)
	for _, a := range all {
		arrived[a.Number] = true
		if a.Number > next {
			early++
		}
		for arrived[next] {
			next++
		}
	}
	b.binomial("early", early, sent, probability)
	if len(all) != sent {
		t.Errorf("%d of %d arrive", len(all), sent)
	}
}

func duplicate(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	const probability, sent = 0.1, 2000
	b.Cable("a", "b", topology.Shape{Duplicate: probability, Delay: time.Millisecond}, topology.Shape{})
	b.Apply(newFabric(t, b.Testbed))
	all := b.stream(Stream{Count: sent, Size: 100, Interval: 500 * time.Microsecond})
	copies := make([]int, sent)
	for _, a := range all {
		copies[a.Number]++
	}
	twice := 0
	for i, n := range copies {
		if n == 2 {
			twice++
		} else if n != 1 {
			t.Fatalf("datagram %d arrives %d times", i, n)
		}
	}
	b.binomial("arrive twice", twice, sent, probability)
}

// corrupt: a bit is flipped anywhere in a packet, so that its checksum fails; without a checksum, the
// program sees one wrong bit, or nothing where it was in the headers.
func corrupt(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	const probability, sent = 0.1, 2000
	b.Cable("a", "b", topology.Shape{Corrupt: probability}, topology.Shape{})
	b.Apply(newFabric(t, b.Testbed))
	checked := b.stream(Stream{Count: sent, Size: 1000, Interval: 500 * time.Microsecond})
	for _, a := range checked {
		if a.Flipped > 0 {
			t.Fatalf("datagram %d reached the program with %d wrong bits, past its checksum", a.Number, a.Flipped)
		}
	}
	b.binomial("fail their checksum", sent-len(checked), sent, probability)
	plain := b.stream(Stream{Count: sent, Size: 1000, Interval: 500 * time.Microsecond, NoChecksum: true})
	wrong := 0
	for _, a := range plain {
		if a.Flipped == 1 {
			wrong++
		} else if a.Flipped > 1 {
			t.Errorf("datagram %d: %d wrong bits, want one", a.Number, a.Flipped)
		}
	}
	t.Logf("without checksum: %d with one wrong bit, %d missing", wrong, sent-len(plain))
	b.binomial("corrupted", wrong+sent-len(plain), sent, probability)
	if missing := sent - len(plain); missing > wrong {
		t.Errorf("%d missing, %d with a wrong bit: most of a packet is payload", missing, wrong)
	}
}
