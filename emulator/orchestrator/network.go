package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
)

// networkFile is, in a testbed's directory, the network that its fabric was last told to be.
const networkFile = "network"

// writeNetwork stores a network: a reader sees the old one or the new one.
func (s Store) writeNetwork(n fabric.Network) error {
	var text bytes.Buffer
	if err := n.Encode(&text); err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.Dir(n.Testbed), networkFile), text.Bytes(), private)
}

// Network is the network as the fabric was last told to make it: the scenario's, with all changes since.
func (t *Testbed) Network() (fabric.Network, error) {
	file, err := os.Open(filepath.Join(t.dir(), networkFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fabric.Network{}, fmt.Errorf("testbed %s: %w", t.Journal.Testbed, ErrNotRunning)
	}
	if err != nil {
		return fabric.Network{}, err
	}
	defer file.Close()
	return fabric.Decode(file)
}

// Change alters the network while the testbed is up. The fabric touches only what differs. Changes by
// several processes follow one another.
func (t *Testbed) Change(ctx context.Context, alter func(*fabric.Network) error) error {
	release, err := t.store.acquire(ctx, t.Journal.Testbed)
	if err != nil {
		return err
	}
	defer release()
	n, err := t.Network()
	if err != nil {
		return err
	}
	if err := alter(&n); err != nil {
		return err
	}
	return t.apply(ctx, n)
}

// Reapply alters the network as Change does, gives every station the request's TCP settings, and keeps the
// request's scenario in place of the one that the testbed was made from.
func (t *Testbed) Reapply(ctx context.Context, r Request, alter func(*fabric.Network) error) error {
	err := t.Change(ctx, func(n *fabric.Network) error {
		for i := range n.Stations {
			n.Stations[i].Sysctls = r.TCP.Sysctls()
		}
		return alter(n)
	})
	if err != nil {
		return err
	}
	return replaceFile(t.ScenarioFile(), r.Resolved, private)
}

// apply makes the network as wanted and stores it. The caller has the testbed's lock.
func (t *Testbed) apply(ctx context.Context, n fabric.Network) error {
	if err := t.Fabric.Apply(ctx, n); err != nil {
		return fmt.Errorf("changing the network of %s: %w", t.Journal.Testbed, err)
	}
	return t.store.writeNetwork(n)
}

// Logs copies what a node has printed to out, and with follow what it goes on to print. A runtime that keeps
// no logs gives an error that wraps noderuntime.ErrNotSupported.
func (t *Testbed) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	logger, ok := t.Runtime.(noderuntime.Logger)
	if !ok {
		return fmt.Errorf("the runtime %s keeps no logs: %w", t.Runtime.Name(), noderuntime.ErrNotSupported)
	}
	return logger.Logs(ctx, node, follow, out)
}

// LiveFile is where a run on the testbed keeps how it stands; see package live.
func (t *Testbed) LiveFile() string { return filepath.Join(t.dir(), "live.json") }
