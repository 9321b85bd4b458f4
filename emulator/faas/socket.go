package faas

import (
	"context"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// controlMode is the control socket's mode: whoever can connect to it controls the node.
const controlMode = 0o600

// listenControl listens at a path, where a socket may be left from an agent that died. The socket has
// controlMode from the moment it exists, whatever the umask.
func listenControl(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return narrow(c) }}
	l, err := listen.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	// The umask may have taken the owner's bits away as well; other systems narrow it only here.
	info, err := os.Lstat(path)
	if err == nil && info.Mode().Perm() != controlMode {
		err = os.Chmod(path, controlMode)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
