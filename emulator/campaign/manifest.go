package campaign

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
	runs "testbed/emulator/record"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// ManifestFile says of which campaign a directory holds the results.
const ManifestFile = "campaign.json"

// Manifest describes a campaign. It is the same for every run of it, and for all that finish.
type Manifest struct {
	Engine      string `json:"engine"`
	Scenario    string `json:"scenario"`
	Spec        Spec   `json:"campaign"`
	Store       Store  `json:"store"`
	Pool        int    `json:"pool"` // chains from which each replication draws
	Hosts       int    `json:"hosts"`
	Fingerprint string `json:"fingerprint"` // SHA-256 of all that decides about the results

	Files map[string]runs.FileSum `json:"files,omitempty"` // once it is finished: those that Verify checks, by name
}

// errFinished says that there is nothing left to do.
var errFinished = errors.New("the campaign is finished")

func newManifest(c *Config) *Manifest {
	return &Manifest{
		Engine: "statesim v1.1.1", Scenario: c.Scenario, Spec: c.Spec, Store: c.Store, Pool: len(c.Simulation.Pool),
		Hosts: len(c.Simulation.Topology.Hosts()), Fingerprint: fingerprint(c),
	}
}

// fingerprint is a hash over all that decides about a campaign's results: the specification, the
// simulator's parameters, the topology and every chain of the pool.
func fingerprint(c *Config) string {
	hash := sha256.New()
	out := json.NewEncoder(hash)
	sim := c.Simulation
	network := sim.Topology
	hashPool(hash, sim.Pool)
	sim.Topology, sim.Pool = nil, nil
	// None of these types can fail to be encoded.
	_ = errors.Join(out.Encode(struct {
		Spec  Spec
		Store Store
		Sim   any
	}{c.Spec, c.Store, sim}), encodeTopology(out, network))
	return hex.EncodeToString(hash.Sum(nil))
}

func encodeTopology(out *json.Encoder, t *topology.Topology) error {
	return out.Encode([]any{t.Vertices, t.Adjacency, t.EdgeNetwork, t.EdgeOrder})
}

// hashPool adds all of the chains that decides about results, in a form of its own: JSON would take as long as
// a small campaign.
func hashPool(hash io.Writer, pool []workload.Job) {
	var text []byte
	add := func(values ...int64) {
		for _, v := range values {
			text = binary.AppendVarint(text, v)
		}
	}
	for i := range pool {
		job := &pool[i]
		text = append(text[:0], job.Name...)
		add(int64(len(job.Name)), job.Result, int64(len(job.Tasks)), int64(len(job.States)))
		add(job.States...)
		for k := range job.Tasks {
			task := &job.Tasks[k]
			text = append(text, task.Function...)
			add(int64(len(task.Function)), task.Ops, task.Argument, int64(len(task.States)))
			for _, s := range task.States {
				add(int64(s))
			}
			if task.Result != 0 || task.Edges != nil { // no trace's chain has them
				add(task.Result)
				add(task.Edges...)
			}
		}
		_, _ = hash.Write(text) // a hash takes everything
	}
}

// prepare makes a directory the campaign's. It says whether to go on with the journal there, and fails
// with errFinished where nothing is left to do, or where another campaign is in the way.
func (m *Manifest) prepare(dir *outdir.Dir, resume bool) (goOn bool, err error) {
	// The second is what earlier versions left when they were killed.
	if err := errors.Join(dir.RemoveTemporary(), dir.Remove(ParquetFile+".tmp")); err != nil {
		return false, err
	}
	old, err := ReadManifest(dir.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, m.write(dir)
	case err != nil:
		return false, err
	case !resume:
		return false, errors.Join(clean(dir, old), m.write(dir))
	case old.Fingerprint != m.Fingerprint:
		return false, fmt.Errorf("%s holds another campaign (%s): leave --resume out to replace it, "+
			"or give another directory", dir.Path(), old.describe())
	case !dir.Exists(JournalFile) && dir.Exists(SummaryFile):
		return false, errFinished
	}
	return true, nil
}

func (m *Manifest) describe() string {
	s := &m.Spec
	return fmt.Sprintf("scenario %s, jobs %v, %s from seed %d, policies %v, models %v, store %s, "+
		"a pool of %s", m.Scenario, s.Jobs, printable.Count(s.Replications, "replication"), s.Seed, s.Policies, s.Models,
		m.Store, printable.Count(m.Pool, "chain"))
}

func (m *Manifest) write(dir *outdir.Dir) error {
	return writeFile(dir, ManifestFile, func(text io.Writer) error {
		out := json.NewEncoder(text)
		out.SetIndent("", "  ")
		return out.Encode(m)
	})
}

// ReadManifest reads the manifest of a campaign's directory.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	m := &Manifest{}
	if err := readfile.JSON(path, readfile.Limits{Bytes: readfile.MiB, Values: 10_000}, m); err != nil {
		return nil, err
	}
	if err := m.Spec.Validate(); err != nil || !slices.Contains(Stores, m.Store) {
		return nil, errors.Join(fmt.Errorf("%s: not a campaign's manifest", path), err)
	}
	return m, nil
}

// clean removes the files of an earlier campaign, and no others.
func clean(dir *outdir.Dir, old *Manifest) error {
	spec := &old.Spec
	var errs []error
	for _, name := range []string{SummaryFile, JournalFile, ParquetFile, LengthsFile} {
		errs = append(errs, dir.Remove(name))
	}
	if old.Store != Statesim {
		return errors.Join(errs...)
	}
	for at, jobs := range spec.Jobs {
		errs = append(errs, cleanTexts(dir, spec, at, loadDir(spec, jobs)))
	}
	return errors.Join(errs...)
}

// cleanTexts removes the simulator's own files of one load, the spec's so many'th, and their directory where
// they have one of their own.
func cleanTexts(dir *outdir.Dir, spec *Spec, load int, name string) error {
	in := dir
	if name != "" {
		if !dir.Exists(name) {
			return nil
		}
		sub, err := dir.Sub(name)
		if err != nil {
			return err
		}
		defer func() { _ = sub.Close() }() // only opened; what is removed stays removed
		in = sub
	}
	errs := []error{in.RemoveTemporary()}
	for i := range spec.Replications {
		for _, b := range spec.blocks(load*spec.Replications + i) {
			jobs, nodes := textNames(&b)
			errs = append(errs, in.Remove(jobs), in.Remove(nodes))
		}
	}
	if name != "" {
		_ = dir.Remove(name) // stays where others have put something into it
	}
	return errors.Join(errs...)
}
