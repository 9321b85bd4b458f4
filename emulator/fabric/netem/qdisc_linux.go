package netem

import (
	"encoding/binary"
	"fmt"
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
	attrSeed      = 14
)

// Handles of the two disciplines of a line.
const (
	outerHandle = 1 << 16
	innerHandle = 2 << 16
	innerParent = 1<<16 | 1
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
	all.AddRtAttr(attrSeed, nl.Uint64Attr(seed)) // kernels before 6.6 leave it aside
	req.AddData(all)
	return req
}

// ticks is a time in the kernel's units, which older kernels without 64-bit times read.
func ticks(d time.Duration) uint32 {
	return uint32(min(float64(d.Nanoseconds())/1e3*netlink.TickInUsec(), 1<<32-1))
}

// qdisc is a netem as the kernel holds it.
type qdisc struct {
	handle, parent uint32
	discipline
	packets, bytes, drops uint64
}

// dump reads all netems of the namespace that the requests go to, by interface.
func dump(sockets map[int]*nl.SocketHandle) (map[int][]qdisc, error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETQDISC, unix.NLM_F_DUMP)
	req.Sockets = sockets
	req.AddData(&nl.TcMsg{Family: unix.AF_UNSPEC})
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWQDISC)
	if err != nil {
		return nil, fmt.Errorf("reading queueing disciplines: %w", err)
	}
	found := map[int][]qdisc{}
	for _, m := range messages {
		head := nl.DeserializeTcMsg(m)
		attrs, err := nl.ParseRouteAttr(m[head.Len():])
		if err != nil {
			return nil, fmt.Errorf("reading queueing disciplines: %w", err)
		}
		if q, ok := parse(attrs); ok {
			q.handle, q.parent = head.Handle, head.Parent
			found[int(head.Ifindex)] = append(found[int(head.Ifindex)], q)
		}
	}
	return found, nil
}

func parse(attrs []syscall.NetlinkRouteAttr) (qdisc, bool) {
	var q qdisc
	kind := ""
	for _, a := range attrs {
		switch a.Attr.Type &^ unix.NLA_F_NESTED {
		case nl.TCA_KIND:
			kind = unix.ByteSliceToString(a.Value)
		case nl.TCA_OPTIONS:
			q.options(a.Value)
		case nl.TCA_STATS2:
			q.statistics(a.Value)
		}
	}
	return q, kind == "netem"
}

// options reads a netem's parameters: a fixed structure, then attributes.
func (q *qdisc) options(data []byte) {
	if len(data) < nl.SizeofTcNetemQopt {
		return
	}
	fixed := nl.DeserializeTcNetemQopt(data)
	q.limit, q.loss, q.duplicate = fixed.Limit, share(fixed.Loss), share(fixed.Duplicate)
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
		case kind == nl.TCA_NETEM_REORDER && len(v) >= 4:
			q.reorder = share(binary.NativeEndian.Uint32(v))
		case kind == nl.TCA_NETEM_CORRUPT && len(v) >= 4:
			q.corrupt = share(binary.NativeEndian.Uint32(v))
		case kind == nl.TCA_NETEM_RATE64 && len(v) >= 8:
			rate64 = binary.NativeEndian.Uint64(v)
		case kind == attrLatency64 && len(v) >= 8:
			q.delay = time.Duration(binary.NativeEndian.Uint64(v))
		case kind == attrJitter64 && len(v) >= 8:
			q.jitter = time.Duration(binary.NativeEndian.Uint64(v))
		}
	}
	if rate64 > 0 {
		q.rate = rate64
	}
}

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
