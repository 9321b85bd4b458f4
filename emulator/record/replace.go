package record

import (
	"os"
	"path/filepath"
)

// ReplaceFile writes a file in a run's directory, replacing the one before at once, so that there is a
// whole one at any instant.
func ReplaceFile(dir, name string, text []byte) error {
	f, err := os.CreateTemp(dir, name+".")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if failed := f.Close(); err == nil {
		err = failed
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
