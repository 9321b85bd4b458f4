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
	id, there := t.Lookup(name)
	switch class, byClass := strings.CutPrefix(name, "class:"); {
	case there:
		remedy = fmt.Sprintf("it is a %s", t.Vertices[id].Kind)
	case byClass:
		return inputf("no %s is of the class %q; %s; `testbed link show` lists the links, `testbed inspect` all", what, class,
			ofClasses(t, class, kinds))
	default:
		remedy = scenario.Suggest(name, selectable(t, kinds))
	}
	return inputf("there is no %s %q; %s; `testbed link show` lists the links, `testbed inspect` all", what, name, remedy)
}

// mostClasses is how many of them an error names.
const mostClasses = 40

// ofClasses says which classes there are among what can be selected, all of them: nobody knows them by heart.
func ofClasses(t *topology.Topology, class string, kinds []topology.Kind) string {
	var all, bare, others []string
	for i := range t.Vertices {
		v := &t.Vertices[i]
		switch meant := len(kinds) == 0 || slices.Contains(kinds, v.Kind); {
		case v.Class == "":
		case meant:
			all, bare = append(all, "class:"+v.Class), append(bare, v.Class)
		case v.Class == class:
			others = append(others, v.Kind.String())
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	says := "none of them has a class"
	if n := len(all); n > mostClasses {
		says = fmt.Sprintf("there is %s, ... (%d in all)", strings.Join(all[:mostClasses], ", "), n)
	} else if n > 0 {
		says = "there is " + strings.Join(all, ", ")
	}
	if len(others) > 0 {
		return fmt.Sprintf("that is a class of what is a %s; %s", others[0], says)
	}
	if near, ok := scenario.Nearest(class, bare); ok {
		return fmt.Sprintf("did you mean %q? %s", "class:"+near, says)
	}
	return says
}

// selectable are the names that could have been meant by one that stands for nothing.
func selectable(t *topology.Topology, kinds []topology.Kind) []string {
	var all []string
	for i := range t.Vertices {
		if v := &t.Vertices[i]; len(kinds) == 0 || slices.Contains(kinds, v.Kind) {
			all = append(all, v.Name)
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
