// Package several is a runtime of nodes on several machines: each is started by the runtime of the machine that its
// specification names, and known by that machine afterwards. What is asked of nodes goes to their machines, of all
// machines at the same time.
package several

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"testbed/emulator/noderuntime"
)

// ErrNoMachine is wrapped by errors about a node whose machine is none of those that there are.
var ErrNoMachine = errors.New("no such machine")

// Machine is one machine with its runtime, whose nodes do not say where they are. Its errors name the machine.
type Machine struct {
	ID   string
	Made noderuntime.Made
}

// Runtime runs nodes on several machines.
type Runtime struct {
	name     string
	machines []Machine
}

var (
	_ noderuntime.Runtime    = (*Runtime)(nil)
	_ noderuntime.Logger     = (*Runtime)(nil)
	_ noderuntime.Companions = (*Runtime)(nil)
	_ noderuntime.Watcher    = (*Runtime)(nil)
	_ noderuntime.Namer      = (*Runtime)(nil)
)

// New returns the runtime of these machines, which have different IDs, under the name of their runtimes.
func New(name string, machines []Machine) *Runtime { return &Runtime{name, machines} }

// Name is that of the machines' runtimes.
func (r *Runtime) Name() string { return r.name }

// Made is the runtime with all that its machines can tell.
func (r *Runtime) Made() noderuntime.Made {
	return noderuntime.Made{Runtime: r, Supported: r.supported, Foreign: r.foreign, Prune: r.prune}
}

// at is the index of the machine with that ID.
func (r *Runtime) at(id, node string) (int, error) {
	i := slices.IndexFunc(r.machines, func(m Machine) bool { return m.ID == id })
	if i < 0 {
		return i, fmt.Errorf("node %s is to be on machine %q: %w", node, id, ErrNoMachine)
	}
	return i, nil
}

// place is what of a list concerns one machine.
type place[T any] struct {
	list []T
	in   []int // where each is in the whole list
}

// split distributes a list over the machines.
func split[T any](r *Runtime, list []T, where func(*T) (machine *string, node string)) ([]place[T], error) {
	places := make([]place[T], len(r.machines))
	for i, one := range list {
		machine, node := where(&one)
		at, err := r.at(*machine, node)
		if err != nil {
			return nil, err
		}
		*machine = "" // there it is one of its own
		places[at].list, places[at].in = append(places[at].list, one), append(places[at].in, i)
	}
	return places, nil
}

func (r *Runtime) splitNodes(nodes []noderuntime.Node) ([]place[noderuntime.Node], error) {
	return split(r, nodes, func(n *noderuntime.Node) (*string, string) { return &n.Machine, n.Node })
}

// each does something with each machine at the same time, and returns the errors of all.
func (r *Runtime) each(do func(i int, m noderuntime.Made) error) error {
	failed := make([]error, len(r.machines))
	var all sync.WaitGroup
	for i := range r.machines {
		all.Go(func() { failed[i] = do(i, r.machines[i].Made) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// own says of nodes of a machine that they are.
func (r *Runtime) own(i int, nodes []noderuntime.Node) []noderuntime.Node {
	for k := range nodes {
		nodes[k].Machine = r.machines[i].ID
	}
	return nodes
}

// Inspect asks the nodes' machines. The nodes of one that does not answer are noderuntime.Unreachable.
func (r *Runtime) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	places, err := r.splitNodes(nodes)
	if err != nil {
		return nil, err
	}
	all := make([]noderuntime.Condition, len(nodes))
	err = r.each(func(i int, m noderuntime.Made) error {
		p := places[i]
		if len(p.list) == 0 {
			return nil
		}
		found, err := m.Inspect(ctx, p.list)
		if err == nil && len(found) != len(p.list) {
			err = fmt.Errorf("machine %s: %d conditions of %d nodes", r.machines[i].ID, len(found), len(p.list))
		}
		for k, in := range p.in {
			if err != nil {
				all[in] = noderuntime.Condition{State: noderuntime.Unreachable, Node: p.list[k], Why: err.Error()}
			} else {
				all[in] = found[k]
			}
			all[in].Node.Machine = r.machines[i].ID
		}
		return nil
	})
	return all, errors.Join(err, context.Cause(ctx))
}

// Find looks for nodes on all machines. It fails where one does not answer.
func (r *Runtime) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	found := make([][]noderuntime.Node, len(r.machines))
	err := r.each(func(i int, m noderuntime.Made) error {
		nodes, err := m.Find(ctx, testbed)
		found[i] = r.own(i, nodes)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b noderuntime.Node) int {
		return cmp.Or(cmp.Compare(a.Testbed, b.Testbed), cmp.Compare(a.Node, b.Node))
	})
	return all, nil
}

// Remove removes a testbed's nodes of all machines. Where one does not answer, the others' are removed all the same.
func (r *Runtime) Remove(ctx context.Context, testbed string, nodes []noderuntime.Node) error {
	places, err := r.splitNodes(nodes)
	if err != nil {
		return err
	}
	return r.each(func(i int, m noderuntime.Made) error { return m.Remove(ctx, testbed, places[i].list) })
}

// Stop removes nodes. Where a machine does not answer, the others' are removed all the same.
func (r *Runtime) Stop(ctx context.Context, nodes []noderuntime.Node) error {
	places, err := r.splitNodes(nodes)
	if err != nil {
		return err
	}
	return r.each(func(i int, m noderuntime.Made) error {
		if len(places[i].list) == 0 {
			return nil
		}
		return m.Stop(ctx, places[i].list)
	})
}

func (r *Runtime) supported(ctx context.Context) error {
	return r.each(func(_ int, m noderuntime.Made) error {
		if m.Supported == nil {
			return nil
		}
		return m.Supported(ctx)
	})
}

// foreign names what is on any machine and cannot be proved to be testbed's, with the machine before it.
func (r *Runtime) foreign(ctx context.Context, testbed string, nodes []noderuntime.Node) ([]string, error) {
	places, err := r.splitNodes(nodes)
	if err != nil {
		return nil, err
	}
	found := make([][]string, len(r.machines))
	err = r.each(func(i int, m noderuntime.Made) (err error) {
		if m.Foreign == nil {
			return nil
		}
		found[i], err = m.Foreign(ctx, testbed, places[i].list)
		for k := range found[i] {
			found[i][k] = fmt.Sprintf("%s on machine %s", found[i][k], r.machines[i].ID)
		}
		return err
	})
	return slices.Concat(found...), err
}

// prune removes node images that nothing uses from all machines.
func (r *Runtime) prune(ctx context.Context) (removed, left []string, err error) {
	var mu sync.Mutex
	err = r.each(func(i int, m noderuntime.Made) error {
		if m.Prune == nil {
			return nil
		}
		gone, there, err := m.Prune(ctx)
		mu.Lock()
		defer mu.Unlock()
		removed, left = append(removed, gone...), append(left, there...)
		return err
	})
	slices.Sort(removed)
	slices.Sort(left)
	return slices.Compact(removed), slices.Compact(left), err
}

// TellHosts implements noderuntime.Namer.
func (r *Runtime) TellHosts(ctx context.Context, path string) error {
	return r.each(func(_ int, m noderuntime.Made) error {
		if n, ok := m.Runtime.(noderuntime.Namer); ok {
			return n.TellHosts(ctx, path)
		}
		return nil
	})
}
