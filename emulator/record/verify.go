package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/readfile"
)

// ErrUnsound is wrapped by every error that says that a run's directory is not as the run left it, or that the run
// did not come to leave it whole: by those that wrap ErrIncomplete or ErrAltered. What is there may still be shown.
var ErrUnsound = errors.New("not sound")

// The two kinds of ErrUnsound.
var (
	ErrIncomplete error = unsound("incomplete")
	ErrAltered    error = unsound("altered")
)

type unsound string

func (u unsound) Error() string        { return string(u) }
func (u unsound) Is(target error) bool { return target == ErrUnsound }

// Verify holds a run's directory against its final manifest. It returns the manifest where there is one that can be
// read, and an error that wraps ErrIncomplete where the run has not left its final manifest, has lost samples, or a
// file is missing or shorter than it was; ErrAltered where a file, or the manifest itself, has another content; and
// both where both are so. Manifests of versions that did not seal have no sums, see Manifest.Sealed: of them only
// the number of samples is checked.
func Verify(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	text, err := readfile.All(path, manifestLimits.Bytes)
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := readfile.ParseJSON(text, path, manifestLimits, m); err != nil {
		return nil, err
	}
	if m.Exit == Running {
		return m, fmt.Errorf("%s: %w: the run has left no final manifest: it is still under way, or was killed",
			dir, ErrIncomplete)
	}
	var faults []error
	if m.Samples.Dropped > 0 {
		faults = append(faults, fmt.Errorf("%w: of chains and steps the run could not write %d, which are lost",
			ErrIncomplete, m.Samples.Dropped))
	}
	if m.Sealed == "" && len(m.Files) == 0 {
		faults = append(faults, m.checkCounts(dir))
	} else {
		faults = append(faults, m.checkSeal(text), m.checkFiles(dir))
	}
	if err := errors.Join(faults...); err != nil {
		return m, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

// CheckManifest says, wrapping ErrAltered, that a final manifest is not as the run wrote it.
func CheckManifest(dir string) error {
	path := filepath.Join(dir, ManifestFile)
	text, err := readfile.All(path, manifestLimits.Bytes)
	if err != nil {
		return err
	}
	m := &Manifest{}
	if err := readfile.ParseJSON(text, path, manifestLimits, m); err != nil {
		return err
	}
	if m.Exit == Running || m.Sealed == "" && len(m.Files) == 0 {
		return nil
	}
	if err := m.checkSeal(text); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

func (m *Manifest) checkSeal(text []byte) error {
	seal, err := sealOf(text, ManifestFile)
	if err == nil && seal != m.Sealed {
		err = fmt.Errorf("%w: %s is not as the run wrote it", ErrAltered, ManifestFile)
	}
	return err
}

// mostFaults is how many files are named: the rest would say the same.
const mostFaults = 5

func (m *Manifest) checkFiles(dir string) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if len(faults) == mostFaults {
			break
		}
		if err := CheckFile(dir, name, m.Files[name]); err != nil {
			faults = append(faults, err)
		}
	}
	for _, name := range sealed { // one that a reader would take for the run's
		if _, known := m.Files[name]; known {
			continue
		}
		if _, err := Sum(filepath.Join(dir, name), 0); !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, fmt.Errorf("%w: the run has left no %s, and there is one", ErrAltered, name))
		}
	}
	return errors.Join(faults...)
}

// CheckFile holds a file of a run's directory, whose name there is given with slashes, against size and hash. The error
// wraps ErrIncomplete where it is missing (and then fs.ErrNotExist) or shorter, and ErrAltered where it is another.
func CheckFile(dir, name string, want FileSum) error {
	path := filepath.FromSlash(name)
	if !filepath.IsLocal(path) {
		return fmt.Errorf("%w: %s names %q, which is outside of the directory", ErrAltered, ManifestFile, name)
	}
	file, err := readfile.Open(filepath.Join(dir, path), limitOf(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s is missing: %w", ErrIncomplete, name, fs.ErrNotExist)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrAltered, err)
	}
	info, err := file.Stat()
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	switch size := info.Size(); {
	case size < want.Bytes:
		return fmt.Errorf("%w: %s has %d bytes of %d: its end is missing", ErrIncomplete, name, size, want.Bytes)
	case size > want.Bytes:
		return fmt.Errorf("%w: %s has %d bytes, and the run left %d", ErrAltered, name, size, want.Bytes)
	}
	have, err := Sum(filepath.Join(dir, path), want.Bytes)
	if err == nil && have != want {
		err = fmt.Errorf("%w: %s is not as the run wrote it", ErrAltered, name)
	}
	return err
}

// checkCounts holds the number of chains and steps in samples.lp against the manifest's. A manifest that has no
// number says nothing.
func (m *Manifest) checkCounts(dir string) error {
	if m.Samples.Written == 0 {
		return nil
	}
	file, err := readfile.Open(filepath.Join(dir, SamplesFile), MaxSamplesSize)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing", ErrIncomplete, SamplesFile)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	n, err := countSamples(file)
	var unsound error
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file.Name(), err)
	case n < m.Samples.Written:
		unsound = ErrIncomplete
	case n > m.Samples.Written:
		unsound = ErrAltered
	default:
		return nil
	}
	return fmt.Errorf("%w: of chains and steps %s has %d, and the run wrote %d", unsound, SamplesFile, n,
		m.Samples.Written)
}

// countSamples counts the whole lines of chains and steps.
func countSamples(r io.Reader) (n int64, err error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	begins := true
	counts := false
	for {
		part, err := lines.ReadSlice('\n')
		if begins {
			counts = bytes.HasPrefix(part, []byte(chainMeasurement+",")) || bytes.HasPrefix(part, []byte(stepMeasurement+","))
		}
		switch begins = err == nil; {
		case err == nil && counts:
			n++
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return n, err
		}
	}
}
