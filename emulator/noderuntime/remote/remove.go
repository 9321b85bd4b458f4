package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/noderuntime"
)

// recordFile is in a testbed's directory where a controller of this same machine has the testbed.
const recordFile = "journal.json"

// mostRecord bounds that file, in bytes.
const mostRecord = 64 << 20

// remove removes a testbed's nodes, and their files.
func (o operation) remove(ctx context.Context) error {
	if err := o.starts.end(ctx, o.Testbed); err != nil {
		return err
	}
	if err := o.made.Remove(ctx, o.Testbed, o.Nodes); err != nil {
		return err
	}
	if err := noderuntime.CheckNames(o.Testbed, "any"); err != nil {
		return err
	}
	for _, dir := range o.dirs {
		own := filepath.Join(dir, o.Testbed)
		if o.made.UnboundDirs != nil {
			if err := o.made.UnboundDirs(ctx, own); err != nil {
				return err
			}
		}
		if err := clear(own); err != nil {
			return fmt.Errorf("removing the files of %s: %w", o.Testbed, err)
		}
	}
	return nil
}

// clear removes a testbed's directory, unless a controller's records are in it: that removes all with them.
func clear(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil // a link there is none of ours
	}
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, recordFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// free refuses nodes of a testbed of which this machine has one of its own: another's names and files would be mixed up
// with it.
func (o operation) free(s noderuntime.Spec) error {
	for _, dir := range o.dirs {
		text, err := readfile.All(filepath.Join(dir, s.Testbed, recordFile), mostRecord)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var record struct {
			Run string `json:"run"`
		}
		if err == nil {
			err = json.Unmarshal(text, &record)
		}
		if err != nil || record.Run != s.Run {
			return errors.Join(fmt.Errorf("%w: the machine has a testbed %s of its own: give this one another --name, or take "+
				"that one down there", noderuntime.ErrRuns, s.Testbed), err)
		}
	}
	return nil
}
