package fabric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Wanted is what Inspect is to say of a network's queues, without counters: one entry a queue, in the order of
// Channels.
func Wanted(n Network) []QueueStatus {
	if n.Topology == nil {
		return nil
	}
	channels := Channels(n.Topology)
	all := make([]QueueStatus, len(channels))
	for i, c := range channels {
		v := &n.Topology.Vertices[c.Link]
		s := v.Shape[c.Dir]
		all[i] = QueueStatus{Link: v.Name, Dir: c.Dir, From: Users(n.Topology, c),
			Rate: s.Rate, Delay: s.Delay, Jitter: s.Jitter,
			Loss: s.Loss, Reorder: s.Reorder, Duplicate: s.Duplicate, Corrupt: s.Corrupt, Limit: n.Queues[c], MTU: s.MTU,
			Down: slices.Contains(n.Down, c.Link)}
		all[i].Trace, all[i].Delays = n.Topology.TraceNames(&s)
	}
	return all
}

// Difference is one property of a queue, or the queue itself, in which two networks differ.
type Difference struct {
	Link string `json:"link"`
	Dir  int    `json:"dir"`
	From string `json:"from"` // the neighbours that use the queue, comma separated
	// Property is rate, ..., delay from A to B (an edge's), or link where one of the two has no such queue.
	Property string `json:"property"`
	Want     string `json:"want"`
	Have     string `json:"have"`
}

func (d Difference) String() string {
	return fmt.Sprintf("%s (from %s): %s is %s, want %s", d.Link, d.From, d.Property, d.Have, d.Want)
}

// What a kernel rounds: probabilities are kept in 32 bits, times in nanoseconds or, by older kernels, in ticks
// of 64 ns, and limits in whole frames.
const (
	probabilityTolerance = 1e-8
	timeTolerance        = 64
	limitTolerance       = 2 * 1514 * units.Byte
)

// Differences holds what a network's queues are against what they should be, by the links' names and
// directions, in the order of want, and then of have. What a kernel rounds is no difference.
func Differences(want, have []QueueStatus) []Difference {
	type key struct {
		link string
		dir  int
	}
	at := make(map[key]*QueueStatus, len(have))
	for i := range have {
		at[key{have[i].Link, have[i].Dir}] = &have[i]
	}
	var all []Difference
	for i := range want {
		w := &want[i]
		k := key{w.Link, w.Dir}
		h := at[k]
		if h == nil {
			all = append(all, Difference{w.Link, w.Dir, w.From, "link", "there", "not there"})
			continue
		}
		delete(at, k)
		all = append(all, differ(w, h)...)
	}
	for i := range have {
		if h := &have[i]; at[key{h.Link, h.Dir}] != nil {
			all = append(all, Difference{h.Link, h.Dir, h.From, "link", "not there", "there"})
		}
	}
	return all
}

func differ(want, have *QueueStatus) []Difference {
	var all []Difference
	add := func(property string, same bool, w, h any) {
		if !same {
			all = append(all, Difference{want.Link, want.Dir, want.From, property, fmt.Sprint(w), fmt.Sprint(h)})
		}
	}
	rate := func(r units.BitRate) any {
		if r == 0 {
			return "unlimited"
		}
		return r
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= probabilityTolerance }
	add("from", sameUsers(want.From, have.From), want.From, have.From)
	add("rate", want.Rate == have.Rate, rate(want.Rate), rate(have.Rate))
	add("delay", (want.Delay-have.Delay).Abs() <= timeTolerance, want.Delay, have.Delay)
	add("jitter", (want.Jitter-have.Jitter).Abs() <= timeTolerance, want.Jitter, have.Jitter)
	add("loss", near(want.Loss, have.Loss), want.Loss, have.Loss)
	add("reorder", near(want.Reorder, have.Reorder), want.Reorder, have.Reorder)
	add("duplicate", near(want.Duplicate, have.Duplicate), want.Duplicate, have.Duplicate)
	add("corrupt", near(want.Corrupt, have.Corrupt), want.Corrupt, have.Corrupt)
	mtu := func(n int) int { return cmp.Or(n, topology.MaximumMTU) }
	add("mtu", mtu(want.MTU) == mtu(have.MTU), mtu(want.MTU), mtu(have.MTU))
	add("queue limit", max(want.Limit-have.Limit, have.Limit-want.Limit) <= limitTolerance, want.Limit, have.Limit)
	add("down", want.Down == have.Down, want.Down, have.Down)
	// A fabric that knows nothing of traces carries their means, or what is laid over them step by step.
	add("trace", want.Trace == have.Trace || want.Trace == "" || have.Trace == "", want.Trace, have.Trace)
	add("delays", want.Delays == have.Delays || want.Delays == "" || have.Delays == "", want.Delays, have.Delays)
	return all
}

// sameUsers compares lists that two networks may have in another order.
func sameUsers(a, b string) bool {
	if a == b {
		return true
	}
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
