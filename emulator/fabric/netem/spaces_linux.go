package netem

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// spacesDir is, in a testbed's directory, where its namespaces are mounted. Nobody but root can put anything
// there, and nobody but this fabric does, so that what is there is this testbed's: a name in /run/netns, where
// others put theirs, would prove nothing. The names there are links, for `ip netns`.
const spacesDir = "netns"

// prefix begins the names of a testbed's namespaces for `ip netns`. No node's name has it: there a dot follows.
func prefix(testbed string) string { return "tb-" + testbed + "~" }

// spacePath is where a namespace is mounted.
func (f *Fabric) spacePath(name string) string { return filepath.Join(f.dir, spacesDir, name) }

// isOurs tells whether a link leads to one of the testbed's namespaces.
func (f *Fabric) isOurs(target string) bool {
	return strings.HasPrefix(target, filepath.Join(f.dir, spacesDir)+string(filepath.Separator))
}

// makeSpaces makes the namespaces of a layout that are missing, and removes those that are the testbed's and not the
// layout's.
func (f *Fabric) makeSpaces(l *layout) error {
	there, err := f.mounted()
	failed := []error{err}
	wanted := map[string]bool{}
	for i := range l.spaces {
		if s := &l.spaces[i]; s.station < 0 {
			wanted[s.name] = true
			if err := f.makeSpace(s.name); err != nil {
				failed = append(failed, err)
			}
		}
	}
	for _, name := range there {
		if !wanted[name] {
			failed = append(failed, f.removeSpace(name))
		}
	}
	named := func(name string) bool {
		own, ours := strings.CutPrefix(name, prefix(f.testbed))
		return ours && !wanted[own]
	}
	return errors.Join(append(failed, netns.RemoveNames(f.names, named, f.isOurs))...)
}

// makeSpace makes a namespace that forwards, mounts it and names it, as far as that is not done.
func (f *Fabric) makeSpace(name string) error {
	path := f.spacePath(name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil && !isNamespace(path) {
		if err = f.removeSpace(name); err == nil { // what is left where somebody has unmounted it
			err = proc.OnSpareThread(func() error { return mountNew(path) })
		}
	}
	if at, e := os.Readlink(filepath.Join(f.names, prefix(f.testbed)+name)); err == nil && (e != nil || at != path) {
		err = netns.AddName(f.names, prefix(f.testbed)+name, path, f.isOurs)
	}
	if err != nil {
		return fmt.Errorf("make network namespace %s: %w", name, err)
	}
	return nil
}

// isNamespace tells whether a namespace is mounted at path.
func isNamespace(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && fs.Type == unix.NSFS_MAGIC
}

// mountNew moves the calling thread into a new namespace, sets its variables, and mounts it at path.
func mountNew(path string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := setOwnVariables(); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return unix.Mount(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), path, "", unix.MS_BIND, "")
}

// forwarding are the variables of the fabric's own namespaces: they forward, and answer every probe of a
// traceroute.
var forwarding = func() map[string]string {
	all := map[string]string{
		"net/ipv4/ip_forward": "1", "net/ipv4/icmp_ratelimit": "0", "net/ipv4/icmp_ratemask": "0",
	}
	if hasSix() {
		all["net/ipv6/conf/all/forwarding"], all["net/ipv6/icmp/ratelimit"] = "1", "0"
	}
	return all
}()

// setOwnVariables sets the variables of one of the fabric's own namespaces, which the calling thread is in.
func setOwnVariables() error {
	return errors.Join(station.Settle(true), station.Tune(fabric.Station{Sysctls: forwarding}))
}

// mounted lists the testbed's namespaces.
func (f *Fabric) mounted() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, spacesDir))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// removeSpace removes a namespace of the testbed's. One that is gone is as good.
func (f *Fabric) removeSpace(name string) error {
	path := f.spacePath(name)
	err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	if err == nil || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove network namespace %s: %w", name, err)
	}
	return nil
}

// removeSpaces removes the testbed's namespaces and their names, as far as it can.
func (f *Fabric) removeSpaces() error {
	names, err := f.mounted()
	failed := []error{err}
	for _, name := range names {
		failed = append(failed, f.removeSpace(name))
	}
	err = os.Remove(filepath.Join(f.dir, spacesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		failed = append(failed, err)
	}
	named := func(name string) bool { return strings.HasPrefix(name, prefix(f.testbed)) }
	return errors.Join(append(failed, netns.RemoveNames(f.names, named, f.isOurs))...)
}
