package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/unixpeer"
)

// sharesNumbers looks for a sign that an engine counts processes in another pid namespace than this process:
// the process that made the engine's socket is in another one. It is a sign only, as systemd may have made the
// socket, or something may pass it on: a Start proves each number.
func sharesNumbers(ctx context.Context, host string) error {
	path, local := strings.CutPrefix(host, "unix://")
	if !local {
		return nil
	}
	pid, err := listener(ctx, path)
	if err != nil {
		return nil // what that means, the first call says
	}
	if pid == 0 {
		return fmt.Errorf("its process is in none that can be seen from here: %w", errStranger)
	}
	p, err := proc.Open(pid)
	if err != nil {
		return nil // the engine was started anew on the same socket
	}
	defer p.Close()
	theirs, err := p.NamespaceID("pid")
	var own unix.Stat_t
	if err = errors.Join(err, unix.Stat("/proc/self/ns/pid", &own)); err == nil && theirs != own.Ino {
		return fmt.Errorf("process %d, which listens there, is in another one: %w", pid, errStranger)
	}
	return nil
}

// listener is the number of the process that made a listening socket, 0 where this process cannot see it.
func listener(ctx context.Context, path string) (int, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return unixpeer.PID(conn)
}
