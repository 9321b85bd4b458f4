//go:build unix

package function

import (
	"os"
	"strconv"
	"syscall"
)

// nobody is the user and the group that own nothing.
const nobody = 65534

// Owner is the user, and his group, as whom a program of a directory is executed: who has called sudo, where the
// directory is his, and the program is his or root's; otherwise nobody. For a scenario that somebody else has written
// may name everybody's directories and programs. An empty path is not looked at.
func Owner(dir, program string) (uid, gid int, err error) {
	user, known := number(os.Getenv("SUDO_UID"))
	group, grouped := number(os.Getenv("SUDO_GID"))
	known = known && grouped
	for i, path := range []string{dir, program} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return 0, 0, err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		known = known && ok && (int(st.Uid) == user || i == 1 && st.Uid == 0)
	}
	if !known {
		return nobody, nobody, nil
	}
	return user, group, nil
}

// number reads that of a user or a group that is not root's.
func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil && n != 0
}
