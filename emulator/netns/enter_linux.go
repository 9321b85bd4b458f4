package netns

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Enter moves the calling thread into the namespace for good: run it by proc.OnSpareThread. The file is the
// namespace's; the caller closes it.
func Enter(r Ref) (*os.File, error) {
	file, err := r.Open()
	if err != nil {
		return nil, err
	}
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		file.Close()
		return nil, fmt.Errorf("enter network namespace %s: %w", r.Path, err)
	}
	return file, nil
}
