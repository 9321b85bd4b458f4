package outdir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file being written. It has another name until Commit, and is nobody else's to read until then.
type File struct {
	dir       *Dir
	file      *os.File
	name      string
	temporary string
	mode      fs.FileMode // that it has in the end
}

// Create begins a file that replaces the one of that name when it is complete. It fails, wrapping
// ErrInTheWay, where the name is a link's or anything else's but a regular file's.
func (d *Dir) Create(name string) (*File, error) { return d.create(name, fileMode) }

// CreatePrivate is Create for what nobody is to read but the owner: it has the mode 0600 in the end, too.
func (d *Dir) CreatePrivate(name string) (*File, error) { return d.create(name, privateMode) }

func (d *Dir) create(name string, mode fs.FileMode) (*File, error) {
	if err := plain(name); err != nil {
		return nil, err
	}
	if err := d.replaceable(name); err != nil {
		return nil, err
	}
	f := &File{dir: d, name: name, temporary: ".tb-" + rand.Text() + ".tmp", mode: mode}
	var err error
	if f.file, err = d.root.OpenFile(f.temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, privateMode); err != nil {
		return nil, failed(f.Path(), err)
	}
	return f, nil
}

// replaceable fails where a name is taken by something that a file does not replace. A file that has other
// names too is replaced under this one only.
func (d *Dir) replaceable(name string) error {
	info, err := d.root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		return inTheWay(filepath.Join(d.path, name), info)
	}
	return nil // what else keeps the file from being written is found when it is
}

// Path is the path that the file has in the end.
func (f *File) Path() string { return filepath.Join(f.dir.path, f.name) }

// Write implements io.Writer.
func (f *File) Write(text []byte) (int, error) {
	n, err := f.file.Write(text)
	if err != nil {
		return n, failed(f.Path(), err)
	}
	return n, nil
}

// Truncate cuts off all behind so many bytes.
func (f *File) Truncate(size int64) error {
	if err := f.file.Truncate(size); err != nil {
		return failed(f.Path(), err)
	}
	return nil
}

// Sync waits until what was written is on the disk.
func (f *File) Sync() error {
	if err := f.file.Sync(); err != nil {
		return failed(f.Path(), err)
	}
	return nil
}

// Commit gives the file its mode, its owner and its name.
func (f *File) Commit() error {
	err := errors.Join(f.dir.owner.setOwnerAndMode(f.file, f.mode), f.file.Close())
	if err == nil {
		err = f.dir.root.Rename(f.temporary, f.name)
	}
	if err != nil {
		return errors.Join(failed(f.Path(), err), f.dir.Remove(f.temporary))
	}
	return nil
}

// Abort removes what was written.
func (f *File) Abort() error { return errors.Join(f.file.Close(), f.dir.Remove(f.temporary)) }

// WriteFile writes a file, or replaces the one of that name at once.
func (d *Dir) WriteFile(name string, text []byte) error { return d.write(name, text, false) }

// WriteSynced is WriteFile for what must outlive a crash of the host: it waits until the file and its name are
// on the disk.
func (d *Dir) WriteSynced(name string, text []byte) error { return d.write(name, text, true) }

func (d *Dir) write(name string, text []byte, synced bool) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil && synced {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Abort())
	}
	if err = f.Commit(); err == nil && synced {
		d.sync()
	}
	return err
}

// sync waits until names are on the disk, as far as the file system offers that for directories.
func (d *Dir) sync() {
	if dir, err := d.root.Open("."); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}

// WriteFile writes a file at a path that a command line names. Its directory must exist.
func WriteFile(path string, text []byte) error {
	d, name, err := Parent(path)
	if err != nil {
		return err
	}
	return errors.Join(d.WriteFile(name, text), d.Close())
}

// Parent opens the directory of a file that a command line names, and gives the file's name there.
func Parent(path string) (*Dir, string, error) {
	dir, name := filepath.Split(path)
	if err := plain(name); err != nil {
		return nil, "", fmt.Errorf("%q is not the path of a file", path)
	}
	if dir == "" {
		dir = "."
	}
	d, err := Open(dir)
	return d, name, err
}
