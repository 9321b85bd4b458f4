package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
)

// Down removes a testbed, in whatever state it is, and all that is left of it. Removing one that is not
// there is no error.
func (h *Host) Down(ctx context.Context, testbed string, progress func(string)) error {
	return h.down(ctx, testbed, false, progress)
}

// Forget is Down for a testbed whose engine is gone for good: its record is removed even where what that
// engine had cannot be.
func (h *Host) Forget(ctx context.Context, testbed string, progress func(string)) error {
	return h.down(ctx, testbed, true, progress)
}

func (h *Host) down(ctx context.Context, testbed string, forget bool, progress func(string)) error {
	if err := CheckName(testbed); err != nil {
		return err
	}
	if progress == nil {
		progress = func(string) {}
	}
	return h.Alone(ctx, testbed, func() error { return h.remove(ctx, testbed, forget, progress) })
}

// Alone does something to a testbed, whether there is one or not, while nobody else on this host changes it. It waits a
// little for who does.
func (h *Host) Alone(ctx context.Context, testbed string, do func() error) error {
	release, err := h.Store.acquire(ctx, testbed)
	if err != nil {
		if _, there := os.Lstat(h.Store.Dir(testbed)); there == nil || ctx.Err() != nil {
			return err
		}
		release = func() {} // without a directory, and without room for one: nobody else is at work on it either
	}
	defer release()
	return do()
}

// remove takes down what Up made: what the journal names, and what can be proved to be the testbed's without it.
// An engine that does not answer is passed over, unless the journal says that it has the nodes; that is looked at
// before anything is touched. Nothing else is asked whether it is supported: what is there can be removed whatever
// this host would support by now. It needs to write nothing. Where there is a journal that cannot be understood,
// everything is tried, and the journal stays.
func (h *Host) remove(ctx context.Context, testbed string, forget bool, progress func(string)) error {
	used, unknown, err := h.record(testbed)
	if err != nil {
		return err
	}
	if used.Spread != nil {
		return h.removeSpread(ctx, used, forget, progress)
	}
	var failed []error
	runtimes, err := h.having(ctx, used)
	if err != nil && !forget {
		return errors.Join(err, h.unfinished(testbed))
	}
	failed = append(failed, err)
	if used.Phase != "" {
		used.Phase = Stopping
		_ = h.Store.Write(used) // that it is going down helps who looks at it, and no more
	}
	progress("removing " + testbed)
	// The fabric first: while it holds a namespace's interface open, the namespace outlives its node.
	for _, o := range h.Fabrics {
		err := o.New(h.Store.Dir(testbed), testbed).Close(ctx)
		if errors.Is(err, fabric.ErrNotSupported) && o.Name != used.Fabric {
			continue // it cannot have anything here
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("removing the network of %s (%s): %w", testbed, o.Name, err))
		}
	}
	for _, o := range runtimes {
		var nodes []noderuntime.Node
		if o.Name() == used.Runtime {
			nodes = used.nodes()
		}
		if err := o.Remove(ctx, testbed, nodes); err != nil {
			failed = append(failed, fmt.Errorf("removing the nodes of %s (%s): %w", testbed, o.Name(), err))
		}
	}
	if unknown != nil {
		failed = append(failed, fmt.Errorf("all that can be proved to be of %s was looked for, and its record is kept: %w",
			testbed, unknown))
	}
	if err := errors.Join(failed...); err != nil && !forget {
		// The journal stays, so that Down can be tried again.
		return errors.Join(err, h.unfinished(testbed))
	}
	return h.end(testbed, forget)
}

// end removes what this host has of a testbed that is gone: what its nodes had on disk, and its record.
func (h *Host) end(testbed string, forget bool) error {
	if err := h.clearDisk(testbed); err != nil && !forget {
		return errors.Join(fmt.Errorf("removing what nodes of %s had on disk: %w", testbed, err), h.unfinished(testbed))
	}
	return h.Store.Remove(testbed)
}

func (h *Host) unfinished(testbed string) error {
	return fmt.Errorf("something of %s may be left: `testbed down --name %s` finishes once the cause is mended; "+
		"with --forget it gives that up", testbed, shell.Quote(testbed))
}

// record is a testbed's journal, an empty one where there is none, and why it cannot be understood, or names what
// this program does not have.
func (h *Host) record(testbed string) (used *Journal, unknown, err error) {
	used, err = h.Store.Read(testbed)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Journal{}, nil, nil
	case errors.Is(err, ErrJournal):
		return &Journal{}, err, nil
	case err != nil:
		return nil, nil, err
	}
	if !slices.ContainsFunc(h.Runtimes, func(o RuntimeOption) bool { return o.Name() == used.Runtime }) {
		unknown = fmt.Errorf("%w: it says that the nodes are of the runtime %q, and there are %s",
			ErrJournal, used.Runtime, h.runtimeNames())
	}
	if !slices.ContainsFunc(h.Fabrics, func(o FabricOption) bool { return o.Name == used.Fabric }) {
		unknown = errors.Join(unknown, fmt.Errorf("%w: it says that the network is of the fabric %q, and there are %s",
			ErrJournal, used.Fabric, h.fabricNames()))
	}
	return used, unknown, nil
}

// having lists the runtimes that may have nodes of a testbed: the one that its journal names, with the engine
// that it names, or all that this host supports. It fails where the one named cannot be had.
func (h *Host) having(ctx context.Context, used *Journal) ([]RuntimeOption, error) {
	var all []RuntimeOption
	for _, o := range h.Runtimes {
		if o.Name() == used.Runtime {
			// The journal was written before anything else, and knows.
			o, err := h.runtimeOf(ctx, used)
			if err != nil {
				return nil, fmt.Errorf("the nodes of %s: %w", used.Testbed, err)
			}
			return []RuntimeOption{o}, nil
		}
		if o.For == nil || o.Supported(ctx) == nil {
			all = append(all, o)
		}
	}
	return all, nil
}

// All names every testbed of which anything is there: a record, what nodes had on disk, or nodes or a network without
// a record that can be proved to be testbed's.
func (h *Host) All(ctx context.Context) ([]string, error) {
	names, err := h.Store.Names()
	if err != nil {
		return nil, err
	}
	for _, o := range h.Runtimes {
		if o.Supported(ctx) != nil {
			continue
		}
		nodes, err := o.Find(ctx, "")
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			names = append(names, n.Testbed)
		}
	}
	left, err := h.onDisk()
	if err != nil {
		return nil, err
	}
	names = append(names, left...)
	for _, o := range h.Fabrics {
		if o.Testbeds == nil {
			continue
		}
		found, err := o.Testbeds()
		if errors.Is(err, fabric.ErrNotSupported) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	// A name found is as good as a name given: it becomes a path.
	names = slices.DeleteFunc(names, func(name string) bool { return CheckName(name) != nil })
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Foreign names what looks like nodes of a testbed, of any where the name is empty, and cannot be proved to be
// testbed's: it is left alone.
func (h *Host) Foreign(ctx context.Context, testbed string) []string {
	var known []noderuntime.Node
	names, _ := h.Store.Names()
	for _, name := range names {
		if j, err := h.Store.Read(name); err == nil {
			known = append(known, j.nodes()...)
		}
	}
	var all []string
	for _, o := range h.Runtimes {
		if o.Foreign == nil || o.Supported(ctx) != nil {
			continue
		}
		if found, err := o.Foreign(ctx, testbed, known); err == nil {
			all = append(all, found...)
		}
	}
	return all
}
