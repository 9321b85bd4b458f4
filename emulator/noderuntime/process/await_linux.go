package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/noderuntime"
)

// wait returns when every node has said that it is ready.
func (l *launch) wait(ctx context.Context, progress func(int)) error {
	buffer, line := make([]byte, 4096), []byte(nil)
	last := time.Now()
	for len(l.missing) > 0 {
		if err := l.ready.SetReadDeadline(time.Now().Add(tick)); err != nil {
			return err
		}
		n, err := l.ready.Read(buffer)
		if n > 0 {
			last = time.Now()
			line = l.tick(append(line, buffer[:n]...))
			if progress != nil {
				progress(len(l.specs) - len(l.missing))
			}
			continue
		}
		if died := errors.Join(context.Cause(ctx), l.died()); died != nil {
			return died
		}
		if errors.Is(err, io.EOF) && time.Since(last) < patience {
			time.Sleep(time.Millisecond) // the last node closed its files, and is a moment away from having died
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(last) > patience {
			return fmt.Errorf("nodes %s did not become ready (%w); see their logs in %s", l.missingNames(), err, l.specs[0].Dir)
		}
	}
	return errors.Join(context.Cause(ctx), l.died())
}

// tick strikes out the nodes whose names text holds, and returns the incomplete rest.
func (l *launch) tick(text []byte) []byte {
	for {
		name, rest, ok := bytes.Cut(text, []byte{'\n'})
		if !ok {
			return text
		}
		if l.missing[string(name)]--; l.missing[string(name)] <= 0 {
			delete(l.missing, string(name))
		}
		text = rest
	}
}

func (l *launch) missingNames() string {
	names := make([]string, 0, len(l.missing))
	for name := range l.missing {
		names = append(names, name)
	}
	slices.Sort(names)
	if more := len(names) - 5; more > 0 {
		names = append(names[:5], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// died waits for nodes that have ended already and says so.
func (l *launch) died() error {
	var failed []error
	for i, pid := range l.pids {
		status, gone := waitFor(pid, unix.WNOHANG)
		if !gone {
			continue
		}
		l.pids[i] = 0
		if len(failed) < 3 { // they mostly die of the same
			path := logPath(l.specs[i])
			failed = append(failed, fmt.Errorf("node %s ended (%s) before it was ready: %s [%s]",
				l.specs[i].Node, describe(status), lastLines(path), path))
		}
	}
	return errors.Join(failed...)
}

// commit lets the nodes outlive this process. A pipe takes 4096 bytes at once, all or none.
func (l *launch) commit() error {
	if _, err := l.committed.Write(make([]byte, len(l.pids))); err != nil {
		return fmt.Errorf("letting the nodes go on: %w", err)
	}
	return nil
}

// undo kills what was started and waits for its end.
func (l *launch) undo(names string) error {
	var failed []error
	for i, pid := range l.pids {
		if pid == 0 {
			continue
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && err != unix.ESRCH {
			failed = append(failed, fmt.Errorf("killing node %s: %w", l.specs[i].Node, err))
			l.pids[i] = 0
		}
	}
	for _, pid := range l.pids {
		waitFor(pid, 0)
	}
	return errors.Join(append(failed, noderuntime.RemoveNamesOfSpecs(names, l.specs))...)
}
