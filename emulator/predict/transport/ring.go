package transport

// ring is a FIFO. It allocates only to grow.
type ring[T any] struct {
	slots      []T // a power of two
	head, tail uint64
}

func (r *ring[T]) push(v T) {
	if r.tail-r.head == uint64(len(r.slots)) {
		grown := make([]T, max(64, 2*len(r.slots)))
		for i := r.head; i != r.tail; i++ {
			grown[i&uint64(len(grown)-1)] = r.slots[i&uint64(len(r.slots)-1)]
		}
		r.slots = grown
	}
	r.slots[r.tail&uint64(len(r.slots)-1)] = v
	r.tail++
}

func (r *ring[T]) empty() bool { return r.head == r.tail }

// first is the one that is next, of a ring that is not empty.
func (r *ring[T]) first() *T { return &r.slots[r.head&uint64(len(r.slots)-1)] }

func (r *ring[T]) pop() T {
	v := *r.first()
	r.head++
	return v
}
