package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"testbed/emulator/noderuntime"
)

var _ noderuntime.Logger = (*Runtime)(nil)

// refresh is how often a log that is followed is looked at.
const refresh = 50 * time.Millisecond

// Logs copies a node's log file, which is in the directory that it shares with the host; of a node that has
// ended, as long as another one of its testbed runs or Dir knows the directory. The end of ctx ends
// following without an error.
func (r *Runtime) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	path, err := r.logOf(node)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", noderuntime.ErrNoSuchNode, err)
	}
	if err != nil {
		return fmt.Errorf("output of node %s of testbed %s: %w", node.Node, node.Testbed, err)
	}
	defer file.Close()
	for {
		lives := follow && runs(node)
		if _, err := io.Copy(out, file); err != nil {
			return fmt.Errorf("output of node %s: %w", node.Node, err)
		}
		if !lives {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(refresh):
		}
	}
}

// runs tells whether a node's first process is still there.
func runs(node noderuntime.Node) bool {
	p, err := noderuntime.Hold(node)
	if err != nil {
		return false
	}
	p.Close()
	return true
}

// logOf finds a node's log file.
func (r *Runtime) logOf(node noderuntime.Node) (string, error) {
	in := func(dir string) string { return filepath.Join(dir, filepath.Base(node.Node)+".log") }
	if r.Dir != nil {
		return in(r.Dir(node.Testbed, node.Node)), nil
	}
	others, err := scan(node.Testbed) // in whose directory the log is, unless each has its own
	if err != nil {
		return "", err
	}
	for _, other := range others {
		if id, ok := identify(other.PID); ok && runs(other) {
			return in(id.dir), nil
		}
	}
	return "", fmt.Errorf("output of node %s: it does not run in testbed %s: %w", node.Node, node.Testbed, noderuntime.ErrNoSuchNode)
}
