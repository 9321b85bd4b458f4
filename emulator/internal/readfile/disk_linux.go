package readfile

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// pseudo are the file systems whose regular files are the kernel's: reading one may wait for ever, take
// messages away from others, or give no end of bytes (linux/magic.h: proc, sysfs, debugfs, tracefs, securityfs).
var pseudo = []int64{0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x73636673}

// onDisk fails where a file is the kernel's.
func onDisk(file *os.File) error {
	var on syscall.Statfs_t
	if err := syscall.Fstatfs(int(file.Fd()), &on); err != nil {
		return fmt.Errorf("%s: its file system: %w", file.Name(), err)
	}
	kind := int64(on.Type) //nolint:unconvert // it is of another width on other processors
	if slices.Contains(pseudo, kind) {
		return &fs.PathError{Op: "open", Path: file.Name(), Err: fmt.Errorf("%w: it is the kernel's", ErrNotRegular)}
	}
	return nil
}
