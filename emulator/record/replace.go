package record

import (
	"errors"

	"testbed/emulator/internal/outdir"
)

// ReplaceFile writes a file in a run's directory, replacing the one before at once, so that there is a
// whole one at any instant. It waits until the file is on the disk.
func ReplaceFile(dir, name string, text []byte) error {
	d, err := outdir.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.WriteSynced(name, text), d.Close())
}
