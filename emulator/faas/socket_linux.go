package faas

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// narrow gives a socket that is not bound yet the mode of the file that bind will make.
func narrow(c syscall.RawConn) error {
	var err error
	if failed := c.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), controlMode) }); failed != nil {
		return failed
	}
	return err
}
