package orchestrator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/statefile"
)

var validName = lazy.Regexp(`^[a-z0-9][a-z0-9-]{0,30}$`)

// CheckName fails unless name can name a testbed: 1 to 31 of a-z, 0-9 and -, not beginning with -.
func CheckName(name string) error {
	if !validName().MatchString(name) {
		return fmt.Errorf("%q cannot name a testbed: use 1 to 31 of a-z, 0-9 and -, beginning with a letter or digit", name)
	}
	return nil
}

// The modes of files in the store.
const (
	private fs.FileMode = 0o600
	public  fs.FileMode = 0o644 // files that nodes read as whatever user
)

// Store is the directory that holds a directory for each testbed. Nobody but root may look into it.
type Store string

// DefaultStore is cleared by a reboot, as testbeds are.
const DefaultStore Store = "/run/tb-testbed"

// Dir is the directory of one testbed.
func (s Store) Dir(testbed string) string { return filepath.Join(string(s), testbed) }

// makeDir makes the store and a testbed's directory in it.
func (s Store) makeDir(testbed string) error {
	return errors.Join(statefile.Dir(string(s)), statefile.Dir(s.Dir(testbed)))
}

// stamp tells whether a file of the store, each of which is replaced whole, is still the one that was read.
type stamp struct{ os.FileInfo }

// stampOf is the stamp of the file that is at path now.
func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	return stamp{info}, err
}

// is says whether two stamps are of one file. The zero stamp is of none.
func (s stamp) is(other stamp) bool {
	return s.FileInfo != nil && other.FileInfo != nil && os.SameFile(s.FileInfo, other.FileInfo) &&
		s.ModTime().Equal(other.ModTime())
}

// Names lists the testbeds that have a directory, sorted.
func (s Store) Names() ([]string, error) {
	entries, err := os.ReadDir(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && CheckName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove deletes a testbed's directory, and the store itself once it is empty.
func (s Store) Remove(testbed string) error {
	if err := CheckName(testbed); err != nil {
		return err
	}
	if err := s.unboundNodes(testbed); err != nil {
		return err
	}
	if err := os.RemoveAll(s.Dir(testbed)); err != nil {
		return err
	}
	_ = os.Remove(string(s)) // fails, as it should, while other testbeds are in it
	return nil
}

// NodeDir is the directory that a node shares with the host: its own, for a node that runs an image of the
// user's must not reach another's.
func (s Store) NodeDir(testbed, node string) string {
	return filepath.Join(s.nodesDir(testbed), node)
}

func (s Store) nodesDir(testbed string) string { return filepath.Join(s.Dir(testbed), "nodes") }

// control is where a node's agent listens for the controller.
func (s Store) control(testbed, node string) string {
	return filepath.Join(s.NodeDir(testbed, node), "ctl")
}
