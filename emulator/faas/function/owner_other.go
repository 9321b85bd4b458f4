//go:build !unix

package function

// Owner fails: this system has no users by number.
func Owner(string) (uid, gid int, err error) { return 0, 0, ErrNotSupported }
