package outdir

import (
	"os"
	"strconv"
)

// owner is who gets what root makes.
type owner struct {
	uid, gid int
	known    bool // false: whoever runs the program
}

// invoker is the user who has called sudo, where the program runs as root and sudo says so.
func invoker() owner {
	if os.Geteuid() != 0 {
		return owner{}
	}
	uid, one := parseID(os.Getenv("SUDO_UID"))
	gid, other := parseID(os.Getenv("SUDO_GID"))
	if !one || !other {
		return owner{}
	}
	return owner{uid, gid, true}
}

// parseID reads the number of a user or a group as sudo writes it: decimal, without sign or leading zeros.
// The largest one means "unchanged" to the kernel, and is nobody's.
func parseID(text string) (int, bool) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil || strconv.FormatUint(id, 10) != text || id == 1<<32-1 {
		return 0, false
	}
	return int(id), true
}

// trusts says whether a link that a user has made may lead root to where results go.
func (o owner) trusts(uid int) bool { return uid == 0 || o.known && uid == o.uid }
