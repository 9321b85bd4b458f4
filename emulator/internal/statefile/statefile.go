// Package statefile keeps what is this program's own, in directories that nobody else may look into.
package statefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// DirMode is that of the directories. Nodes write into some, and may leave files for which the system grants more than
// is good (setuid): nobody but root gets in.
const DirMode fs.FileMode = 0o700

// Dir makes a directory with its parents and gives it its mode, whatever the umask, and whatever mode it had.
func Dir(path string) error {
	if err := os.MkdirAll(path, DirMode); err != nil {
		return err
	}
	return os.Chmod(path, DirMode)
}

// Replace writes a file with its mode, whatever the umask: a reader sees the old one or the new one.
func Replace(path string, data []byte, mode fs.FileMode) error {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Chmod(mode), file.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err
}
