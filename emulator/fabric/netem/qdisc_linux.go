package netem

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Attributes of netem that package nl does not name (linux/pkt_sched.h).
const (
	attrLatency64 = 10
	attrJitter64  = 11
	attrSlot      = 12
	attrSeed      = 14
)

// Handles of the two netems of an egress.
const (
	outerHandle = 1 << 16
	innerHandle = 2 << 16
	innerParent = 1<<16 | 1
	// Of what handles packets that enter by a device.
	ingressHandle = 0xffff << 16
	ingressParent = netlink.HANDLE_INGRESS
)

// request is one that adds or changes a netem. Package netlink's own leaves out what is zero, which the
// kernel takes for unchanged, and counts in microseconds.
func request(index int, handle, parent uint32, d discipline, seed uint64, create bool) *nl.NetlinkRequest {
	flags := unix.NLM_F_ACK
	if create {
		flags |= unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	}
	req := nl.NewNetlinkRequest(unix.RTM_NEWQDISC, flags)
	req.AddData(&nl.TcMsg{Family: unix.AF_UNSPEC, Ifindex: int32(index), Handle: handle, Parent: parent})
	req.AddData(nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated("netem")))
	options := nl.TcNetemQopt{
		Latency: ticks(d.delay), Jitter: ticks(d.jitter), Limit: d.limit,
		Loss: probability(d.loss), Duplicate: probability(d.duplicate),
	}
	reorder := nl.TcNetemReorder{Probability: probability(d.reorder)}
	if d.reorder > 0 {
		options.Gap = 1
	}
	all := nl.NewRtAttr(nl.TCA_OPTIONS, options.Serialize())
	all.AddRtAttr(nl.TCA_NETEM_REORDER, reorder.Serialize())
	all.AddRtAttr(nl.TCA_NETEM_CORRUPT, (&nl.TcNetemCorrupt{Probability: probability(d.corrupt)}).Serialize())
	all.AddRtAttr(attrLatency64, nl.Uint64Attr(uint64(d.delay)))
	all.AddRtAttr(attrJitter64, nl.Uint64Attr(uint64(d.jitter)))
	if d.rate > 0 {
		rate := nl.TcNetemRate{Rate: uint32(min(d.rate, 1<<32-1))}
		all.AddRtAttr(nl.TCA_NETEM_RATE64, nl.Uint64Attr(d.rate))
		all.AddRtAttr(nl.TCA_NETEM_RATE, rate.Serialize())
	}
	if !create { // what somebody may have set besides
		all.AddRtAttr(nl.TCA_NETEM_CORR, make([]byte, nl.SizeofTcNetemCorr))
		all.AddRtAttr(nl.TCA_NETEM_ECN, nl.Uint32Attr(0))
		all.AddRtAttr(attrSlot, make([]byte, sizeofSlot))
	}
	all.AddRtAttr(attrSeed, nl.Uint64Attr(seed)) // kernels before 6.6 leave it aside
	req.AddData(all)
	return req
}

// ticks is a time in the kernel's units, which older kernels without 64-bit times read.
func ticks(d time.Duration) uint32 {
	return uint32(min(float64(d.Nanoseconds())/1e3*netlink.TickInUsec(), 1<<32-1))
}

// sizeofSlot is that of struct tc_netem_slot.
const sizeofSlot = 40

// qdisc is a queueing discipline as the kernel holds it; the discipline's values are those of a netem.
type qdisc struct {
	handle, parent uint32
	kind           string
	discipline
	odd                   string // what a netem does that none of the fabric's does
	packets, bytes, drops uint64
}

// qdiscs reads all queueing disciplines of the namespace, by interface.
func (e *entered) qdiscs() (map[int][]qdisc, error) {
	messages, err := e.dump(unix.RTM_GETQDISC, unix.RTM_NEWQDISC, &nl.TcMsg{Family: unix.AF_UNSPEC})
	if err != nil {
		return nil, err
	}
	found := map[int][]qdisc{}
	for _, m := range messages {
		head := nl.DeserializeTcMsg(m)
		attrs, err := nl.ParseRouteAttr(m[head.Len():])
		if err != nil {
			return nil, err
		}
		q := parse(attrs)
		q.handle, q.parent = head.Handle, head.Parent
		found[int(head.Ifindex)] = append(found[int(head.Ifindex)], q)
	}
	return found, nil
}

