//go:build unix

package function

import (
	"os"
	"syscall"
)

// nobody is the user and the group that own nothing.
const nobody = 65534

// Owner is the user, and his group, as whom programs of a directory are executed: its owner, or nobody where that is
// root.
func Owner(dir string) (uid, gid int, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, 0, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
		uid, gid = int(st.Uid), int(st.Gid)
		if gid == 0 {
			gid = nobody
		}
		return uid, gid, nil
	}
	return nobody, nobody, nil
}
