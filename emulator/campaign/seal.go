package campaign

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/readfile"
	runs "testbed/emulator/record"
)

// sealed are the files whose size and hash the manifest of a finished campaign has. The published simulator's own
// files, in the store statesim, are not among them: there may be tens of thousands.
var sealed = []string{ParquetFile, SummaryFile, LengthsFile}

// largestSealed is the most bytes of such a file.
const largestSealed = 64 * readfile.GiB

// seal puts size and hash of the files that are there into the manifest in the directory.
func (m *Manifest) seal(dir *outdir.Dir) error {
	m.Files = map[string]runs.FileSum{}
	for _, name := range sealed {
		sum, err := runs.Sum(filepath.Join(dir.Path(), name), largestSealed)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		m.Files[name] = sum
	}
	return m.write(dir)
}

// Verify holds a finished campaign's files against its manifest. The error wraps record.ErrUnsound, and
// record.ErrIncomplete or record.ErrAltered, where they are not as the campaign left them. Of campaigns of versions
// that kept no hashes it knows nothing, and says nothing.
func Verify(dir string) error {
	m, err := ReadManifest(dir)
	if err != nil {
		return err
	}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if err := runs.CheckFile(dir, name, m.Files[name]); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return errors.Join(faults...)
}
