package userspace

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
)

func TestSupportedDoesWhatStationsNeed(t *testing.T) {
	testenv.Privileged(t)
	if err := Supported(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestUnusableDeviceIsRefused: each in a mount namespace of its own, of which the host sees nothing.
func TestUnusableDeviceIsRefused(t *testing.T) {
	testenv.Privileged(t)
	tmpfs := func(flags uintptr) func() error {
		return func() error { return unix.Mount("tmpfs", "/dev/net", "tmpfs", flags, "") }
	}
	with := func(mode uint32, device uint64) func() error {
		return func() error {
			return errors.Join(tmpfs(0)(), unix.Mknod(tunPath, mode, int(device)))
		}
	}
	for name, c := range map[string]struct {
		spoil func() error
		works bool
	}{
		"no device file":            {tmpfs(0), true},
		"no device files here":      {tmpfs(unix.MS_NODEV), false},
		"read-only, and none":       {tmpfs(unix.MS_RDONLY), false},
		"a plain file":              {with(unix.S_IFREG|0o600, 0), false},
		"another device":            {with(unix.S_IFCHR|0o600, unix.Mkdev(1, 3)), false},
		"a device without a driver": {with(unix.S_IFCHR|0o600, unix.Mkdev(10, 254)), false},
		"read-only variables": {func() error {
			return errors.Join(unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND, ""),
				unix.Mount("", "/proc/sys", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		}, false},
	} {
		var before, after []string
		err := proc.OnSpareThread(func() error {
			if err := errors.Join(unix.Unshare(unix.CLONE_NEWNS|unix.CLONE_FS),
				unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), c.spoil()); err != nil {
				t.Errorf("%s: %v", name, err)
				return nil
			}
			before = list(t)
			err := try()
			after = list(t)
			return err
		})
		if (err == nil) != c.works {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Join(before, " ") != strings.Join(after, " ") {
			t.Errorf("%s: %q before, %q after", name, before, after)
		}
		t.Logf("%s: %v", name, err)
	}
	if err := Supported(t.Context()); errors.Is(err, fabric.ErrNotSupported) {
		t.Error(err)
	}
}

func list(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/dev/net")
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
