// Package outdir writes results where others may have written before: a run's directory, a campaign's, the
// directory of a file that a command line names. This program often runs as root, and the directory may be
// another user's, who can put a link there at any moment. So everything is done relative to an open directory,
// and nothing below it is reached through a link:
//
//   - a file is written under a temporary name and renamed, so that a reader sees the old one or the new one,
//     and a link or a second name of the old one never leads anywhere;
//   - files and directories have their modes whatever the umask is: 0644 and 0755, and 0600 until complete and for
//     what is to stay private;
//   - under sudo, what is made here belongs to the user who called sudo.
package outdir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/internal/lazy"
)

// ErrInTheWay is wrapped by errors for a name that is taken by a link or by something else that results do
// not replace.
var ErrInTheWay = errors.New("is in the way of results: remove it")

const (
	fileMode    = 0o644
	privateMode = 0o600
	dirMode     = 0o755
)

// Dir is an open directory that gets results. It goes on with the same directory when that is renamed.
type Dir struct {
	root  *os.Root
	path  string
	owner owner
}

// Open opens a directory that exists. For root, a link in the path is followed only where root or the user
// who called sudo has made it.
func Open(path string) (*Dir, error) { return open(path, false) }

// Make opens a directory, and makes it with its parents where there is none.
func Make(path string) (*Dir, error) { return open(path, true) }

// Temporary makes a directory of a name of its own for temporary files, which only this user can read.
// RemoveAll removes it.
func Temporary(prefix string) (*Dir, error) {
	path, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	return Open(path)
}

// Path is the directory's path, as it was given.
func (d *Dir) Path() string { return d.path }

// Close closes the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Sub opens a directory inside, and makes it where there is none. It fails, wrapping ErrInTheWay, for a link.
func (d *Dir) Sub(name string) (*Dir, error) { return d.sub(name, false) }

// New makes a directory inside. It fails, wrapping fs.ErrExist, where the name is taken.
func (d *Dir) New(name string) (*Dir, error) { return d.sub(name, true) }

func (d *Dir) sub(name string, fresh bool) (*Dir, error) {
	path := filepath.Join(d.path, name)
	if err := plain(name); err != nil {
		return nil, err
	}
	root, err := openSubdirectory(d.root, name, path, d.owner, fresh)
	if err != nil {
		return nil, err
	}
	return &Dir{root, path, d.owner}, nil
}

// openSubdirectory opens a directory inside another one, made if need be; fresh: it must not be there. Names are not
// trusted to mean the same twice: what was looked at is held against what was opened.
func openSubdirectory(in *os.Root, name, path string, o owner, fresh bool) (*os.Root, error) {
	err := in.Mkdir(name, dirMode)
	made := err == nil
	if err != nil && (fresh || !errors.Is(err, fs.ErrExist)) {
		return nil, failed(path, err)
	}
	seen, err := in.Lstat(name)
	if err != nil {
		return nil, failed(path, err)
	}
	if !seen.IsDir() {
		return nil, inTheWay(path, seen)
	}
	root, err := in.OpenRoot(name)
	if err != nil {
		return nil, failed(path, err)
	}
	if err = same(root, seen, path); err == nil && made {
		err = o.setDirOwnerAndMode(root, path)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// same fails where an open directory is not the one that was seen under its name.
func same(root *os.Root, seen fs.FileInfo, path string) error {
	opened, err := root.Stat(".")
	if err != nil {
		return failed(path, err)
	}
	if !os.SameFile(seen, opened) {
		return fmt.Errorf("%s was exchanged while it was opened: somebody else writes there", path)
	}
	return nil
}

// setDirOwnerAndMode gives a directory that was just made its mode and owner. One that is not empty is not the one
// that was made.
func (o owner) setDirOwnerAndMode(root *os.Root, path string) error {
	dir, err := root.Open(".")
	if err != nil {
		return failed(path, err)
	}
	if _, err = dir.ReadDir(1); errors.Is(err, io.EOF) {
		err = o.setOwnerAndMode(dir, dirMode)
	} else if err == nil {
		err = fmt.Errorf("%s was exchanged while it was made: somebody else writes there", path)
	}
	return errors.Join(err, dir.Close())
}

// Remove removes a file or an empty directory; a link itself. That there is none is no error.
func (d *Dir) Remove(name string) error {
	if err := plain(name); err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(filepath.Join(d.path, name), err)
	}
	return nil
}

// Exists says whether there is anything of a name, be it a link that leads nowhere.
func (d *Dir) Exists(name string) bool {
	_, err := d.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// RemoveAll removes a directory that Temporary has made, and closes it.
func (d *Dir) RemoveAll() error { return errors.Join(os.RemoveAll(d.path), d.Close()) }

// temporaryName is the pattern of the names that files have until they are complete.
var temporaryName = lazy.Regexp(`^\.tb-[A-Z2-7]{26}\.tmp$`)

// RemoveTemporary removes the incomplete files that a process that was killed has left in the directory.
// Nobody else may be writing there.
func (d *Dir) RemoveTemporary() error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return failed(d.path, err)
	}
	var errs []error
	for _, e := range entries {
		if temporaryName().MatchString(e.Name()) && e.Type().IsRegular() {
			errs = append(errs, d.Remove(e.Name()))
		}
	}
	return errors.Join(errs...)
}

// plain refuses names that are more than the name of a file in the directory itself.
func plain(name string) error {
	if name == "." || !filepath.IsLocal(name) || filepath.Base(name) != name {
		return fmt.Errorf("%q is not the plain name of a file", name)
	}
	return nil
}

// failed names the whole path in an error of package os.
func failed(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	var renamed *os.LinkError
	if errors.As(err, &renamed) {
		err = renamed.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// inTheWay is the error for something that results do not replace and are not written through.
func inTheWay(path string, info fs.FileInfo) error {
	what := "what is no regular file"
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		what = "a symbolic link"
	case info.IsDir():
		what = "a directory"
	case info.Mode().IsRegular():
		what = "a file"
	}
	return fmt.Errorf("%s: %s %w", path, what, ErrInTheWay)
}
