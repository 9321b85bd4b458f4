package netem

import (
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
)

// netemFound are the queueing disciplines at a device's egress.
type netemFound struct {
	root, below  *qdisc // what is there; nil: nothing but what every device has
	outer, inner *qdisc // the same, where they are the fabric's
}

// findNetems picks them from what was observed of a space.
func (v *view) findNetems(i int, d *device) netemFound {
	var l netemFound
	all := v.state[i].qdiscs[d.index]
	for k := range all {
		switch q := &all[k]; {
		case q.parent == netlink.HANDLE_ROOT && q.handle != 0:
			l.root = q
			if q.kind == Name && q.handle == outerHandle {
				l.outer = q
			}
		case q.parent == innerParent:
			l.below = q
			if q.kind == Name && q.handle == innerHandle {
				l.inner = q
			}
		}
	}
	if l.outer == nil {
		l.below, l.inner = nil, nil // of something else
	}
	return l
}

// netemDifferences: a device's netems are as wanted. What can be changed in place is, so that no packet is lost; only
// where duplicates begin or end, which takes one netem instead of two, are they made anew.
func (v *view) netemDifferences(p portID, d *device) []difference {
	want, found := v.netemWants[p], v.findNetems(p.space, d)
	set := func(e *entered, outer, inner bool, create bool) error {
		if outer {
			req := request(d.index, outerHandle, netlink.HANDLE_ROOT, want.outer, v.l.seed(v.n, p, false), create)
			if err := e.execute(req); err != nil {
				return fmt.Errorf("%s: netem: %w", d.name, err)
			}
		}
		if !inner {
			return nil
		}
		req := request(d.index, innerHandle, innerParent, want.inner, v.l.seed(v.n, p, true), create)
		if err := e.execute(req); err != nil {
			return fmt.Errorf("%s: inner netem: %w", d.name, err)
		}
		return nil
	}
	one := func(what string, mend func(e *entered) error) []difference {
		return []difference{{port: p.port, what: what, mend: mend}}
	}
	remade := func(e *entered) error {
		if found.root != nil {
			if err := e.removeQdisc(d.index, found.root); err != nil {
				return err
			}
		}
		return set(e, !want.none, !want.one, true)
	}
	switch {
	case found.root == nil && want.none:
		return nil
	case found.root == nil:
		return one("netem is missing", remade)
	case found.outer == nil:
		return one("another "+found.root.kind+" is in the place of netem", remade)
	case found.outer.duplicate > 0 != (want.outer.duplicate > 0) || want.outer.duplicate > 0 && found.below != nil:
		return one(found.outer.differs(want.outer), remade)
	}
	var all []difference
	if what := found.outer.differs(want.outer); what != "" {
		all = one(what, func(e *entered) error { return set(e, true, false, false) })
	}
	switch {
	case found.below == nil && !want.one:
		all = append(all, one("the inner netem is missing", func(e *entered) error { return set(e, false, true, true) })...)
	case found.below != nil && found.inner == nil:
		all = append(all, one("there is a "+found.below.kind+" in the place of the inner netem", func(e *entered) error {
			if err := e.removeQdisc(d.index, found.below); err != nil {
				return err
			}
			return set(e, false, !want.one, true)
		})...)
	case found.inner != nil:
		if what := found.inner.differs(want.inner); what != "" {
			all = append(all, one(what, func(e *entered) error { return set(e, false, true, false) })...)
		}
	}
	return all
}

// differs says what of a netem is not as wanted; empty: nothing.
func (q *qdisc) differs(want discipline) string {
	var all []string
	add := func(differs bool, what string, is, should any) {
		if differs {
			all = append(all, fmt.Sprintf("%s %v instead of %v", what, is, should))
		}
	}
	add(q.delay != want.delay, "delay", q.delay, want.delay)
	add(q.jitter != want.jitter, "jitter", q.jitter, want.jitter)
	add(q.rate != want.rate, "rate", rateText(q.rate), rateText(want.rate))
	add(q.limit != want.limit, "limit in packets", q.limit, want.limit)
	for _, p := range []struct {
		what       string
		is, should float64
	}{
		{"loss", q.loss, want.loss}, {"reorder", q.reorder, want.reorder},
		{"duplicate", q.duplicate, want.duplicate}, {"corrupt", q.corrupt, want.corrupt},
	} {
		add(probability(p.is) != probability(p.should), p.what, p.is, p.should)
	}
	if q.odd != "" {
		all = append(all, q.odd)
	}
	return strings.Join(all, ", ")
}
