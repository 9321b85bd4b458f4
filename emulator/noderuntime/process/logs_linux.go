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

// Logs copies a node's log files, which are in the directory that it shares with the host: the newest one to four
// megabytes of its output; of a node that has ended, as long as another one of its testbed runs or Dir knows the
// directory. The end of ctx ends following without an error.
func (r *Runtime) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	path, err := r.logOf(node)
	if err != nil {
		return err
	}
	l, err := openLogs(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", noderuntime.ErrNoSuchNode, err)
	}
	if err != nil {
		return fmt.Errorf("output of node %s of testbed %s: %w", node.Node, node.Testbed, err)
	}
	defer l.close()
	for {
		lives := follow && runs(node)
		if err := l.copy(out); err != nil {
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

// logFiles are a node's log files while they are read, oldest first.
type logFiles struct {
	path string
	open []*os.File
}

// openLogs opens the log, and the older one where there is one. The node may put the log away in between.
func openLogs(path string) (*logFiles, error) {
	newer, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	l := &logFiles{path: path, open: []*os.File{newer}}
	if older, err := os.Open(olderLog(path)); err == nil {
		if same(older, newer) {
			older.Close()
		} else {
			l.open = []*os.File{older, newer}
		}
	}
	return l, nil
}

func same(a, b *os.File) bool {
	one, err := a.Stat()
	other, failed := b.Stat()
	return err == nil && failed == nil && os.SameFile(one, other)
}

// copy copies what has come since, also to a new log that the node has begun.
func (l *logFiles) copy(out io.Writer) error {
	if next, err := os.Open(l.path); err == nil {
		if same(next, l.open[len(l.open)-1]) {
			next.Close()
		} else {
			l.open = append(l.open, next)
		}
	}
	for {
		if _, err := io.Copy(out, l.open[0]); err != nil {
			return err
		}
		if len(l.open) == 1 {
			return nil
		}
		l.open[0].Close()
		l.open = l.open[1:]
	}
}

func (l *logFiles) close() {
	for _, file := range l.open {
		file.Close()
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
	return "", fmt.Errorf("output of node %s: it does not run in testbed %s: %w",
		node.Node, node.Testbed, noderuntime.ErrNoSuchNode)
}
