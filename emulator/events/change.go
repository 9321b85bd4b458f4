package events

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// change is one modification of the network: an event, or one period of a flap.
type change struct {
	event       int // in the list
	begin, end  time.Duration
	window      bool // it ends
	kind        kind
	targets     []topology.ID
	properties  *scenario.Properties
	groups      [][]topology.ID
	attachment  topology.Attachment // of attach
	to          topology.ID
	text, after string // what is said of its begin and of its end
}

type kind uint8

const (
	set kind = iota
	reset
	down
	up
	partition
	attach
)

// expand turns events into changes, in their order.
func expand(t *topology.Topology, events []scenario.Event) ([]*change, error) {
	var all []*change
	var errs []error
	for i := range events {
		e := &events[i]
		if e.Migrate != nil {
			continue // it changes nothing of the network
		}
		if e.Attach != nil {
			move, outage, err := attaching(t, e)
			if err != nil {
				errs = append(errs, fault(i, ".attach", "", err))
				continue
			}
			move.event = i
			if all = append(all, move); outage != nil {
				all = append(all, outage)
			}
			continue
		}
		c, err := resolve(t, e)
		if err != nil {
			key := ""
			if e.Set != nil {
				key = ".set"
			}
			errs = append(errs, fault(i, key, "", err))
			continue
		}
		c.event = i
		if e.Flap == nil {
			all = append(all, c)
			continue
		}
		if all, err = flap(all, c, e.Flap); err != nil {
			errs = append(errs, fault(i, ".flap", "", err))
		}
	}
	return all, errors.Join(errs...)
}

// resolve finds an event's targets. Of a flap it is the whole window.
func resolve(t *topology.Topology, e *scenario.Event) (*change, error) {
	c := &change{begin: e.Begin(), window: e.Window(), properties: e.Set}
	if c.window {
		if c.end = *e.To; c.end <= c.begin {
			return nil, fmt.Errorf("it ends at %v, no later than it begins", c.end)
		}
	}
	var known bool
	if c.kind, known = kindOf(e); !known {
		return nil, errors.New("it has no action")
	}
	var links, nodes, groups []error
	var ids []topology.ID
	c.targets, links = find(t, e.Link, func(k topology.Kind) bool { return k == topology.Link }, "link")
	ids, nodes = find(t, e.Node, func(k topology.Kind) bool { return k != topology.Link }, "node")
	c.targets = append(c.targets, ids...)
	for _, group := range e.Partition {
		ids, errs := find(t, group, topology.Kind.Attached, "host")
		c.groups, groups = append(c.groups, ids), append(groups, errs...)
	}
	if err := errors.Join(slices.Concat(links, nodes, groups)...); err != nil {
		return nil, err
	}
	c.text, c.after = describe(e)
	return c, c.possible(t, e)
}

func kindOf(e *scenario.Event) (kind, bool) {
	switch {
	case e.Set != nil:
		return set, true
	case e.Reset:
		return reset, true
	case e.Down, e.Flap != nil:
		return down, true
	case e.Up:
		return up, true
	}
	return partition, len(e.Partition) > 0
}

// find looks up the vertices of the given names and kind, which errors call what.
func find(t *topology.Topology, names []string, is func(topology.Kind) bool, what string) (
	ids []topology.ID, errs []error,
) {
	for _, name := range names {
		id, ok := t.Lookup(name)
		if !ok || !is(t.Vertices[id].Kind) {
			errs = append(errs, fmt.Errorf("there is no %s %q", what, name))
			continue
		}
		ids = append(ids, id)
	}
	return ids, errs
}

// possible says why a change cannot be made on its targets.
func (c *change) possible(t *topology.Topology, e *scenario.Event) error {
	switch {
	case c.kind == partition:
		return nil
	case len(c.targets) == 0:
		return errors.New("it does not say what it happens to")
	case c.kind != set && c.kind != reset:
		return nil
	case len(e.Node) > 0:
		return errors.New("nodes have no properties that could be set; name a link")
	case c.kind == reset:
		return nil
	}
	var errs []error
	for _, id := range c.targets {
		if err := errors.Join(e.Set.Fits(t.Vertices[id].LinkType), e.Set.Effective(t, id)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.Vertices[id].Name, err))
		}
	}
	return errors.Join(errs...)
}

// flap appends a window for each period of a flap whose whole window is c.
func flap(all []*change, c *change, f *scenario.Flap) ([]*change, error) {
	if !c.window || f.Period <= 0 || f.Down <= 0 || f.Down >= f.Period {
		return all, fmt.Errorf("a flap of %v in every %v needs an end, and a time to be up", f.Down, f.Period)
	}
	if periods := int64((c.end - c.begin) / f.Period); periods+int64(len(all)) > MaxMoments {
		return all, fmt.Errorf("%w: it would go down %d times, and there are to be at most %d instants; "+
			"lengthen the period or shorten the window",
			ErrTooMany, periods, MaxMoments)
	}
	for at := c.begin; at < c.end; at += f.Period {
		w := *c
		w.begin, w.end = at, min(at+f.Down, c.end)
		all = append(all, &w)
	}
	return all, nil
}
