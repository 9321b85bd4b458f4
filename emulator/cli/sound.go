package cli

import (
	"errors"
	"io/fs"

	"testbed/emulator/record"
)

// sayUnsound says, before anything of runs is shown, that a directory is not as its run left it. What it returns goes
// to the caller's caller: the same error, already told, with the exit code of a check that failed.
func sayUnsound(s *State, err error) error {
	if !errors.Is(err, record.ErrUnsound) {
		return err
	}
	complain(s, err, "")
	return &coded{error: errors.New(""), code: ExitCheck}
}

// isRun fails where a directory that the user has named is no run's.
func isRun(dir string) error {
	if _, err := record.ReadManifest(dir); errors.Is(err, fs.ErrNotExist) {
		return usagef("%s is no run's directory: %w", dir, err)
	}
	return nil
}

// noteUnsealed says of a run of an older version that nothing is known of what became of its directory.
func noteUnsealed(s *State, dir string) {
	_ = printf(s.Stderr, "note: %s was made by a version that kept no hashes: whether it is as it was is not known\n", dir)
}

// checkRun says first whether the directory of a run is as the run left it. Its error, which has been told, is what the
// command ends with; nil where all is well.
func checkRun(s *State, dir string) error {
	m, err := record.Verify(dir)
	if m == nil {
		return nil // the command itself says that there is no run
	}
	if err == nil && m.Sealed == "" {
		noteUnsealed(s, dir)
	}
	return sayUnsound(s, err)
}
