package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// What a node's directory may hold, where it runs an image of the user's own: a control socket and little else. Without
// a bound a program in it could fill the machine's /run, memory at that. boundSource is by what such mounts are known.
const (
	boundSource  = "tb-nodes"
	boundOptions = "size=256k,nr_inodes=64,mode=0700"
	boundFlags   = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
)

// BoundDir puts a file system of bounded size over a node's directory: in this process's mount namespace, and in that
// of the engine's machine where it is another one. It may be repeated.
func (r *Runtime) BoundDir(ctx context.Context, dir string) error {
	files, err := r.files(ctx)
	if err != nil {
		return err
	}
	if files != nil {
		defer files.Close()
	}
	if err := boundDir(dir, files); err != nil {
		return fmt.Errorf("%s: a file system of bounded size: %w", dir, err)
	}
	return nil
}

// UnboundDirs removes all that BoundDir has put below a directory.
func (r *Runtime) UnboundDirs(ctx context.Context, below string) error {
	files, err := r.files(ctx)
	if err != nil {
		return err
	}
	if files != nil {
		defer files.Close()
	}
	return unboundDirs(below, files)
}

// boundDir mounts once, and has the same file system in the other namespace.
func boundDir(dir string, files *os.File) error {
	if mounted, err := boundBelow(dir); err != nil || len(mounted) > 0 {
		return err
	}
	if err := unix.Mount(boundSource, dir, "tmpfs", boundFlags, boundOptions); err != nil {
		return err
	}
	if files == nil {
		return nil
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err == nil {
		err = inNamespace(files, func() error {
			return unix.MoveMount(tree, "", unix.AT_FDCWD, dir, unix.MOVE_MOUNT_F_EMPTY_PATH)
		})
		unix.Close(tree)
	}
	if err != nil { // what only one of them had would hide the node from the other
		err = errors.Join(err, unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW))
	}
	return err
}

func unboundDirs(below string, files *os.File) error {
	err := unbind(below)
	if files != nil {
		err = errors.Join(err, inNamespace(files, func() error { return unbind(below) }))
	}
	return err
}

// unbind unmounts what of BoundDir's is below a directory, in the thread's namespace.
func unbind(below string) error {
	for {
		mounted, err := boundBelow(below)
		if err != nil || len(mounted) == 0 {
			return err
		}
		for _, dir := range mounted {
			if err := unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
				return fmt.Errorf("unmounting %s: %w", dir, err)
			}
		}
	}
}

// boundBelow lists what of BoundDir's is mounted at a directory or below it, in the thread's namespace.
func boundBelow(dir string) (mounted []string, err error) {
	text, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return nil, err
	}
	dir = filepath.Clean(dir)
	for line := range strings.Lines(string(text)) {
		before, after, ok := strings.Cut(line, " - ")
		fields, source := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(source) < 2 || source[0] != "tmpfs" || source[1] != boundSource {
			continue
		}
		at := unescape.Replace(fields[4])
		if at == dir || strings.HasPrefix(at, dir+"/") {
			mounted = append(mounted, at)
		}
	}
	return mounted, nil
}

// unescape reads paths as the kernel writes them there.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// inNamespace runs f on a thread that is in a mount namespace.
func inNamespace(files *os.File, f func() error) error {
	return proc.OnSpareThread(func() error {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		if err := unix.Setns(int(files.Fd()), unix.CLONE_NEWNS); err != nil {
			return fmt.Errorf("entering the machine's mount namespace: %w", err)
		}
		return f()
	})
}
