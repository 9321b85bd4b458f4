package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/scenario"
)

// Names of the files in an experiment's directory.
const (
	ManifestFile = "experiment.json"
	BaseFile     = "base.yaml" // the scenario as it was given: the levels are set in it
	RunsDir      = "runs"      // directories of runs, one a cell that was measured
)

// Manifest says what an experiment consists of, so that its directory is enough to go on with it.
type Manifest struct {
	Experiment string           `json:"experiment"`
	Scenario   string           `json:"scenario"` // path of the file
	Factors    []ManifestFactor `json:"factors"`
	Repeat     int              `json:"repeat"`
	SameSeed   bool             `json:"same_seed"`
	Order      string           `json:"order"`
	Seed       uint64           `json:"seed"` // of the order
	Engines    []string         `json:"engines"`
	Figures    []string         `json:"figures,omitempty"`
	Cells      int              `json:"cells"`
	Finished   bool             `json:"finished"` // the tables have all cells
	Version    string           `json:"version"`  // of the program
}

// ManifestFactor is a factor with the column that it is in the tables.
type ManifestFactor struct {
	Name   string   `json:"name,omitempty"` // as given
	Key    string   `json:"key"`
	Column string   `json:"column"`
	Levels []string `json:"levels"`
	Also   [][]Also `json:"also,omitempty"` // by level, where any sets other keys
}

// manifest describes the specification with its cells.
func (s *Spec) manifest(cells []*Cell, version string) *Manifest {
	m := &Manifest{Experiment: s.Name, Scenario: s.File, Factors: []ManifestFactor{}, Repeat: s.Repeat,
		SameSeed: s.SameSeed, Order: s.Order, Seed: s.Seed, Engines: s.Engines, Figures: s.Figures,
		Cells: len(cells), Version: version}
	columns := s.columns(cells)
	for i := range s.Factors {
		f := ManifestFactor{Name: s.Factors[i].Name, Key: s.Factors[i].Key, Column: columns[i].name}
		for _, l := range s.Factors[i].Levels {
			f.Levels = append(f.Levels, l.Text)
		}
		if levels := s.Factors[i].Levels; slices.ContainsFunc(levels, func(l Level) bool { return len(l.Also) > 0 }) {
			for _, l := range levels {
				f.Also = append(f.Also, l.Also)
			}
		}
		m.Factors = append(m.Factors, f)
	}
	return m
}

func (m *Manifest) write(dir *outdir.Dir) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", ManifestFile, err)
	}
	return dir.WriteSynced(ManifestFile, append(text, '\n'))
}

var manifestLimits = readfile.Limits{Bytes: 16 * readfile.MiB, Values: 2_000_000}

// IsDirectory says whether a directory is an experiment's.
func IsDirectory(dir string) bool {
	_, err := ReadManifest(dir)
	return err == nil
}

// ReadManifest reads the manifest in an experiment's directory.
func ReadManifest(dir string) (*Manifest, error) {
	var m Manifest
	if err := readfile.JSON(filepath.Join(dir, ManifestFile), manifestLimits, &m); err != nil {
		return nil, err
	}
	return &m, nil
}

// Reopen is the specification of the experiment in a directory.
func Reopen(dir string) (Spec, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return Spec{}, err
	}
	s := Spec{Name: m.Experiment, File: m.Scenario, Repeat: m.Repeat, SameSeed: m.SameSeed, Order: m.Order, Seed: m.Seed,
		Engines: m.Engines, Figures: m.Figures}
	for _, f := range m.Factors {
		one := Factor{Name: f.Name, Key: f.Key}
		for i, l := range f.Levels {
			level := Level{Text: l, From: filepath.Join(dir, ManifestFile)}
			if i < len(f.Also) {
				level.Also = f.Also[i]
			}
			one.Levels = append(one.Levels, level)
		}
		s.Factors = append(s.Factors, one)
	}
	s.Text, err = readfile.All(filepath.Join(dir, BaseFile), scenario.MaxSize)
	return s, err
}

// begin makes an experiment's directory, or opens it, with what it takes to go on.
func (s *Spec) begin(path string, cells []*Cell, version string) (*outdir.Dir, error) {
	dir, err := outdir.Make(path)
	if err != nil {
		return nil, err
	}
	err = dir.RemoveTemporary()
	if err == nil {
		err = dir.WriteSynced(BaseFile, s.Text)
	}
	if err == nil {
		err = s.manifest(cells, version).write(dir)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}
