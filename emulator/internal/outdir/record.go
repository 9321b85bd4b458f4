package outdir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// NewRecord makes a file that grows while others read it. It fails, wrapping fs.ErrExist, where the name is
// taken, be it by a link.
func (d *Dir) NewRecord(name string) (*os.File, error) {
	path := filepath.Join(d.path, name)
	if err := plain(name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, failed(path, err)
	}
	if err := d.owner.setOwnerAndMode(f, fileMode); err != nil {
		return nil, errors.Join(failed(path, err), f.Close())
	}
	return f, nil
}

// OldRecord opens a file to go on writing it in place; fs.ErrNotExist: there is none. It must be a regular
// file that has no other name, under which it may be anything else.
func (d *Dir) OldRecord(name string) (*os.File, error) {
	f, err := d.existing(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && names(info) > 1 {
		err = fmt.Errorf("a file of %d names %w", names(info), ErrInTheWay)
	}
	if err != nil {
		return nil, errors.Join(failed(filepath.Join(d.path, name), err), f.Close())
	}
	return f, nil
}

// Read opens a regular file for reading; fs.ErrNotExist: there is none. It follows no link, and waits for no
// other process, as a named pipe would make it.
func (d *Dir) Read(name string) (*os.File, error) { return d.existing(name, os.O_RDONLY) }

func (d *Dir) existing(name string, flags int) (*os.File, error) {
	path := filepath.Join(d.path, name)
	if err := plain(name); err != nil {
		return nil, err
	}
	seen, err := d.root.Lstat(name)
	if err != nil {
		return nil, failed(path, err)
	}
	if !seen.Mode().IsRegular() {
		return nil, inTheWay(path, seen)
	}
	f, err := d.root.OpenFile(name, flags|nonBlocking, 0)
	if err != nil {
		return nil, failed(path, err)
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(seen, opened) {
		err = errors.New("it was exchanged while it was opened: somebody else writes there")
	}
	if err != nil {
		return nil, errors.Join(failed(path, err), f.Close())
	}
	return f, nil
}
