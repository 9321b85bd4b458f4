package orchestrator

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// What the nodes' directories may hold together, where nodes run images of the user's own: a control socket each,
// and little else. Without a bound a program in a node could fill the host's /run, memory at that.
const (
	nodesBase    = 1 << 20
	nodesPerNode = 64 << 10
)

// boundNodes puts a file system of bounded size over the directory of a testbed's nodes. It grants nothing by
// the files that nodes leave there.
func (s Store) boundNodes(testbed string, nodes int) error {
	dir := s.nodesDir(testbed)
	size := fmt.Sprintf("size=%d,nr_inodes=%d,mode=0700", nodesBase+nodes*nodesPerNode, 64+16*nodes)
	if err := unix.Mount("tb-nodes", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, size); err != nil {
		return fmt.Errorf("%s: a file system of bounded size: %w", dir, err)
	}
	return nil
}

// reboundNodes gives that file system the size for another number of nodes.
func (s Store) reboundNodes(testbed string, nodes int) error {
	dir := s.nodesDir(testbed)
	size := fmt.Sprintf("size=%d,nr_inodes=%d", nodesBase+nodes*nodesPerNode, 64+16*nodes)
	err := unix.Mount("tb-nodes", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, size)
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%s: nothing bounds what nodes write there, and nodes that run images of the user's own "+
			"are to have a bound: take the testbed down and bring it up with them", dir)
	}
	if err != nil {
		return fmt.Errorf("%s: a file system of bounded size: %w", dir, err)
	}
	return nil
}

// unboundNodes removes what boundNodes put there, however often.
func (s Store) unboundNodes(testbed string) error {
	dir, err := filepath.EvalSymlinks(s.nodesDir(testbed))
	if err != nil {
		return nil // there is none
	}
	for {
		err := unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPERM) {
			return nil // nothing is mounted there, or this user cannot have mounted it
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
}
