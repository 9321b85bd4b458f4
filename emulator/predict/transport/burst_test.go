package transport

import (
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/units"
)

// On a short way a window leaves as one burst, and its ACK comes when all of it is there; on a link below the rate,
// or a lossy one, packets go one by one.
func TestBurstIsAcknowledgedAsOne(t *testing.T) {
	const delay = 500 * time.Microsecond
	o := bare()
	o.Bursts = 200 * units.Mbps
	r, a, b := newLine(t, o, both(units.Gbps, delay))
	frame, ack, way := int64(1514*8*1000), int64(66*8*1000), delay.Nanoseconds()*1000
	got := partsOf(t, r, plan.Step{Role: plan.Request, From: a, To: b, Bytes: 20 * 1448})
	if want := 10*frame + way + ack + way + 10*frame + way; got.Sum() != want {
		t.Errorf("two windows take %d ps, want %d", got.Sum(), want)
	}
	for name, limit := range map[string]units.BitRate{"a slow link": 2 * units.Gbps, "no bursts": 0} {
		one := bare()
		one.Bursts = limit
		r, a, b = newLine(t, one, both(units.Gbps, delay))
		got = partsOf(t, r, plan.Step{Role: plan.Request, From: a, To: b, Bytes: 20 * 1448})
		if want := frame + way + ack + way + 10*frame + way; got.Sum() != want {
			t.Errorf("%s: %d ps, want %d", name, got.Sum(), want)
		}
	}
}

// A burst is about a millisecond of a long way's rate, all of a window on a short one, and never more than 64 KiB.
func TestBurstSize(t *testing.T) {
	for _, c := range []struct {
		window, roundTrip, most int64
	}{
		{10, 100 * millisecond, 2}, {10, 10 * millisecond, 2}, {10, 1 * millisecond, 41}, {400, 10 * millisecond, 44},
		{100, 10 * millisecond, 19}, {100, 5 * millisecond, 39},
	} {
		h := &half{window: c.window, threshold: never, smooth: c.roundTrip, delay: c.roundTrip}
		if b := newBurst(&route{bursts: true, mss: defaultMSS}, h); b.most != c.most {
			t.Errorf("window %d, round trip %d ps: %d segments, want %d", c.window, c.roundTrip, b.most, c.most)
		}
	}
	b := burst{most: 4}
	for i, want := range []bool{true, true, true, false, true, false} {
		if got := b.inside(int64(6 - i)); got != want {
			t.Errorf("segment %d of 6 in bursts of 4: %v", i, got)
		}
	}
}
