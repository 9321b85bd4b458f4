package emulator

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"testbed/emulator/fabric"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// SetLinks changes, of the links selected, what properties gives, and keeps the rest. See Select.
func (b *Bed) SetLinks(ctx context.Context, origin string, links []string, p scenario.Properties) error {
	return b.Update(ctx, origin, func(n *fabric.Network) error {
		ids, err := Select(n.Topology, links, topology.Link)
		if err != nil {
			return err
		}
		var failed []error
		for _, id := range ids {
			if err := p.Change(n.Topology, id); err != nil {
				failed = append(failed, inputf("link %s: %w", n.Topology.Vertices[id].Name, err))
			}
		}
		requeue(n, ids)
		return errors.Join(failed...)
	})
}

// ResetLinks makes links as the testbed's scenario says, and up. None selected: all links, and hosts, switches and
// partitions too.
func (b *Bed) ResetLinks(ctx context.Context, origin string, links []string) error {
	return b.Update(ctx, origin, func(n *fabric.Network) error {
		was, err := b.Origin()
		if err != nil {
			return err
		}
		ids := n.Topology.Links()
		if len(links) == 0 {
			n.Down, n.Partition = was.Down, was.Partition
		} else if ids, err = Select(n.Topology, links, topology.Link); err != nil {
			return err
		}
		for _, id := range ids {
			n.Topology.Vertices[id].Shape = was.Topology.Vertices[id].Shape
		}
		n.Down = slices.DeleteFunc(n.Down, func(id topology.ID) bool { return slices.Contains(ids, id) })
		requeue(n, ids)
		return nil
	})
}

// Carry lets links, hosts or switches carry packets again, or nothing.
func (b *Bed) Carry(ctx context.Context, origin string, names []string, packets bool) error {
	return b.Update(ctx, origin, func(n *fabric.Network) error {
		ids, err := Select(n.Topology, names)
		if err != nil {
			return err
		}
		n.Down = slices.DeleteFunc(n.Down, func(id topology.ID) bool { return slices.Contains(ids, id) })
		if !packets {
			n.Down = append(n.Down, ids...)
			slices.Sort(n.Down)
		}
		return nil
	})
}

// Select finds the vertices that names stand for, each once, in the topology's order: a name, a pattern with *, ?
// or [...] as of files, or class:NAME for all of a class. kinds are those that are meant; none: any. A name
// that stands for nothing is an error that wraps ErrInput.
func Select(t *topology.Topology, names []string, kinds ...topology.Kind) ([]topology.ID, error) {
	t.Reindex()
	chosen := make([]bool, len(t.Vertices))
	var failed []error
	for _, name := range names {
		found := false
		class, byClass := strings.CutPrefix(name, "class:")
		for i := range t.Vertices {
			v := &t.Vertices[i]
			matches := v.Name == name || byClass && v.Class == class
			if !matches && !byClass {
				matches, _ = path.Match(name, v.Name) // a bad pattern matches nothing
			}
			if matches && (len(kinds) == 0 || slices.Contains(kinds, v.Kind)) {
				chosen[i], found = true, true
			}
		}
		if !found {
			failed = append(failed, nothing(t, name, kinds))
		}
	}
	var ids []topology.ID
	for i, is := range chosen {
		if is {
			ids = append(ids, topology.ID(i))
		}
	}
	return ids, errors.Join(failed...)
}

// nothing says why a name stands for nothing.
func nothing(t *topology.Topology, name string, kinds []topology.Kind) error {
	what := "link, host or switch"
	if len(kinds) > 0 {
		words := make([]string, len(kinds))
		for i, k := range kinds {
			words[i] = k.String()
		}
		what = strings.Join(words, " or ")
	}
	remedy := ""
	if id, ok := t.Lookup(name); ok {
		remedy = fmt.Sprintf("it is a %s", t.Vertices[id].Kind)
	} else {
		remedy = scenario.Suggest(name, selectable(t, name, kinds))
	}
	return inputf("there is no %s %q; %s; `testbed link show` lists the links, `testbed inspect` all", what, name, remedy)
}

// selectable are the names that could have been meant by one that stands for nothing.
func selectable(t *topology.Topology, name string, kinds []topology.Kind) []string {
	byClass := strings.HasPrefix(name, "class:")
	var all []string
	for i := range t.Vertices {
		v := &t.Vertices[i]
		switch {
		case len(kinds) > 0 && !slices.Contains(kinds, v.Kind):
		case !byClass:
			all = append(all, v.Name)
		case v.Class != "" && !slices.Contains(all, "class:"+v.Class):
			all = append(all, "class:"+v.Class)
		}
	}
	return all
}

// requeue gives the links' queues the room that their new rates and delays want, or that was set.
func requeue(n *fabric.Network, links []topology.ID) {
	for channel, limit := range n.Topology.QueueLimits() {
		if slices.Contains(links, channel.Link) {
			n.Queues[channel] = limit
		}
	}
}
