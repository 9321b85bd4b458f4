package statefile

import (
	"io/fs"
	"os"
	"syscall"
)

// Owned tells whether a file is this process's user's.
func Owned(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
