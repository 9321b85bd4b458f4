package userspace

// dare draws what happens to a packet that is about to join a queue: it is lost, or sent twice, or a bit
// of it is flipped. It says whether the packet goes on. A burst of segments, which is under way from
// before the queue had such wishes, is lost or doubled as one and not corrupted.
func (c *core) dare(p *packet, h *hop) bool {
	q := h.queue
	if q.hit(q.loss) {
		q.lost += uint64(p.segments)
		c.pool.recycle(p)
		return false
	}
	if q.hit(q.duplicate) {
		twin := c.pool.twin(p)
		q.damage(twin)
		c.enter(twin, h)
	}
	q.damage(p)
	return true
}

// damage flips a bit beyond the Ethernet header, where the draw says so.
func (q *queue) damage(p *packet) {
	if p.segments > 1 || !q.hit(q.corrupt) {
		return
	}
	complete(p.data)
	bit := q.random.IntN(8 * (len(p.data) - ipAt))
	p.data[ipAt+bit/8] ^= 1 << (bit % 8)
}
