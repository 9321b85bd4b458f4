package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/catalogue"
	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/orchestrator"
)

// trySystem does to throwaway namespaces what bringing a testbed up does to those of a testbed's nodes.
func trySystem(needs []catalogue.Trial) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("mount -t proc proc /proc: %w", err)
	}
	missing, err := missingCapabilities(string(status))
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 || len(missing) > 0 {
		return fmt.Errorf("effective user %d lacks %v: run testbed with sudo, outside of an unprivileged container",
			os.Geteuid(), missing)
	}
	err = inScratch(unix.CLONE_NEWNET, func() error { return tryStation(needs) })
	if slices.Contains(needs, catalogue.Mounts) {
		err = errors.Join(err, inScratch(unix.CLONE_NEWNS|unix.CLONE_NEWUTS|unix.CLONE_NEWNET, tryMounts))
	}
	return err
}

// tryStation gives the namespace of the calling thread an interface, as the fabric does, and settles it.
func tryStation(needs []catalogue.Trial) error {
	s := fabric.Station{Sysctls: orchestrator.TCP{Congestion: congestionHere()}.Sysctls()}
	if err := station.Settle(false); err != nil {
		return sysctlError(err)
	}
	if err := station.Tune(s); err != nil {
		return sysctlError(err)
	}
	if slices.Contains(needs, catalogue.Veth) {
		if _, err := addPair(); err != nil {
			return fmt.Errorf("adding a veth pair: %w; modprobe veth", err)
		}
	}
	if slices.Contains(needs, catalogue.TAP) {
		return tryTap()
	}
	return nil
}

func sysctlError(err error) error {
	const remedy = "is /proc/sys read-only? mount -o remount,rw /proc/sys"
	return fmt.Errorf("setting what a station's namespace gets: %w; %s", err, remedy)
}

// congestionHere is the congestion control that a new namespace has: any other may need the host's list extended.
func congestionHere() string {
	data, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		return "cubic"
	}
	return strings.TrimSpace(string(data))
}

// tryTap adds a TAP device to the namespace of the calling thread. Where the device file is missing, the fabric makes
// it, which is tried beside its place: a file system may forbid devices.
func tryTap() error {
	path := tunFile
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(path)
		if os.Mkdir(dir, 0o755) == nil {
			defer func() { _ = os.Remove(dir) }()
		}
		path = filepath.Join(dir, ".tb-doctor")
		if err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200))); err != nil {
			return fmt.Errorf("%s is missing and cannot be made: %w; modprobe tun", tunFile, err)
		}
		defer func() { _ = os.Remove(path) }()
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w; modprobe tun; a container needs --device %s, and /dev must not be mounted with nodev",
			tunFile, err, tunFile)
	}
	defer unix.Close(fd)
	return addTap(fd)
}

// tryMounts does what a node that is a process does to its mount namespace, and what the orchestrator does to
// the state directory.
func tryMounts() error {
	const remedy = "run testbed with sudo, outside of an unprivileged container"
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w; %s", err, remedy)
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("tb-nodes", "/tmp", "tmpfs", flags, "size=65536,mode=0700"); err != nil {
		return fmt.Errorf("mounting a file system in memory: %w; %s", err, remedy)
	}
	hosts := "/tmp/tb-doctor-hosts"
	if err := os.WriteFile(hosts, nil, 0o600); err != nil {
		return err
	}
	if err := unix.Mount(hosts, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("putting a file over /etc/hosts: %w; %s", err, remedy)
	}
	return nil
}
