package scenario

import (
	"fmt"
	"path/filepath"
	"slices"

	"testbed/emulator/topology"
)

// Reference is a file, or several of one prefix, that a scenario reads.
type Reference struct {
	Key      string   // that names it, such as workload.trace
	Path     string   // as it can be opened, without the suffix
	Suffixes []string // one each file; of a single file an empty one
}

// input is a value that is the path of a file, or of several of a common prefix.
type input struct {
	key      string
	path     *string
	suffixes []string
}

// paths are the values that are paths of files, in the order of their keys.
func (s *Scenario) paths() []input {
	from := &s.File.Topology.Import
	all := []input{{"workload.trace", &s.Workload.Trace, []string{""}}}
	if s.shipped() {
		all = nil
	}
	if format, err := topology.Formats.Find(s.catalogue, from.Format); err == nil {
		all = slices.Insert(all, 0, input{join("topology", from.Format), &from.Path, format.Suffixes})
	}
	if i := s.File.Topology.Imported; i != nil {
		all = slices.Insert(all, 0, input{importKey, &i.File, []string{""}})
	}
	all = append(all, input{"profile", &s.File.Profile, []string{""}})
	all = append(all, s.traceInputs()...)
	return slices.DeleteFunc(all, func(in input) bool { return *in.path == "" })
}

// References lists the files that the scenario reads, each place's once.
func (s *Scenario) References() []Reference {
	var all []Reference
	listed := map[string]bool{}
	for _, in := range s.paths() {
		if listed[in.key] {
			continue
		}
		listed[in.key] = true
		all = append(all, Reference{in.key, s.resolvePath(*in.path), in.suffixes})
	}
	return all
}

// importKey is the key of the file of an imported network.
const importKey = "topology.import.file"

// Relocated is a copy of the scenario in a file of that path, which reads the files given by key in place of its
// own; their paths may be relative to that file. The copy shares all else with the scenario.
func (s *Scenario) Relocated(file string, files map[string]string) *Scenario {
	relocated := *s
	relocated.Functions = s.absoluteFunctions()
	relocated.path = file
	relocated.ownTraces()
	if i := s.File.Topology.Imported; i != nil { // whose path is changed
		own := *i
		relocated.File.Topology.Imported = &own
	}
	for _, in := range relocated.paths() {
		if to, ok := files[in.key]; ok {
			*in.path = to
		}
	}
	return &relocated
}

// MakeAbsolute makes the paths in the scenario independent of where its file is, for copies of it.
func (s *Scenario) MakeAbsolute() error {
	for _, in := range s.paths() {
		absolute, err := filepath.Abs(s.resolvePath(*in.path))
		if err != nil {
			return fmt.Errorf("scenario %s: %s: %w", s.Name, *in.path, err)
		}
		*in.path = absolute
	}
	s.Functions = s.absoluteFunctions()
	return nil
}
