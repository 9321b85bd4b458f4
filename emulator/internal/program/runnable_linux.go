package program

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// runnable fails where a file cannot be executed, as on a file system that is mounted noexec.
func runnable(path string) error {
	if err := unix.Access(path, unix.X_OK); err != nil {
		return fmt.Errorf("executing %s: %w", path, err)
	}
	return nil
}
