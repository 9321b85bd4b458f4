//go:build !unix

package function

// Owner fails: this system has no users by number.
func Owner(_, _ string) (uid, gid int, err error) { return 0, 0, ErrNotSupported }
