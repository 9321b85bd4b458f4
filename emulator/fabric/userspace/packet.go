package userspace

// Sizes of buffers, with the virtio header: an Ethernet frame, and the largest burst of segments.
const (
	smallBuffer = 2048
	largeBuffer = 65536 + 512
)

// Limits of what the fabric holds.
const (
	keptSmall    = 32768   // buffers kept for reuse
	keptLarge    = 1024    // large ones, 64 MiB
	maxBytesHeld = 1 << 30 // bytes of packets under way at once
)

// packet is a frame under way, or a burst of equal TCP segments of one frame's shape (segmentation
// offload), which occupies queues as its segments would.
type packet struct {
	data []byte // virtio header and Ethernet frame
	path *path
	hop  int32 // index in path.hops of the queue that it is enqueued in next

	segments     int32
	wireBytes    int64 // Ethernet bytes of all segments
	segmentBytes int64 // of every segment but the final one
	finalBytes   int64 // of the final one

	// Times in ns of the engine's clock; queue.transmit draws them.
	firstArrival int64  // when the first segment arrives at the next queue
	finalArrival int64  // when the final one does
	lastQueue    *queue // in which it was enqueued last
	departure    int64  // when that queue has transmitted it
	number       uint64 // in that queue, whose packets' rise
}

// pool keeps packets and buffers for reuse. It belongs to one thread.
type pool struct {
	packets   []*packet
	small     [][]byte
	large     [][]byte
	bytesHeld int64 // bytes of buffers in use
}

func (b *pool) packet() *packet {
	if n := len(b.packets); n > 0 {
		p := b.packets[n-1]
		b.packets = b.packets[:n-1]
		return p
	}
	return new(packet)
}

// buffer returns one of n bytes.
func (b *pool) buffer(n int) []byte {
	list, size := &b.small, smallBuffer
	if n > smallBuffer {
		list, size = &b.large, largeBuffer
	}
	b.bytesHeld += int64(size)
	if k := len(*list); k > 0 {
		data := (*list)[k-1]
		*list = (*list)[:k-1]
		return data[:n]
	}
	return make([]byte, n, size)
}

func (b *pool) release(data []byte) {
	b.bytesHeld -= int64(cap(data))
	switch {
	case cap(data) == smallBuffer && len(b.small) < keptSmall:
		b.small = append(b.small, data)
	case cap(data) == largeBuffer && len(b.large) < keptLarge:
		b.large = append(b.large, data)
	}
}

// recycle takes the packet and its buffer back.
func (b *pool) recycle(p *packet) {
	b.release(p.data)
	*p = packet{}
	if len(b.packets) < keptSmall {
		b.packets = append(b.packets, p)
	}
}

// clone copies the packet and its buffer.
func (b *pool) clone(p *packet) *packet {
	other := b.packet()
	*other = *p
	other.data = b.buffer(len(p.data))
	copy(other.data, p.data)
	return other
}
