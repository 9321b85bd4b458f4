package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"testbed/emulator/internal/shell"
)

// tunnel is a socket here that leads to an engine's socket on another machine: one ssh for all connections to it, as a
// connection each would meet sshd's MaxStartups, and take 0.3 s.
type tunnel struct {
	dir   string // nobody but this user gets in
	held  io.Closer
	path  string
	ssh   *exec.Cmd
	ended chan struct{}
	said  bytes.Buffer // by ssh; to be read once it has ended
	hold  io.Closer    // standard input of what ssh runs there
}

// tunnelDirs is what the names of tunnels' directories begin with.
const tunnelDirs = "tb-ssh-"

// longestTemporary is how long a directory's path may be for a socket in a directory there to have an address.
const longestTemporary = 60

// digging bounds how long ssh may take.
const digging = 30 * time.Second

// dig starts ssh and returns when its socket takes connections. Nobody is asked for a password, and what the user has
// configured for the host is heeded, but no shared connection.
func dig(ctx context.Context, to *url.URL, socket, temporary string, more []string) (t *tunnel, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, digging, fmt.Errorf("no connection by ssh in %v", digging))
	defer cancel()
	if len(temporary) > longestTemporary {
		temporary = ""
	}
	removeStale(temporary)
	dir, err := os.MkdirTemp(temporary, tunnelDirs+"*")
	if err != nil {
		return nil, err
	}
	held, err := hold(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	t = &tunnel{dir: dir, held: held, path: filepath.Join(dir, "docker.sock"), ended: make(chan struct{})}
	args := []string{"-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ControlMaster=no",
		"-o", "ControlPath=none", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4",
		"-o", "StreamLocalBindMask=0177", "-L", t.path + ":" + socket}
	if port := to.Port(); port != "" {
		args = append(args, "-p", port)
	}
	if user := to.User.Username(); user != "" {
		args = append(args, "-l", user)
	}
	// What it runs there ends with its input, and so does ssh when this program does, however that ends.
	args = append(args, more...)
	t.ssh = exec.Command("ssh", append(args, "--", to.Hostname(), "cat >/dev/null")...)
	t.ssh.Stderr = &t.said
	if t.hold, err = t.ssh.StdinPipe(); err == nil {
		err = t.ssh.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting ssh (apt-get install openssh-client): %w", err), os.RemoveAll(dir),
			held.Close())
	}
	go func() {
		_ = t.ssh.Wait() // what it says matters, not its status
		close(t.ended)
	}()
	if err := t.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: make `ssh %s docker info` work without a password, with a key "+
			"(ssh-copy-id) and a known host key", err, shell.Quote(to.Hostname())), t.close())
	}
	return t, nil
}

// wait returns when the socket is there.
func (t *tunnel) wait(ctx context.Context) error {
	for {
		if conn, err := net.Dial("unix", t.path); err == nil {
			conn.Close()
			return nil
		}
		select {
		case <-t.ended:
			return fmt.Errorf("ssh: %s", strings.TrimSpace(t.said.String()))
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// alive tells whether the way is still there; no tunnel needs none.
func (t *tunnel) alive() bool {
	if t == nil {
		return true
	}
	select {
	case <-t.ended:
		return false
	default:
		return true
	}
}

func (t *tunnel) close() error {
	t.hold.Close()
	_ = t.ssh.Process.Kill() // it may have ended
	<-t.ended
	return errors.Join(os.RemoveAll(t.dir), t.held.Close())
}
