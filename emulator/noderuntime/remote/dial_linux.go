package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/unixpeer"
	"testbed/emulator/noderuntime"
)

// connect connects to the socket that a controller wants. Nodes put what they like into their directories: nothing on
// the way may be a link, what is connected to is what was found there, and the process is held on to meanwhile, so that
// its number is its own.
func connect(ctx context.Context, w wanted, dirs []string) (net.Conn, error) {
	p, err := proc.OpenStarted(w.PID, w.Start)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", noderuntime.ErrNoSuchNode, err)
	}
	defer p.Close()
	socket, err := beneath(w.Path, dirs)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	ctx, cancel := context.WithTimeout(ctx, dialing)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d", socket.Fd()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Path, errors.Unwrap(err))
	}
	if err = unixpeer.Check(conn, w.PID); err == nil && p.Ended(time.Duration(0)) {
		err = noderuntime.ErrNoSuchNode
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s: %w", w.Path, err)
	}
	return conn, nil
}

// beneath holds on to what is at a path below one of the directories, element by element.
func beneath(path string, dirs []string) (*os.File, error) {
	for _, dir := range dirs {
		dir = filepath.Clean(dir)
		rest, below := strings.CutPrefix(path, dir+"/")
		if !below || rest == "." || !filepath.IsLocal(rest) || filepath.Clean(rest) != rest {
			continue
		}
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		elements := strings.Split(rest, "/")
		for i := 0; err == nil && i < len(elements); i++ {
			flags := unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
			if i < len(elements)-1 {
				flags |= unix.O_DIRECTORY // a link is none
			}
			parent := fd
			fd, err = unix.Openat(parent, elements[i], flags, 0)
			unix.Close(parent)
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		return os.NewFile(uintptr(fd), path), nil
	}
	return nil, fmt.Errorf("%w: %q is in no directory that the machine shares with its agent (%s)",
		noderuntime.ErrSpec, path, strings.Join(dirs, ", "))
}
