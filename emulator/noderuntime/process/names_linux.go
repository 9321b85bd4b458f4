package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/noderuntime"
)

// madeHere is the mode of a directory of names that this package made. The sticky bit, which has no effect
// there, tells a later process that it may remove it; a crash cannot come between the directory and its mode.
const madeHere = 0o755 | fs.ModeSticky

// target is what every name points to.
var target = regexp.MustCompile(`^/proc/[0-9]+/ns/net$`)

func namePath(dir, testbed, node string) string {
	return filepath.Join(dir, namePrefix(testbed)+node)
}

func namePrefix(testbed string) string { return "tb-" + testbed + "." }

// addNames makes a symbolic link for each node's network namespace.
func addNames(dir string, nodes []noderuntime.Node) error {
	if dir == "" {
		return nil
	}
	for _, n := range nodes {
		if err := addName(dir, n); err != nil {
			return fmt.Errorf("naming the network namespace of %s: %w", n.Node, err)
		}
	}
	return nil
}

func addName(dir string, n noderuntime.Node) error {
	link := namePath(dir, n.Testbed, n.Node)
	for attempt := 0; ; attempt++ {
		err := os.Symlink(n.NetNS, link)
		switch {
		case err == nil || attempt == 3:
			return err
		case errors.Is(err, fs.ErrExist) && isName(link): // of a node that is gone
			err = os.Remove(link)
		case errors.Is(err, fs.ErrNotExist): // or another testbed's Remove took it away just now
			err = os.Mkdir(dir, madeHere)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// isName tells whether path is a link as addNames makes them.
func isName(path string) bool {
	to, err := os.Readlink(path)
	return err == nil && target.MatchString(to)
}

// removeNames removes the names of a testbed's nodes, also of those that nobody knows any more, and the
// directory once it is empty, if this package made it.
func removeNames(dir, testbed string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var failed []error
	for _, e := range entries {
		if node, ours := strings.CutPrefix(e.Name(), namePrefix(testbed)); ours {
			failed = append(failed, removeName(dir, testbed, node))
		}
	}
	return errors.Join(append(failed, removeNamesDir(dir))...)
}

func removeName(dir, testbed, node string) error {
	link := namePath(dir, testbed, node)
	if dir == "" || !isName(link) {
		return nil
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func removeNamesDir(dir string) error {
	if dir == "" {
		return nil
	}
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
