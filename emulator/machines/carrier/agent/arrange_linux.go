package agent

import (
	"os"

	"golang.org/x/sys/unix"
)

// arrange prepares the agent's container for what a fabric needs: /dev/net/tun, and the kernel's settings, which the
// engine mounts read-only. Where that fails, what needs it says so.
func arrange() {
	if _, err := os.Lstat("/dev/net/tun"); err != nil {
		_ = os.MkdirAll("/dev/net", 0o755)
		_ = unix.Mknod("/dev/net/tun", unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200)))
	}
	_ = unix.Mount("", "/proc/sys", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_NODEV, "")
}
