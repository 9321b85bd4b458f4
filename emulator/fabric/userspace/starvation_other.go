//go:build !linux

package userspace

// starvation is not known on this system.
type starvation struct{}

func (*starvation) open()       {}
func (*starvation) read() int64 { return 0 }
