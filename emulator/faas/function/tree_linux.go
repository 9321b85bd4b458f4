package function

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What of the host's file system an instance sees, besides what it needs (see needs): programs and libraries as the
// distribution installs them; of /etc what these read, and nothing that could be secret; devices without a device.
var (
	installedIn = []string{"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu"}
	configured  = []string{
		"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "passwd", "group", "nsswitch.conf", "hosts", "host.conf", "gai.conf",
		"resolv.conf", "hostname", "localtime", "timezone", "protocols", "services", "ssl/certs", "ssl/openssl.cnf", "pki",
		"ca-certificates", "crypto-policies", "alternatives", "mime.types", "magic", "python*", "java*", "perl", "php*",
		"ruby*", "R", "fonts", "OpenCL", "ImageMagick*", "os-release", "debian_version", "locale*",
	}
	devices = []string{"null", "zero", "full", "random", "urandom", "tty"}
)

// scratched are the directories that an instance may write to.
var scratched = []string{"/tmp", "/var/tmp", "/dev/shm"}

// scratch is the size of the instance's /tmp, in bytes, where its memory is not less.
const scratch = 64 << 20

// base is where the instance's file system is put together, before it becomes the root.
const base = "/tmp"

const (
	unprivileged = unix.MS_NOSUID | unix.MS_NODEV
	treeSize     = "mode=755,size=4m" // directories and empty files alone
)

