package station

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// variables are those of the namespace that a thread is in: its directory of IPv4, held open. See ipv4 for why.
type variables struct{ dir int }

// openVariables opens those of the namespace that the calling thread is in; the caller closes them.
func openVariables() (variables, error) {
	dir, err := unix.Open(ipv4, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return variables{}, &fs.PathError{Op: "open", Path: ipv4, Err: err}
	}
	return variables{dir}, nil
}

func (v variables) close() { _ = unix.Close(v.dir) }

// set is Sysctl.
func (v variables) set(key, value string) error {
	at := variable(key)
	path, below := strings.CutPrefix(at, ipv4+"/")
	if !below {
		return Sysctl(key, value)
	}
	fd, err := unix.Openat(v.dir, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("sysctl %s: %w", key, &fs.PathError{Op: "open", Path: at, Err: err})
	}
	return put(os.NewFile(uintptr(fd), at), key, value)
}
