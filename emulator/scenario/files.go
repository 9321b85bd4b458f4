package scenario

import (
	"fmt"
	"path/filepath"

	"testbed/emulator/topology/ether"
)

// Reference is a file, or several of one prefix, that a scenario reads.
type Reference struct {
	Key      string   // that names it, such as workload.trace
	Path     string   // as it can be opened, without the suffix
	Suffixes []string // one each file; of a single file an empty one
}

// paths are the values that are paths of files, by their keys.
func (f *File) paths() map[string]*string {
	return map[string]*string{"topology.ether": &f.Topology.Ether, "workload.trace": &f.Workload.Trace}
}

// pathKeys are the keys of paths, in the file's order.
var pathKeys = []string{"topology.ether", "workload.trace"}

// References lists the files that the scenario reads, in the order of their keys in it.
func (s *Scenario) References() []Reference {
	var all []Reference
	paths := s.paths()
	for _, key := range pathKeys {
		if path := *paths[key]; path != "" {
			ref := Reference{key, s.resolvePath(path), []string{""}}
			if key == "topology.ether" {
				ref.Suffixes = ether.Suffixes
			}
			all = append(all, ref)
		}
	}
	return all
}

// Relocated is a copy of the scenario in a file of that path, which reads the files given by key in place of its
// own; their paths may be relative to that file. The copy shares all else with the scenario.
func (s *Scenario) Relocated(file string, files map[string]string) *Scenario {
	relocated := *s
	relocated.path = file
	for key, path := range relocated.paths() {
		if to, ok := files[key]; ok {
			*path = to
		}
	}
	return &relocated
}

// MakeAbsolute makes the paths in the scenario independent of where its file is, for copies of it.
func (s *Scenario) MakeAbsolute() error {
	for _, path := range s.paths() {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(s.resolvePath(*path))
		if err != nil {
			return fmt.Errorf("scenario %s: %s: %w", s.Name, *path, err)
		}
		*path = absolute
	}
	return nil
}
