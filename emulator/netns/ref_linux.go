package netns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// Open opens the namespace. The error wraps ErrOther where what is at the path is another one, or this
// host's own, which is never entered.
func (r Ref) Open() (*os.File, error) {
	if r.Machine != "" {
		return nil, fmt.Errorf("network namespace %s of %s: %w", r.Path, r.Machine, ErrElsewhere)
	}
	file, err := r.open()
	if errors.Is(err, unix.ENXIO) { // a socket, by now
		err = fmt.Errorf("%w: this is no namespace (%w)", ErrOther, err)
	}
	if err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", r.Path, err)
	}
	if err := r.check(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("network namespace %s: %w", r.Path, err)
	}
	return file, nil
}

func (r Ref) open() (*os.File, error) {
	if r.Start == 0 {
		return os.OpenFile(r.Path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	}
	pid, err := processOf(r.Path)
	if err != nil {
		return nil, err
	}
	p, err := proc.OpenStarted(pid, r.Start)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Namespace("net")
}

// processOf is the number in /proc/NUMBER/ns/net.
func processOf(path string) (int, error) {
	text, ok := strings.CutPrefix(filepath.Clean(path), "/proc/")
	text, found := strings.CutSuffix(text, "/ns/net")
	pid, err := strconv.Atoi(text)
	if !ok || !found || err != nil {
		return 0, fmt.Errorf("%w: this is no process's", ErrOther)
	}
	return pid, nil
}

func (r Ref) check(file *os.File) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &fs); err != nil {
		return err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return fmt.Errorf("%w: this is no namespace", ErrOther)
	}
	inode, err := proc.Inode(file)
	if err != nil {
		return err
	}
	if r.Inode != 0 && inode != r.Inode {
		return fmt.Errorf("%w: number %d, not %d", ErrOther, inode, r.Inode)
	}
	if proc.IsHostNamespace("net", inode) {
		return fmt.Errorf("%w: it is this host's own, which is not entered", ErrOther)
	}
	return nil
}
