package transport

import (
	"math"
	"slices"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// Times are picoseconds in int64, so that sums are exact and equal on every machine: 66 bytes at
// 10 Gb/s are 52.8 ns. They reach 106 days.
const (
	picosecond  = int64(1)
	millisecond = 1_000_000_000 * picosecond
	second      = 1000 * millisecond
	never       = int64(math.MaxInt64)
)

// The classes of frames, by size.
const (
	full  = iota // a segment of MSS bytes
	short        // the message's last segment
	ack
)

// hop is one queue on the way, with what it does to a frame.
type hop struct {
	queue  int      // which of the route's queues
	serial [3]int64 // time in the queue's server, by class of frame
	delay  int64    // from there to the next
	limit  int64    // longest wait that the queue's byte limit leaves room for
	rate   units.BitRate
	trace  *linktrace.Trace // what the queue follows; nil: nothing
	room   int64            // the queue's byte limit; 0: none
}

// leg is a run of hops that no packet of the other direction enters, but for its first: there the two
// directions contend, and packets have to arrive in order of time.
type leg struct {
	hops      []hop
	contended bool
}

// route is the way between two nodes, there and back.
type route struct {
	forth, back []leg
	mss         int64    // payload of a full segment there
	frames      [3]int64 // bytes of full segments' frames and of ACKs', by class
	queues      int      // distinct queues on both
	round       int64    // time of one full segment there and its ACK back, on idle queues
	slowest     int64    // the longest serial time of a full segment
	slack       int64    // the limit of the queue where that is
	length      int      // hops there

	bursts bool // they stay together on the way there
	traced bool // a queue on it follows a trace

	ways   [2][]crossing // forth and back, as the network numbers them
	shared []int32       // the network's queues on both
}

// frameTime is how long size bytes occupy a server of the rate.
func frameTime(size int64, rate units.BitRate) int64 {
	if rate <= 0 {
		return 0
	}
	return int64(math.Round(float64(size) * 8e12 / float64(rate)))
}

// routes finds and keeps routes.
type routes struct {
	topology *topology.Topology
	options  *Options
	trees    map[topology.ID]*topology.Tree
	known    map[[2]topology.ID]*route
	network  *network
}

func (r *routes) tree(to topology.ID) *topology.Tree {
	if r.trees[to] == nil {
		r.trees[to] = r.topology.TreeTo(to)
	}
	return r.trees[to]
}

// find returns the route from a to b; nil where there is none in one of the directions.
func (r *routes) find(a, b topology.ID) *route {
	key := [2]topology.ID{a, b}
	if found, ok := r.known[key]; ok {
		return found
	}
	var found *route
	if r.tree(b).Reaches(a) && r.tree(a).Reaches(b) {
		found = r.build(a, b)
	}
	r.known[key] = found
	return found
}

func (r *routes) build(a, b topology.ID) *route {
	forth, forthDelay := r.tree(b).Hops(nil, a)
	back, backDelay := r.tree(a).Hops(nil, b)
	numbers, both := map[topology.Channel]int{}, map[topology.Channel]bool{}
	for _, h := range forth {
		numbers[h.Channel] = len(numbers)
	}
	for _, h := range back {
		if _, ok := numbers[h.Channel]; ok {
			both[h.Channel] = true
		} else {
			numbers[h.Channel] = len(numbers)
		}
	}
	found := &route{queues: len(numbers), length: len(forth), slack: never}
	found.mss = r.options.segment(r.topology.PathMTU(a, b, forth))
	found.frames[full], found.frames[ack] = found.mss+int64(r.options.FrameOverhead), int64(r.options.FrameOverhead)
	found.forth = r.legs(forth, forthDelay, numbers, both, found.frames)
	found.back = r.legs(back, backDelay, numbers, both, found.frames)
	found.measure()
	found.bursts = r.options.Bursts > 0 && !slices.ContainsFunc(forth, r.splits)
	found.ways = [2][]crossing{r.crossings(found.forth, forth), r.crossings(found.back, back)}
	for _, way := range found.ways {
		for _, c := range way {
			if c.queue >= 0 && !slices.Contains(found.shared, c.queue) {
				found.shared = append(found.shared, c.queue)
			}
		}
	}
	return found
}

// splits says whether a queue carries the packets of a burst one by one.
func (r *routes) splits(h topology.Hop) bool {
	s := &r.topology.Vertices[h.Link].Shape[h.Dir]
	return r.topology.Trace(s) != nil ||
		s.Rate > 0 && s.Rate < r.options.Bursts || s.Jitter > 0 || s.Loss > 0 || s.Reorder > 0 || s.Duplicate > 0 ||
		s.Corrupt > 0
}

// crossings are a way's hops with the network's numbers of their queues.
func (r *routes) crossings(legs []leg, way []topology.Hop) []crossing {
	var all []crossing
	for _, l := range legs {
		for i := range l.hops {
			if len(way) == 0 {
				all = append(all, r.network.cross(&l.hops[i], nil))
			} else {
				all = append(all, r.network.cross(&l.hops[i], &way[len(all)].Channel))
			}
		}
	}
	return all
}

// legs cuts a way before each contended queue: numbers are those of the route's queues, both are the queues that its
// two ways share, frames are the sizes of frames. A way without any queue is one leg with one server of no time.
func (r *routes) legs(
	way []topology.Hop, total time.Duration, numbers map[topology.Channel]int, both map[topology.Channel]bool,
	frames [3]int64,
) []leg {
	if len(way) == 0 {
		return []leg{{hops: []hop{{queue: -1, delay: total.Nanoseconds() * 1000, limit: never}}}}
	}
	var legs []leg
	for _, h := range way {
		if contended := both[h.Channel]; contended || len(legs) == 0 {
			legs = append(legs, leg{contended: contended})
		}
		last := &legs[len(legs)-1]
		last.hops = append(last.hops, r.hop(h, numbers[h.Channel], frames))
	}
	return legs
}

func (r *routes) hop(h topology.Hop, number int, frames [3]int64) hop {
	shape := &r.topology.Vertices[h.Link].Shape[h.Dir]
	rate := shape.Rate
	made := hop{queue: number, delay: h.Delay.Nanoseconds() * 1000, limit: never, rate: rate}
	made.trace = r.topology.Trace(shape)
	made.room = int64(r.options.Queues[h.Channel])
	made.serial[full] = frameTime(frames[full], rate)
	made.serial[ack] = frameTime(frames[ack], rate)
	if limit := r.options.Queues[h.Channel]; limit > 0 && rate > 0 {
		if wait := float64(limit) * 8e12 / float64(rate); wait < 1e18 {
			made.limit = int64(wait)
		}
	}
	return made
}

// measure fills in what is derived from the hops.
func (r *route) measure() {
	for _, l := range r.forth {
		for _, h := range l.hops {
			r.traced = r.traced || h.trace != nil
			r.round += h.serial[full] + h.delay
			if h.serial[full] > r.slowest {
				r.slowest, r.slack = h.serial[full], h.limit
			}
		}
	}
	for _, l := range r.back {
		for _, h := range l.hops {
			r.traced = r.traced || h.trace != nil
			r.round += h.serial[ack] + h.delay
		}
	}
}

// shorten sets the serial times of a message's last segment, whose frame has the given size.
func (r *route) shorten(size int64) {
	for _, l := range r.forth {
		for i := range l.hops {
			l.hops[i].serial[short] = frameTime(size, l.hops[i].rate)
		}
	}
}

// straight is the time of so many segments that are all sent at once, into idle queues and with nothing in
// their way: the links' delays, and the servers' time. Equal segments leave each server at the distance
// that the slowest so far gives them, and the last, whose class may be another, waits for the one before.
func (r *route) straight(segments int64, last int) (delays, servers int64) {
	segments = max(1, segments)
	first, slowest := int64(0), int64(0) // the first full segment's end; the longest server so far
	for _, l := range r.forth {
		for i := range l.hops {
			h := &l.hops[i]
			delays += h.delay
			if segments > 1 {
				first += h.serial[full]
				slowest = max(slowest, h.serial[full])
				servers = max(servers, first+(segments-2)*slowest)
			}
			servers += h.serial[last]
		}
	}
	return delays, servers
}