// isolate gives the instance a file system of its own: what is installed, what it needs, both read-only; a bounded
// /tmp, /var/tmp and /dev/shm; a /proc that has nothing but itself; and nothing else of the host's.
func isolate(p *Program) error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	needed, err := keep(p) // before anything is covered
	defer needed.close()
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", base, "tmpfs", unprivileged, treeSize); err != nil {
		return fmt.Errorf("mounting a root: %w", err)
	}
	for _, step := range []func() error{
		showInstalled, showConfigured, showDevices, func() error { return makeWritable(p) }, needed.show,
		func() error { return hide(p) },
		func() error { return remount(base, unix.MS_RDONLY|unprivileged) },
		enter,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// showInstalled shows what the distribution has installed.
func showInstalled() error {
	for _, name := range installedIn {
		from, to := "/"+name, filepath.Join(base, name)
		info, err := os.Lstat(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().Type() == fs.ModeSymlink { // /bin is /usr/bin
			var target string
			if target, err = os.Readlink(from); err == nil {
				err = os.Symlink(target, to)
			}
		} else if err == nil {
			err = bind(from, to, info.IsDir())
		}
		if err != nil {
			return fmt.Errorf("showing %s: %w", from, err)
		}
	}
	return nil
}

// showConfigured shows what everybody may read of what programs are configured with.
func showConfigured() error {
	if err := os.Mkdir(filepath.Join(base, "etc"), 0o755); err != nil {
		return err
	}
	for _, pattern := range configured {
		found, err := filepath.Glob("/etc/" + pattern)
		if err != nil {
			return err
		}
		for _, from := range found {
			info, err := os.Stat(from)
			if err != nil || info.Mode().Perm()&0o004 == 0 { // a link to nowhere, or nobody's business
				continue
			}
			if err := bind(from, filepath.Join(base, from), info.IsDir()); err != nil {
				return fmt.Errorf("showing %s: %w", from, err)
			}
		}
	}
	return nil
}

// showDevices shows those that are no hardware.
func showDevices() error {
	dev := filepath.Join(base, "dev")
	if err := os.Mkdir(dev, 0o755); err != nil {
		return err
	}
	for _, name := range devices {
		if _, err := os.Stat("/dev/" + name); err != nil {
			continue
		}
		if err := bindAs("/dev/"+name, filepath.Join(dev, name), false, unix.MS_NOSUID); err != nil {
			return fmt.Errorf("showing /dev/%s: %w", name, err)
		}
	}
	for name, target := range map[string]string{"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"} {
		if err := os.Symlink("/proc/self/fd"+target, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}

// makeWritable mounts what the instance has to itself.
func makeWritable(p *Program) error {
	if err := mountAt("proc", "/proc", "proc", unprivileged|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	size := int64(scratch)
	if p.Memory > 0 {
		size = min(size, p.Memory)
	}
	for _, dir := range scratched {
		if err := mountAt("tmpfs", dir, "tmpfs", unprivileged, fmt.Sprintf("mode=1777,size=%d", size)); err != nil {
			return err
		}
	}
	return mountAt("tmpfs", "/run", "tmpfs", unprivileged|unix.MS_NOEXEC, "mode=755,size=64k")
}

// mountAt mounts in the instance's file system, where there is room for it.
func mountAt(source, at, kind string, flags uintptr, options string) error {
	to := filepath.Join(base, at)
	err := os.MkdirAll(to, 0o755)
	if err == nil {
		err = unix.Mount(source, to, kind, flags, options)
	}
	if err != nil {
		return fmt.Errorf("mounting %s: %w", at, err)
	}
	return nil
}

// bind shows a file or a directory, with all below it, read-only and without devices.
func bind(from, to string, dir bool) error { return bindAs(from, to, dir, unprivileged) }

// bindAs shows it read-only, with flags besides, which are NOSUID or NODEV.
func bindAs(from, to string, dir bool, flags uintptr) error {
	err := os.MkdirAll(filepath.Dir(to), 0o755)
	if err == nil && dir {
		err = os.MkdirAll(to, 0o755)
	} else if err == nil {
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	readOnly := unix.MountAttr{Attr_set: uint64(unix.MS_RDONLY | flags)} // attributes are the same bits
	err = unix.MountSetattr(-1, to, unix.AT_RECURSIVE, &readOnly)
	if errors.Is(err, unix.ENOSYS) { // before Linux 5.12: what is mounted below it is left to its user's rights
		return remount(to, unix.MS_BIND|unix.MS_RDONLY|flags)
	}
	return err
}

func remount(at string, flags uintptr) error {
	if err := unix.Mount("none", at, "", unix.MS_REMOUNT|flags, ""); err != nil {
		return fmt.Errorf("making %s read-only: %w", at, err)
	}
	return nil
}

// hide covers directories of which the instance is to see nothing, where it would see them.
func hide(p *Program) error {
	for _, dir := range p.Hide {
		to := filepath.Join(base, dir)
		if info, err := os.Lstat(to); err != nil || !info.IsDir() {
			continue
		}
		err := unix.Mount("tmpfs", to, "tmpfs", unprivileged|unix.MS_NOEXEC|unix.MS_RDONLY, "mode=000,size=4k")
		if err != nil {
			return fmt.Errorf("hiding %s: %w", dir, err)
		}
	}
	return nil
}

// enter makes what was put together the root, and lets go of the host's.
func enter() error {
	if err := os.Chdir(base); err != nil {
		return err
	}
	err := unix.PivotRoot(".", ".")
	switch {
	case err == nil:
		err = unix.Unmount(".", unix.MNT_DETACH)
	case errors.Is(err, unix.EINVAL): // the host's root is the kernel's first one, which stays
		if err = unix.Mount(".", "/", "", unix.MS_MOVE, ""); err == nil {
			err = unix.Chroot(".")
		}
	}
	if err == nil {
		err = os.Chdir("/")
	}
	if err != nil {
		return fmt.Errorf("entering a root of its own: %w", err)
	}
	return nil
}

// within says whether a path is a directory or below it, both of them clean and the directory not /.
func within(path, dir string) bool {
	return strings.HasPrefix(path, dir) && (len(path) == len(dir) || path[len(dir)] == '/')
}

// shown says whether an instance sees a path anyhow.
func shown(path string) bool {
	return slices.ContainsFunc(installedIn, func(name string) bool { return within(path, "/"+name) })
}
