package resolved

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"testbed/emulator/record"
)

// ErrNotKept is wrapped by the error of reproducing a run whose directory has not all that it takes: one of a version
// that kept no scenario, or one with an input that was too large for a copy.
var ErrNotKept = errors.New("not kept in the run's directory")

// Reproduce is the path of the scenario of the run in a directory, which makes the run again: with the same jobs,
// placement and plans. It holds the scenario and the files that it reads against the hashes of the run's manifest,
// and fails, wrapping record.ErrAltered, where they are not as they were; wrapping ErrNotKept where they are not
// there, and then says which file belongs where. A run that was killed can be reproduced too: it has no hash of its
// scenario then.
func Reproduce(dir string) (string, error) {
	m, err := record.ReadManifest(dir)
	if err != nil {
		return "", fmt.Errorf("%s is no run's directory: %w", dir, err)
	}
	path := filepath.Join(dir, record.ScenarioFile)
	want := map[string]record.FileSum{}
	if m.Exit != record.Running {
		sum, ok := m.Files[record.ScenarioFile]
		if !ok {
			return "", fmt.Errorf("%s: its scenario is %w: the run is of a version that kept none; "+
				"run the file %q that it was made from",
				dir, ErrNotKept, m.File)
		}
		want[record.ScenarioFile] = sum
	}
	for _, in := range m.Inputs {
		want[copyPath(in)] = record.FileSum{Bytes: in.Bytes, SHA256: in.SHA256}
	}
	var faults []error
	for name, sum := range want {
		if err := record.CheckFile(dir, name, sum); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is %w: put the file of %d bytes there whose SHA-256 is %s",
				filepath.Join(dir, name), ErrNotKept, sum.Bytes, sum.SHA256)
			faults = append(faults, err)
		} else if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return path, errors.Join(append(faults, record.CheckManifest(dir))...)
}
