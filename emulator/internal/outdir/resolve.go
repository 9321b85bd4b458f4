package outdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mostLinks is how many links in a path are followed, as in the Linux kernel.
const mostLinks = 40

// open opens a directory that a command line names, made if that is wanted.
func open(path string, create bool) (*Dir, error) {
	if path == "" {
		return nil, errors.New("the path of a directory is empty")
	}
	o := invoker()
	find := deepest
	if os.Geteuid() == 0 {
		find = func(path string) (*os.Root, []string, error) { return walk(path, o) }
	}
	root, missing, err := find(path)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 && !create {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, fs.ErrNotExist), root.Close())
	}
	for _, name := range missing {
		next, err := openSubdirectory(root, name, path, o, false)
		if err = errors.Join(err, root.Close()); err != nil {
			return nil, err
		}
		root = next
	}
	return &Dir{root, path, o}, nil
}

// deepest opens the deepest directory of a path that exists, and gives the names that are missing below it.
func deepest(path string) (*os.Root, []string, error) {
	var missing []string
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		root, err := os.OpenRoot(at)
		if err == nil {
			slices.Reverse(missing)
			return root, missing, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return nil, nil, failed(path, err)
		}
		missing = append(missing, filepath.Base(at))
	}
}

// walker follows a path from directory to directory, each one open.
type walker struct {
	path  string
	owner owner
	above []*os.Root // of which the last is where it stands
	left  []string   // names still to go, the next one first
	links int
}

// walk is deepest for root, who can be led astray: it follows a link only where it trusts who made it.
func walk(path string, o owner) (*os.Root, []string, error) {
	w := &walker{path: path, owner: o}
	defer w.close()
	if err := w.start(path); err != nil {
		return nil, nil, err
	}
	for len(w.left) > 0 {
		name := w.left[0]
		info, err := w.here().Lstat(name)
		switch {
		case name == "" || name == ".":
			w.left = w.left[1:]
			continue
		case name == "..":
			err = w.up()
		case errors.Is(err, fs.ErrNotExist):
			return w.end()
		case err == nil && info.Mode()&fs.ModeSymlink != 0:
			err = w.follow(name, info)
		case err == nil:
			err = w.down(name, info)
		}
		if err != nil {
			return nil, nil, failed(path, err)
		}
	}
	return w.end()
}

func (w *walker) here() *os.Root { return w.above[len(w.above)-1] }

// start begins anew where a path begins, and takes its names down as those to go first.
func (w *walker) start(path string) error {
	base := "."
	if filepath.IsAbs(path) {
		base = filepath.VolumeName(path) + string(filepath.Separator)
		path = path[len(filepath.VolumeName(path)):]
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return failed(w.path, err)
	}
	w.close()
	w.above = []*os.Root{root}
	w.left = append(strings.Split(filepath.ToSlash(path), "/"), w.left...)
	return nil
}

// up goes to the directory above, which at the beginning of a relative path is not open yet.
func (w *walker) up() error {
	w.left = w.left[1:]
	root := w.here()
	if len(w.above) == 1 {
		above, err := os.OpenRoot(filepath.Join(root.Name(), ".."))
		if err != nil {
			return err
		}
		w.above[0] = above
		return root.Close()
	}
	w.above = w.above[:len(w.above)-1]
	return root.Close()
}

func (w *walker) down(name string, info fs.FileInfo) error {
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", name)
	}
	root, err := w.here().OpenRoot(name)
	if err != nil {
		return err
	}
	w.above, w.left = append(w.above, root), w.left[1:]
	return same(root, info, w.path)
}

// follow puts the names of a link's target in the place of its own.
func (w *walker) follow(name string, info fs.FileInfo) error {
	if w.links++; w.links > mostLinks {
		return errors.New("too many symbolic links")
	}
	if by := maker(info); !w.owner.trusts(by) {
		return fmt.Errorf("%s is a symbolic link of user %d, which root does not follow: give the path that it leads to",
			name, by)
	}
	target, err := w.here().Readlink(name)
	if err != nil {
		return err
	}
	w.left = w.left[1:]
	if filepath.IsAbs(target) {
		return w.start(target)
	}
	w.left = append(strings.Split(filepath.ToSlash(target), "/"), w.left...)
	return nil
}

// end gives the directory where the walker stands away, and the names that are missing there.
func (w *walker) end() (*os.Root, []string, error) {
	var missing []string
	for _, name := range w.left {
		switch name {
		case "", ".":
		case "..":
			return nil, nil, fmt.Errorf("%s: %w", w.path, fs.ErrNotExist)
		default:
			missing = append(missing, name)
		}
	}
	root := w.here()
	w.above = w.above[:len(w.above)-1]
	return root, missing, nil
}

func (w *walker) close() {
	for _, root := range w.above {
		_ = root.Close()
	}
	w.above = nil
}