// removeQdisc takes a queueing discipline away, with all below it. One that is gone is as good.
func (e *entered) removeQdisc(index int, q *qdisc) error {
	req := nl.NewNetlinkRequest(unix.RTM_DELQDISC, unix.NLM_F_ACK)
	req.AddData(&nl.TcMsg{Family: unix.AF_UNSPEC, Ifindex: int32(index), Handle: q.handle, Parent: q.parent})
	if err := e.execute(req); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("removing %s: %w", q.kind, err)
	}
	return nil
}

func parse(attrs []syscall.NetlinkRouteAttr) qdisc {
	var q qdisc
	var options []byte
	for _, a := range attrs {
		switch a.Attr.Type &^ unix.NLA_F_NESTED {
		case nl.TCA_KIND:
			q.kind = unix.ByteSliceToString(a.Value)
		case nl.TCA_OPTIONS:
			options = a.Value
		case nl.TCA_STATS2:
			q.statistics(a.Value)
		}
	}
	if q.kind == Name {
		q.options(options)
	}
	return q
}

// options reads a netem's parameters: a fixed structure, then attributes.
func (q *qdisc) options(data []byte) {
	if len(data) < nl.SizeofTcNetemQopt {
		return
	}
	fixed := nl.DeserializeTcNetemQopt(data)
	q.limit, q.loss, q.duplicate = fixed.Limit, fraction(fixed.Loss), fraction(fixed.Duplicate)
	q.delay, q.jitter = fromTicks(fixed.Latency), fromTicks(fixed.Jitter)
	attrs, err := nl.ParseRouteAttr(data[nl.SizeofTcNetemQopt:])
	if err != nil {
		return
	}
	rate64 := uint64(0)
	for _, a := range attrs {
		v := a.Value
		switch kind := int(a.Attr.Type &^ unix.NLA_F_NESTED); {
		case kind == nl.TCA_NETEM_RATE && len(v) >= 4:
			q.rate = uint64(binary.NativeEndian.Uint32(v))
			if slices.ContainsFunc(v[4:], notZero) {
				q.odd = "an overhead"
			}
		case kind == nl.TCA_NETEM_REORDER && len(v) >= 4:
			q.reorder = fraction(binary.NativeEndian.Uint32(v))
		case kind == nl.TCA_NETEM_CORRUPT && len(v) >= 4:
			q.corrupt = fraction(binary.NativeEndian.Uint32(v))
		case kind == nl.TCA_NETEM_RATE64 && len(v) >= 8:
			rate64 = binary.NativeEndian.Uint64(v)
		case kind == attrLatency64 && len(v) >= 8:
			q.delay = time.Duration(binary.NativeEndian.Uint64(v))
		case kind == attrJitter64 && len(v) >= 8:
			q.jitter = time.Duration(binary.NativeEndian.Uint64(v))
		case kind == nl.TCA_NETEM_CORR && slices.ContainsFunc(v, notZero):
			q.odd = "correlations"
		case kind == nl.TCA_NETEM_ECN && slices.ContainsFunc(v, notZero):
			q.odd = "marks of congestion"
		case kind == nl.TCA_NETEM_LOSS:
			q.odd = "a model of loss"
		case kind == attrSlot:
			q.odd = "slots"
		}
	}
	if rate64 > 0 {
		q.rate = rate64
	}
}

func notZero(b byte) bool { return b != 0 }

func fromTicks(t uint32) time.Duration {
	return time.Duration(float64(t) / netlink.TickInUsec() * 1e3)
}

// Nested statistics (linux/gen_stats.h).
const (
	statsBasic = 1
	statsQueue = 3
)

// statistics reads the counters: bytes and packets that left, and drops.
func (q *qdisc) statistics(data []byte) {
	attrs, err := nl.ParseRouteAttr(data)
	if err != nil {
		return
	}
	for _, a := range attrs {
		switch v := a.Value; {
		case a.Attr.Type == statsBasic && len(v) >= 12:
			q.bytes, q.packets = binary.NativeEndian.Uint64(v), uint64(binary.NativeEndian.Uint32(v[8:]))
		case a.Attr.Type == statsQueue && len(v) >= 12:
			q.drops = uint64(binary.NativeEndian.Uint32(v[8:]))
		}
	}
}
