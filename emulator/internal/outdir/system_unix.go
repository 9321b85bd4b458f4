//go:build unix

package outdir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// nonBlocking keeps opening a named pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

// setOwnerAndMode gives an open file that this program has made its owner and its mode, through the open file. File
// systems that have neither, such as FAT, leave both as they are.
func (o owner) setOwnerAndMode(f *os.File, mode fs.FileMode) error {
	if o.known {
		if err := f.Chown(o.uid, o.gid); err != nil && !unsupported(err) {
			return err
		}
	}
	if err := f.Chmod(mode); err != nil && !unsupported(err) {
		return err
	}
	return nil
}

func unsupported(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL)
}

// maker is the user to whom a file belongs.
func maker(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// names is how many names a file has.
func names(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // it is of another width on other systems
	}
	return 1
}
