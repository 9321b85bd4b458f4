package function

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// needs are the directories and files outside what is installed that a program needs, as far as that can be known of
// it: its directory; the program's own, with every link on the way there and, where it is the bin of an installation or
// a virtual environment, all of that; what its command names; what variables for paths name that the scenario sets; and
// the modules of Node.js beside its directory and above.
func needs(p *Program) []string {
	all := []string{p.Dir}
	all = append(all, programs(p.Path)...)
	for _, argument := range p.Command[1:] {
		if filepath.IsAbs(argument) {
			all = append(all, filepath.Clean(argument))
		}
	}
	for _, setting := range p.Env {
		name, value, _ := strings.Cut(setting, "=")
		if !strings.HasSuffix(name, "PATH") && !strings.HasSuffix(name, "HOME") && name != "VIRTUAL_ENV" {
			continue
		}
		for _, path := range filepath.SplitList(value) {
			if filepath.IsAbs(path) {
				all = append(all, filepath.Clean(path))
			}
		}
	}
	for dir := filepath.Dir(p.Dir); dir != "/"; dir = filepath.Dir(dir) {
		all = append(all, filepath.Join(dir, "node_modules"), filepath.Join(dir, "package.json"))
	}
	return all
}

// mostLinks bounds the links that a program is behind.
const mostLinks = 40

// programs are the directories of a program and of what it is a link to.
func programs(path string) (all []string) {
	for range mostLinks {
		all = append(all, installation(path)...)
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = filepath.Clean(target)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		all = append(all, installation(real)...)
	}
	return all
}

// installation is a program's directory or, where that is its bin, the whole installation; of a virtual environment of
// Python that on which it is based as well.
func installation(path string) []string {
	dir := filepath.Dir(path)
	prefix := filepath.Dir(dir)
	if filepath.Base(dir) != "bin" || slices.Contains(taken, prefix) || filepath.Dir(prefix) == "/home" {
		return []string{dir} // whoever keeps programs at home has other things there
	}
	if _, err := os.Stat(filepath.Join(prefix, "lib")); err != nil {
		return []string{dir}
	}
	all := []string{prefix}
	file, err := os.Open(filepath.Join(prefix, "pyvenv.cfg"))
	if err != nil {
		return all
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		if home := strings.TrimSpace(value); strings.TrimSpace(key) == "home" && filepath.IsAbs(home) {
			all = append(all, filepath.Dir(filepath.Clean(home)))
		}
	}
	return all
}

// taken are directories that are the instance's own, or nobody's: none of the host's is shown there.
var taken = []string{"/", "/proc", "/dev", "/sys", "/etc", "/run", "/var", "/tmp", "/var/tmp", "/home", "/root"}

// closed are directories of which nothing is shown at any depth: processes, devices, and the sockets over which the
// host does for a user what he says; not /run/media, where desktops mount what is plugged in.
var closed = []string{"/proc", "/dev", "/sys", "/run", "/var/run"}

// held are what a program needs, by path.
type held map[string]*os.File

// keep holds on to what a program needs and its user may reach: what he may not he does not see in his own root either.
func keep(p *Program) (held, error) {
	all := held{}
	before, err := asUser(p.UID, p.GID)
	if err != nil {
		return all, err
	}
	defer before()
	kept := append(slices.Clone(closed), p.Hide...)
	for _, path := range needs(p) {
		if all[path] != nil || shown(path) || slices.Contains(taken, path) {
			continue
		}
		file, err := hold(path, kept)
		switch own := path == p.Dir || path == filepath.Dir(p.Path); {
		case err == nil:
			all[path] = file
		case own && errors.Is(err, errClosed):
			return all, err
		case own && errors.Is(err, fs.ErrPermission):
			return all, unreached(p.UID, path)
		}
	}
	return all, nil
}

var errClosed = errors.New("functions see nothing of /proc, /dev, /sys, /run and what testbed hides, nor of " +
	"directories below /tmp that hold sockets: move it to another directory")

// hold opens what is at a path, unless that, wherever links have led, is closed.
func hold(path string, closed []string) (*os.File, error) {
	file, err := os.OpenFile(path, unix.O_PATH, 0)
	if err != nil {
		return nil, err
	}
	real, err := os.Readlink(self(file))
	if err == nil && (within(path, "/proc") || isClosed(real, closed) || sockets(self(file), real)) {
		err = fmt.Errorf("%s, which is %s: %w", path, real, errClosed)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// self is a path of what this process has opened.
func self(file *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", file.Fd()) }

func isClosed(real string, closed []string) bool {
	for _, dir := range closed {
		if within(real, dir) {
			return !within(real, "/run/media")
		}
	}
	return slices.Contains(taken, real)
}

// sockets says whether a directory below one for temporary files has sockets: there terminals and agents keep theirs,
// each in a directory of its own.
func sockets(held, real string) bool {
	if !within(real, "/tmp") && !within(real, "/var/tmp") {
		return false
	}
	entries, _ := os.ReadDir(held)
	for _, e := range entries {
		if e.Type() == fs.ModeSocket {
			return true
		}
	}
	return false
}

// asUser lets this thread open files with another user's rights alone, until the function that it returns is called.
func asUser(uid, gid int) (back func(), err error) {
	_, _ = unix.SetfsgidRetGid(gid)
	_, _ = unix.SetfsuidRetUid(uid)
	now, err := unix.SetfsuidRetUid(-1)
	if err == nil && now != uid {
		err = fmt.Errorf("opening files as user %d: %w", uid, fs.ErrPermission)
	}
	return func() {
		_, _ = unix.SetfsuidRetUid(0)
		_, _ = unix.SetfsgidRetGid(0)
	}, err
}

// show shows what was held, those above first: what is below them is there then.
func (h held) show() error {
	paths := make([]string, 0, len(h))
	for path := range h {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if _, err := os.Lstat(filepath.Join(base, path)); err == nil {
			continue // with what is above it
		}
		info, err := h[path].Stat()
		if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			continue
		}
		if err == nil {
			err = bind(self(h[path]), filepath.Join(base, path), info.IsDir())
		}
		if err != nil {
			return fmt.Errorf("showing %s: %w", path, err)
		}
	}
	return nil
}

func (h held) close() {
	for _, file := range h {
		_ = file.Close()
	}
}
