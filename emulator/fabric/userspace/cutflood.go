package userspace

// A flood's tree is the same on all machines, and each carries a part of it. A queue may be on several branches of it,
// so that a packet says on the wire on which of these it is: branches are numbered, those of each queue by themselves,
// in the order of the tree.

// number numbers the branches of a tree.
func (p *path) number(count map[*queue]uint16, numbers map[*path]uint16) {
	if len(p.hops) == 1 {
		q := p.hops[0].queue
		numbers[p] = count[q]
		count[q]++
	}
	if p.end != nil {
		for _, b := range p.end.branches {
			b.number(count, numbers)
		}
	}
}

func (p *path) numbers() map[*path]uint16 {
	all := map[*path]uint16{}
	p.number(map[*queue]uint16{}, all)
	return all
}

// carried is a copy of a tree as far as this machine carries it: from a branch at its root until branches cross.
func (t *table) carried(p *path, from uint32, numbers map[*path]uint16) *path {
	own := *p
	if p.end == nil {
		return &own
	}
	own.end = &pathEnd{}
	if t.crosses(&own, crossing{kind: 1 + pathFlood, router: numbers[p], from: from}); own.end.crossing != nil {
		return &own
	}
	for _, b := range p.end.branches {
		own.end.branches = append(own.end.branches, t.carried(b, from, numbers))
	}
	return &own
}

// onwardFlood are the branches behind the queue q, of the branch that k numbers, as far as this machine carries them.
func (t *table) onwardFlood(whole *path, q *queue, k *onwardKey) *path {
	numbers := whole.numbers()
	for p, n := range numbers {
		if n != k.router || p.hops[0].queue != q {
			continue
		}
		rest := &path{keepsBursts: true, end: &pathEnd{}}
		for _, b := range p.end.branches {
			rest.end.branches = append(rest.end.branches, t.carried(b, k.from, numbers))
		}
		return rest
	}
	return nil
}
