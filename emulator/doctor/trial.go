package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/statefile"
	"testbed/emulator/orchestrator"
)

// Trial is what, before a testbed is brought up, does what that does: it writes into the state directory, and makes a
// namespace with a device of the fabric's kind, sets what stations get there, and mounts what nodes do, as the
// catalogue's entries of runtime and fabric say. All of it vanishes again. The error says what fails, what follows and
// what mends it.
func Trial(c *catalogue.Catalogue) orchestrator.Trial {
	return func(ctx context.Context, store orchestrator.Store, runtime, fabric string) error {
		needs := slices.Concat(c.Describe(catalogue.Runtimes, runtime).Trials, c.Describe(catalogue.Fabrics, fabric).Trials)
		return try(ctx, store, needs)
	}
}

func try(ctx context.Context, store orchestrator.Store, needs []catalogue.Trial) error {
	tried := make(chan error, 1)
	go func() {
		tried <- errors.Join(tryStore(store), trySystem(needs))
	}()
	select {
	case err := <-tried:
		return err
	case <-ctx.Done():
		return fmt.Errorf("trying what `testbed up` does: no end: %w", context.Cause(ctx))
	}
}

// trialSize is what is written, in bytes: about the record, the scenario and the network of a small testbed.
const trialSize = 256 << 10

// tryStore writes a file and listens at a socket where the testbeds' directories are to be.
func tryStore(store orchestrator.Store) (err error) {
	parent := string(store)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		parent = filepath.Dir(parent)
	}
	fail := func(what string, err error) error {
		const remedy = "free some space there, or remount it writable, and run testbed as root"
		return fmt.Errorf("state directory %s: %s: %w; %s", store, what, err, remedy)
	}
	// No name of a testbed begins with a dot.
	dir, err := os.MkdirTemp(parent, ".tb-doctor-")
	if err != nil {
		return fail("making a directory", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := statefile.Replace(filepath.Join(dir, "record"), make([]byte, trialSize), 0o600); err != nil {
		return fail(fmt.Sprintf("writing %d KiB", trialSize>>10), err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "ctl"))
	if err != nil {
		return fail("listening at a socket", err)
	}
	return listener.Close()
}

// trialCheck is the doctor's line about all of that.
func trialCheck(try orchestrator.Trial, store orchestrator.Store, runtime, fabric string) check {
	return check{"trial", func(ctx context.Context, c Capability) Capability {
		if err := try(ctx, store, runtime, fabric); err != nil {
			return c.lacking(oneLine(err), "no testbed can be brought up",
				"what the line says; a host or virtual machine of one's own, or docker run --privileged")
		}
		c.Found = fmt.Sprintf("a namespace with a device of %s, its sysctls, the mounts of a node, "+
			"and a file in %s could be made", fabric, store)
		c.Follows = "testbed up finds what it needs"
		return c
	}}
}
