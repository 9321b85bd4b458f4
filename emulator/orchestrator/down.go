package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/internal/shell"
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
	release, err := h.Store.acquire(ctx, testbed)
	if err != nil {
		return err
	}
	defer release()
	if progress == nil {
		progress = func(string) {}
	}
	return h.remove(ctx, testbed, forget, progress)
}

// remove takes down what Up made; where there is no journal, by every runtime and fabric.
// One that this host does not support is passed over, unless the journal says that it was used: an engine
// that does not answer at the moment still has the nodes.
func (h *Host) remove(ctx context.Context, testbed string, forget bool, progress func(string)) error {
	var used Journal
	if journal, err := h.Store.Read(testbed); err == nil {
		used = *journal
		journal.Phase = Stopping
		if err := h.Store.Write(journal); err != nil {
			return err
		}
	}
	progress("removing " + testbed)
	var failed []error
	// The fabric first: while it holds a namespace's interface open, the namespace outlives its node.
	for _, o := range h.Fabrics {
		err := o.Supported(ctx)
		if err == nil {
			err = o.New(h.Store.Dir(testbed), testbed).Close(ctx)
		} else if o.Name != used.Fabric {
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("removing the network of %s (%s): %w", testbed, o.Name, err))
		}
	}
	for _, o := range h.Runtimes {
		if used.Runtime != "" && used.Runtime != o.Name() {
			continue // the journal was written before anything else, and knows
		}
		err := errors.Join(o.Supported(ctx), o.has(&used))
		if err == nil {
			err = o.Remove(ctx, testbed)
		} else if o.Name() != used.Runtime {
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("removing the nodes of %s (%s): %w", testbed, o.Name(), err))
		}
	}
	if len(failed) > 0 && !forget {
		// The journal stays, so that Down can be tried again.
		return errors.Join(append(failed, fmt.Errorf("something of %s is left: `testbed down --name %s` finishes once the cause is mended; with --forget it gives that up", testbed, shell.Quote(testbed)))...)
	}
	return h.Store.Remove(testbed)
}

// All names every testbed of which anything is there: a record, or nodes or a network without one.
func (h *Host) All(ctx context.Context) ([]string, error) {
	names, err := h.Store.Names()
	if err != nil {
		return nil, err
	}
	for _, o := range h.Runtimes {
		if o.Supported(ctx) != nil {
			continue
		}
		nodes, err := o.List(ctx, "")
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			names = append(names, n.Testbed)
		}
	}
	for _, o := range h.Fabrics {
		if o.Testbeds == nil || o.Supported(ctx) != nil {
			continue
		}
		found, err := o.Testbeds()
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
