package topology

type reached struct {
	weight
	id ID // index in the core
}

func (r *reached) before(o *reached) bool {
	if r.less(o.weight) {
		return true
	}
	return !o.less(r.weight) && r.id < o.id
}

// frontier is a binary heap.
type frontier []reached

func (f *frontier) push(r reached) {
	h := append(*f, r)
	*f = h
	i := len(h) - 1
	for i > 0 && r.before(&h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = r
}

func (f *frontier) pop() reached {
	h := *f
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*f = h
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(&h[child]) {
			child++
		}
		if !h[child].before(&last) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	return top
}
