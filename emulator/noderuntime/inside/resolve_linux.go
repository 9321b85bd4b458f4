package inside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// services are the directories with the sockets by which name services of the host answer: programs ask them
// before /etc/hosts, or instead of it, whatever network they are in, and none knows a testbed's nodes. What other
// services nsswitch.conf has asked for hosts, such as sssd, is not asked any more; they still know users.
var services = []string{
	"/run/nscd", "/var/run/nscd", "/var/cache/nscd", // the C library's cache is asked whatever nsswitch.conf says
	"/run/systemd/resolve", "/run/systemd/resolve.hook", "/run/systemd/machine", "/run/avahi-daemon",
}

const nsswitch = "/etc/nsswitch.conf"

// hidden is the mark that the directory mounted has, which says that all is done.
const hidden = "tb-hidden"

// HideNameServices keeps the host's name services out of the mount namespace that the calling thread is in, which must
// be a new one of a node's: an empty directory is over each one's, and names are looked up in /etc/hosts and then by
// DNS.
func HideNameServices() error {
	return errors.Join(HideLateServices(), hideOrder())
}

// HideLateServices hides those name services that have come up since the namespace was made.
func HideLateServices() error {
	for _, dir := range services {
		if err := hide(dir); err != nil {
			return fmt.Errorf("hiding the host's name service in %s: %w", dir, err)
		}
	}
	return nil
}

// hide mounts an empty directory over one that is there.
func hide(dir string) error {
	var at, above unix.Stat_t
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil // there is none
	}
	err = errors.Join(unix.Stat(real, &at), unix.Stat(filepath.Dir(real), &above))
	if err != nil || at.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil // it has just gone
	}
	if _, err := os.Lstat(filepath.Join(real, hidden)); err == nil && at.Dev != above.Dev {
		return nil
	}
	return cover(real)
}

// cover mounts a directory that holds nothing but the mark.
func cover(dir string) error {
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("tb-hidden", dir, "tmpfs", flags, "size=4k,nr_inodes=8,mode=755"); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		return err
	}
	if err := unix.Mkdir(filepath.Join(dir, hidden), 0o755); err != nil {
		return err
	}
	return unix.Mount("", dir, "", flags|unix.MS_REMOUNT|unix.MS_RDONLY, "")
}

// hideOrder puts over nsswitch.conf one that is the same but for where hosts are looked up.
func hideOrder() error {
	data, err := os.ReadFile(nsswitch)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a C library without it, or its default: dns, files
	}
	if err != nil {
		return err
	}
	order := lookUpInFiles(string(data))
	if order == string(data) {
		return nil
	}
	if err := coverFile(nsswitch, order); err != nil {
		return fmt.Errorf("having hosts looked up in /etc/hosts (%s): %w", nsswitch, err)
	}
	return nil
}

// hostsOrder is the line that a node has.
const hostsOrder = "hosts: files dns"

// lookUpInFiles changes the line of hosts of a nsswitch.conf.
func lookUpInFiles(text string) string {
	lines, found := strings.Split(text, "\n"), false
	for i, line := range lines {
		key, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.TrimSpace(key) != "hosts" {
			continue
		}
		if found = true; strings.Join(strings.Fields(rest), " ") != "files dns" {
			lines[i] = hostsOrder
		}
	}
	if !found {
		return strings.TrimRight(text, "\n") + "\n" + hostsOrder + "\n"
	}
	return strings.Join(lines, "\n")
}

// scratch are directories of which one is there on every system.
var scratch = []string{"/mnt", "/media", "/srv", "/tmp", "/run"}

// coverFile mounts a file in memory over one that is there. For a moment it needs a directory to make it in.
func coverFile(path, text string) (err error) {
	at := ""
	for _, dir := range scratch {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			at = dir
			break
		}
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("tb-file", at, "tmpfs", flags, "size=64k,nr_inodes=8,mode=755"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Unmount(at, unix.MNT_DETACH)) }()
	file := filepath.Join(at, filepath.Base(path))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(file, 0o644); err != nil { // whatever the umask
		return err
	}
	return unix.Mount(file, path, "", unix.MS_BIND, "")
}
