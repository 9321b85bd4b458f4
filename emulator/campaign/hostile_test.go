package campaign

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/parquet"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
)

// tiny is the directory of a finished campaign of two simulations, and one of its files.
func tiny(t testing.TB, store Store) (dir, text string, c Config) {
	t.Helper()
	c = small(t)
	c.Jobs, c.Replications, c.Policies, c.Models, c.Store = []int{5}, 2, []placement.Policy{placement.Load},
		[]plan.Model{plan.InEdge}, store
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	name, _ := textNames(&Block{Jobs: 5, Seed: c.Seed, Policy: placement.Load, Model: plan.InEdge})
	return c.Dir, filepath.Join(c.Dir, loadDir(&c.Spec, 5), name), c
}

// Files that are cut off, altered or of another campaign are an error that names them.
func TestRowsThatAreNone(t *testing.T) {
	dir, _, c := tiny(t, Parquet)
	path := filepath.Join(dir, ParquetFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 7 {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); !errors.Is(err, parquet.ErrFormat) || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut off after %d bytes: %v", n, err)
		}
	}
	other := c
	other.Models, other.Dir = []plan.Model{plan.InClient}, filepath.Join(t.TempDir(), "other")
	if _, err := Run(context.Background(), other); err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(filepath.Join(other.Dir, ParquetFile))
	if err := errors.Join(err, os.WriteFile(path, foreign, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, errForeign) {
		t.Errorf("rows of another campaign: %v", err)
	}
}

// A manifest says of how many simulations a campaign consists, up to a limit.
func TestCampaignsAreBounded(t *testing.T) {
	for what, spoil := range map[string]func(*Spec){
		"replications": func(s *Spec) { s.Replications = 1 << 60 },
		"simulations":  func(s *Spec) { s.Replications = maxSimulations / 4 },
		"a load":       func(s *Spec) { s.Jobs[0] = 1 << 60 },
		"loads":        func(s *Spec) { s.Jobs = make([]int, maxLoads+1) },
	} {
		s := Study()
		spoil(&s)
		if err := s.Validate(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	dir, text, c := tiny(t, Statesim)
	for content, want := range map[string]string{"1 2 3\n": "line 1", "1 2 3 4\nNaN 2 3 4\n": "line 2",
		"1 2 3 -4\n": "line 1", "1 2 3 99999\n": "line 1", strings.Repeat("1", 1<<20): "line 1"} {
		if err := os.WriteFile(text, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), text) && !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", content, err)
		}
	}
	for _, name := range []string{ManifestFile, filepath.Base(text)} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)); err != nil {
			t.Skip(err)
		}
		if _, err := Load(dir); !errors.Is(err, readfile.ErrNotRegular) {
			t.Errorf("%s is /dev/zero: %v", name, err)
		}
		if _, err := Run(context.Background(), c); name == ManifestFile && !errors.Is(err, readfile.ErrNotRegular) {
			t.Errorf("%s is /dev/zero: %v", name, err)
		}
	}
}

// record is a journal's record of so many rows, with its checksum.
func journalRecord(unit, rows uint32) []byte {
	body := binary.LittleEndian.AppendUint32(nil, rows)
	body = append(body, make([]byte, rowBytes)...)
	binary.LittleEndian.PutUint64(body[4:], math.Float64bits(1))
	text := binary.LittleEndian.AppendUint32(nil, unit)
	text = binary.LittleEndian.AppendUint32(text, uint32(len(body)))
	text = binary.LittleEndian.AppendUint32(text, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return append(text, body...)
}

// FuzzJournal resumes with any journal: a record that is not whole is left out, and no number in it takes memory.
func FuzzJournal(f *testing.F) {
	spec := Spec{Jobs: []int{5}, Replications: 3, Seed: 1, Policies: []placement.Policy{placement.Load},
		Models: []plan.Model{plan.InEdge}}
	head := journalHeader("x")
	f.Add(append(head, journalRecord(0, 1)...))
	f.Add(append(head, append(journalRecord(1, math.MaxUint32), journalRecord(2, 0)...)...))
	f.Add(append(head, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0))
	f.Add(head[:5])
	dir, err := outdir.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir.Path(), JournalFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(dir, "x", &spec, true)
		if err != nil {
			return
		}
		defer j.file.Close()
		for unit := range j.at {
			if _, err := j.blocks(unit); err == nil && unit >= spec.units() {
				t.Fatalf("a replication %d of %d", unit, spec.units())
			}
		}
	})
}

// FuzzLoad puts any bytes in the place of one of a campaign's files.
func FuzzLoad(f *testing.F) {
	var paths []string
	var whole [][]byte
	for _, store := range Stores {
		dir, text, _ := tiny(f, store)
		files := []string{filepath.Join(dir, ManifestFile), filepath.Join(dir, ParquetFile)}
		if store == Statesim {
			files[1] = text
		}
		for _, path := range files {
			content, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(len(paths)), content)
			f.Add(uint8(len(paths)), content[:len(content)-9])
			paths, whole = append(paths, path), append(whole, content)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		at := int(which) % len(paths)
		if err := os.WriteFile(paths[at], text, 0o644); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.WriteFile(paths[at], whole[at], 0o644) }()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if r, err := Load(filepath.Dir(paths[at])); err == nil {
			if len(r.Means) > r.Spec.simulations() {
				t.Fatalf("%d means of %d simulations", len(r.Means), r.Spec.simulations())
			}
			_, _ = r.Ranks(plan.InEdge), r.Lengths(5, placement.Load, plan.InEdge)
		}
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 500 {
			t.Errorf("%d MB were taken", took)
		}
	})
}
