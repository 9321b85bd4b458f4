package capture

import (
	"context"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/fabric"
)

// Queues are a source of packets as they leave queues of links, which the fabric itself shows.
type Queues struct {
	Fabric fabric.Tapper
	Names  []fabric.QueueName
}

// Capture implements Source.
func (q Queues) Capture(ctx context.Context, filter []bpf.RawInstruction, to Sink) error {
	ahead := wallAhead() // once, so that a step of the wall clock moves no packet
	wall := func(t time.Duration) time.Time { return time.Unix(0, int64(t)+ahead) }
	return q.Fabric.Tap(ctx, q.Names, filter, fabric.TapSink{
		Packet: func(p fabric.Tapped) error {
			return to.Packet(Packet{Interface: p.Queue, At: wall(p.At), Data: p.Data, Length: len(p.Data)})
		},
		Told: func(until time.Duration, lost []uint64) error { return to.Told(wall(until), lost) },
	})
}
