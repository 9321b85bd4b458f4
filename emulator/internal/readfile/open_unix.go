//go:build unix

package readfile

import (
	"os"
	"syscall"
)

// open does not wait for a writer where a pipe has taken the file's place in the meantime.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}
