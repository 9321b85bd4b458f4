package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// madeHere is the mode of a directory of names that this program made. The sticky bit, which has no effect
// there, tells a later process that it may remove it; a crash cannot come between the directory and its mode.
const madeHere = 0o755 | fs.ModeSticky

// AddName makes name, in a directory of names, a symbolic link to a namespace. One that is there already is
// replaced where ours says, by the link's target, that it is this program's; else that is an error.
func AddName(dir, name, target string, ours func(target string) bool) error {
	link := filepath.Join(dir, name)
	for attempt := 0; ; attempt++ {
		err := os.Symlink(target, link)
		switch {
		case err == nil || attempt == 3:
			return err
		case errors.Is(err, fs.ErrExist) && leadsToOurs(link, ours): // of what is gone
			err = os.Remove(link)
		case errors.Is(err, fs.ErrNotExist): // or another testbed's RemoveNames took it away just now
			err = makeNames(dir)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// makeNames makes the directory, with its mode whatever the umask.
func makeNames(dir string) error {
	if err := os.Mkdir(dir, madeHere); err != nil {
		return err
	}
	return os.Chmod(dir, madeHere)
}

func leadsToOurs(link string, ours func(target string) bool) bool {
	to, err := os.Readlink(link)
	return err == nil && ours(to)
}

// RemoveNames removes the links of a directory that are ours by name and target, and the directory once it is
// empty, if this package made it. What is no symbolic link stays.
func RemoveNames(dir string, named func(name string) bool, ours func(target string) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	failed := []error{err}
	for _, e := range entries {
		link := filepath.Join(dir, e.Name())
		if !named(e.Name()) || !leadsToOurs(link, ours) {
			continue
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(append(failed, removeDir(dir))...)
}

func removeDir(dir string) error {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || info.Mode()&fs.ModeSticky == 0 {
		return nil
	}
	err := unix.Rmdir(dir)
	switch err {
	case nil, unix.ENOENT, unix.ENOTEMPTY, unix.EEXIST, unix.EBUSY: // others use it
		return nil
	}
	return fmt.Errorf("%s: %w", dir, err)
}
