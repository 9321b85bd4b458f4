package netem

import (
	"context"
	"fmt"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Inspect implements fabric.Fabric: what the kernel holds and has counted.
func (f *Fabric) Inspect(ctx context.Context) (fabric.Status, error) {
	queues, err := f.queues(ctx)
	return fabric.Status{Queues: queues}, err
}

func (f *Fabric) queues(ctx context.Context) ([]fabric.QueueStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return nil, err
	}
	if f.made == nil {
		return nil, fmt.Errorf("there is no network of testbed %s", f.testbed)
	}
	places := f.layout.places()
	dumps := make([]map[int][]qdisc, len(f.layout.spaces))
	var all []fabric.QueueStatus
	for _, c := range fabric.Channels(f.made.Topology) {
		at, ok := places[c]
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := f.space(at.space)
		if err != nil {
			return nil, err
		}
		if dumps[at.space] == nil {
			if dumps[at.space], err = dump(e.sockets); err != nil {
				return nil, err
			}
		}
		name := ifbName
		if at.port >= 0 {
			name = f.layout.spaces[at.space].ports[at.port].name
		}
		index, err := e.link(name)
		if err != nil {
			return nil, err
		}
		all = append(all, f.status(c, at, dumps[at.space][index]))
	}
	return all, nil
}

// places tells where each queue is.
func (l *layout) places() map[topology.Channel]place {
	all := map[topology.Channel]place{}
	for i, s := range l.spaces {
		if s.medium {
			all[topology.Channel{Link: s.vertex}] = place{i, -1}
		}
		for at, p := range s.ports {
			if line := l.pairs[p.pair].line[p.end]; line.queue {
				all[line.channel] = place{i, at}
			}
		}
	}
	return all
}

// status puts a queue's two netems together.
func (f *Fabric) status(c topology.Channel, at place, netems []qdisc) fabric.QueueStatus {
	t := f.made.Topology
	q := fabric.QueueStatus{Link: t.Vertices[c.Link].Name, Dir: c.Dir, From: fabric.Users(t, c)}
	var extra line
	if at.port >= 0 {
		p := f.layout.spaces[at.space].ports[at.port]
		extra = f.layout.pairs[p.pair].line[p.end]
	}
	if w := f.layout.lines(f.wanted)[at]; !w.none {
		q.Note = "netem is missing"
	}
	var inner *qdisc
	for i := range netems {
		if netems[i].handle == innerHandle {
			inner = &netems[i]
		}
	}
	for _, n := range netems {
		if n.handle != outerHandle {
			continue
		}
		q.Delay, q.Jitter, q.Loss = n.delay-extra.extra, n.jitter, n.loss
		q.Reorder, q.Duplicate, q.Corrupt = n.reorder, n.duplicate, n.corrupt
		q.Packets, q.Bytes, q.Lost, q.Note = n.packets, n.bytes, n.drops, ""
		transmitter := n
		if inner != nil {
			transmitter, q.Dropped, q.Lost = *inner, inner.drops, n.drops-min(inner.drops, n.drops)
		} else {
			q.Note = "packets dropped for want of room count as lost: one netem holds both"
		}
		if transmitter.rate < unlimited {
			q.Rate = units.BitRate(transmitter.rate * 8)
		}
		q.Limit = units.ByteSize(transmitter.limit) * frame
	}
	if q.Loss == 1 && f.isDown(c, at) {
		q.Down, q.Loss = true, f.wanted.Topology.Vertices[c.Link].Shape[c.Dir].Loss
	}
	return q
}

// isDown says whether a queue carries nothing because its link, or what is at either end, is down.
func (f *Fabric) isDown(c topology.Channel, at place) bool {
	ends := []topology.ID{c.Link, f.layout.spaces[at.space].vertex}
	if at.port >= 0 {
		p := f.layout.spaces[at.space].ports[at.port]
		ends = append(ends, f.layout.spaces[f.layout.pairs[p.pair].space[1-p.end]].vertex)
	}
	for _, d := range f.wanted.Down {
		for _, v := range ends {
			if v == d {
				return true
			}
		}
	}
	return false
}
