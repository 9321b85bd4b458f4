package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/readfile"
)

// Names of further files in a run's directory.
const (
	PredictionFile = "prediction.csv"
	ComparisonFile = "comparison.json"
	ScenarioFile   = "scenario.yaml" // of a scenario that makes the run again, see package resolved
	InputsDir      = "inputs"        // the files that it reads
)

// sealed are the files that what is said of a run rests on. The final manifest has the size and the hash of each,
// and of the inputs. What is made of them later is not among them: the report, its figures, and upload.json, which
// says what a database has got.
var sealed = []string{SamplesFile, ChainsFile, TopologyFile, PredictionFile, ComparisonFile, ScenarioFile}

// FileSum is a file as the run left it.
type FileSum struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of its content, in hexadecimal
}

// Input is a file that the run's scenario was read with.
type Input struct {
	Key    string `json:"key"`            // of the scenario that names it, such as workload.trace
	Name   string `json:"name"`           // its own name, without a directory
	File   string `json:"file,omitempty"` // the copy in the run's directory; empty: it was too large for one
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Sum works out size and hash of a regular file of at most so many bytes.
func Sum(path string, most int64) (FileSum, error) {
	file, err := readfile.Open(path, most)
	if err != nil {
		return FileSum{}, err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(file, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("%s: more than %d bytes: %w", path, most, readfile.ErrLimit)
	}
	return FileSum{n, hex.EncodeToString(hash.Sum(nil))}, err
}

// limitOf is how many bytes of a file in a run's directory are read.
func limitOf(name string) int64 {
	if name == SamplesFile {
		return MaxSamplesSize
	}
	return MaxTableSize
}

// Seal puts size and hash of every file that is there into the manifest, and seals the manifest itself. It does so
// also where a file cannot be read, which is the error.
func (m *Manifest) Seal(dir string) error {
	names := slices.Clone(sealed)
	for _, in := range m.Inputs {
		if in.File != "" {
			names = append(names, in.File)
		}
	}
	var errs []error
	m.Files = map[string]FileSum{}
	for _, name := range names {
		sum, err := Sum(filepath.Join(dir, filepath.FromSlash(name)), limitOf(name))
		switch {
		case err == nil:
			m.Files[name] = sum
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, m.sealSelf())...)
}

// sealSelf puts the hash of all else into the manifest.
func (m *Manifest) sealSelf() error {
	m.Sealed = ""
	text, err := json.Marshal(m)
	if err == nil {
		m.Sealed, err = sealOf(text, ManifestFile)
	}
	return err
}

// unsealed are the manifest's keys that its seal does not cover: itself, and what uploads write later.
var unsealed = []string{"sealed", "mirrors"}

// sealOf is the hash of a manifest's text, whatever its line breaks and the order of its keys.
func sealOf(text []byte, name string) (string, error) {
	var keys map[string]json.RawMessage
	if err := readfile.ParseJSON(text, name, manifestLimits, &keys); err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if slices.Contains(unsealed, key) {
			continue
		}
		var value bytes.Buffer
		if err := json.Compact(&value, keys[key]); err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(hash, "%q:%d:", key, value.Len()) // a hash never fails
		hash.Write(value.Bytes())
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
