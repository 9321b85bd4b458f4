package readfile

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
)

// special makes what is no regular file, and names files of the kernel's that look like one.
func special(t *testing.T, dir string) []string {
	t.Helper()
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "s")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return []string{pipe, socket, "/dev/zero", "/dev/full", "/proc/self/maps", "/proc/version"}
}
