package fabric

import (
	"context"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/netns"
)

// QueueName tells a network's queues apart: the name of the link, and the direction, 0 or 1.
type QueueName struct {
	Link string
	Dir  int
}

// Tapped is a packet that has left a queue.
type Tapped struct {
	Queue int           // index among the queues asked for
	At    time.Duration // when its last bit left the queue, by CLOCK_MONOTONIC
	Data  []byte        // an Ethernet frame with complete checksums; valid during the call only
}

// TapSink is what Tap hands packets to. After an error it gives up, and returns it.
type TapSink struct {
	Packet func(Tapped) error // in the order of their times
	// Told is called several times a second: until when all were handed over, and how many packets each queue has sent
	// that there was no room to show.
	Told func(until time.Duration, lost []uint64) error
}

// Tapper is implemented by fabrics that show the packets in queues of theirs.
type Tapper interface {
	// Tap shows the packets that leave the queues, and that filter (of Ethernet frames; nil: all) accepts, until ctx
	// ends, which is no error. It delays no packet.
	Tap(ctx context.Context, queues []QueueName, filter []bpf.RawInstruction, to TapSink) error
}

// Device is an interface of the kernel's by which packets leave a queue.
type Device struct {
	NetNS netns.Ref
	Name  string
}

// Visible is implemented by fabrics whose queues are at devices of the kernel's.
type Visible interface {
	// Devices are those by which packets leave the queues, in the order asked for. What is sent by one has passed the
	// queue and the link's delay.
	Devices(ctx context.Context, queues []QueueName) ([]Device, error)
}
