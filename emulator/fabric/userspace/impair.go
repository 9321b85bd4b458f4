package userspace

// impair draws the impairments of a packet that is about to be enqueued: it is lost, or duplicated, or a bit of it is
// flipped. It says whether the packet goes on. Bursts are segmented before they come to a queue that impairs; one
// that is under way from before the queue did so is lost or duplicated as one and not corrupted.
func (c *core) impair(p *packet, h *hop) bool {
	q := h.queue
	if q.varies() {
		q.vary(p.firstArrival)
	}
	if q.draw(q.loss) {
		q.lost += uint64(p.segments)
		c.pool.recycle(p)
		return false
	}
	if q.draw(q.duplicate) {
		duplicate := c.pool.clone(p)
		q.corruptBit(duplicate)
		c.enqueue(duplicate, h)
	}
	q.corruptBit(p)
	return true
}

// corruptBit flips a bit beyond the Ethernet header, where the draw says so.
func (q *queue) corruptBit(p *packet) {
	if p.segments > 1 || !q.draw(q.corrupt) {
		return
	}
	completeChecksum(p.data)
	bit := q.random.IntN(8 * (len(p.data) - ipAt))
	p.data[ipAt+bit/8] ^= 1 << (bit % 8)
}
