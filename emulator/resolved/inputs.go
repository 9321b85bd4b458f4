package resolved

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
)

// LargestInput is the size, in bytes, up to which a run keeps a copy of a file that its scenario reads. Of a larger
// one it keeps the size and the hash.
const LargestInput = 64 * readfile.MiB

// Kept is what KeepInputs has kept.
type Kept struct {
	Scenario *scenario.Scenario // which reads the copies
	Inputs   []record.Input     // the files that it reads
}

// KeepInputs makes a directory hold all that the scenario is: scenario.yaml, all defaults resolved, and, below
// inputs, copies of the files that it reads. That scenario names them by paths relative to itself, so that it means
// the same wherever the directory is moved, and whatever becomes of the originals. Files of more than most bytes are
// hashed only; their path in the scenario is that of the copy which somebody may put there. The directory is made
// where there is none; nothing is written through links.
func KeepInputs(s *scenario.Scenario, dir string, most int64) (*Kept, error) {
	out, err := outdir.Make(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // a directory: what is in it has been synced
	kept := &Kept{}
	paths := map[string]string{}
	for _, ref := range s.References() {
		name := inputName(ref, kept.Inputs)
		for _, suffix := range ref.Suffixes {
			in, err := keep(out, ref.Path+suffix, record.Input{Key: ref.Key, Name: name + suffix}, most)
			if err != nil {
				return nil, fmt.Errorf("keeping a copy of what %s reads as %s: %w", s.Path(), ref.Key, err)
			}
			kept.Inputs = append(kept.Inputs, in)
		}
		paths[ref.Key] = record.InputsDir + "/" + name
	}
	kept.Scenario = s.Relocated(filepath.Join(dir, record.ScenarioFile), paths)
	text, err := kept.Scenario.Resolved()
	if err == nil {
		err = out.WriteSynced(record.ScenarioFile, text)
	}
	return kept, err
}

// copyPath is where the copy of an input is, or would be, in the directory.
func copyPath(in record.Input) string { return record.InputsDir + "/" + in.Name }

// keep copies a file into the directory of inputs, and works out its hash on the way.
func keep(out *outdir.Dir, path string, in record.Input, most int64) (record.Input, error) {
	file, err := readfile.Open(path, readfile.NoLimit)
	if err != nil {
		return in, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return in, err
	}
	hash := sha256.New()
	if info.Size() > most {
		in.Bytes, err = io.Copy(hash, file)
		in.SHA256 = hex.EncodeToString(hash.Sum(nil))
		return in, err
	}
	sub, err := out.Sub(record.InputsDir)
	if err != nil {
		return in, err
	}
	defer func() { _ = sub.Close() }()
	copied, err := sub.Create(in.Name)
	if err != nil {
		return in, err
	}
	in.Bytes, err = io.Copy(io.MultiWriter(copied, hash), io.LimitReader(file, most+1))
	if err == nil && in.Bytes > most {
		err = fmt.Errorf("%s grows while it is read", path)
	}
	if err == nil {
		err = copied.Sync()
	}
	if err != nil {
		return in, errors.Join(err, copied.Abort())
	}
	in.File, in.SHA256 = copyPath(in), hex.EncodeToString(hash.Sum(nil))
	return in, copied.Commit()
}

// inputName is the name of a copy: the original's, as far as it is a plain one that no other input has.
func inputName(ref scenario.Reference, others []record.Input) string {
	name := plain(filepath.Base(ref.Path))
	name = strings.TrimLeft(name, ".")
	name = name[max(0, len(name)-100):]
	if name == "" || strings.Trim(name, "-.") == "" {
		name = "file"
	}
	for _, o := range others {
		if strings.HasPrefix(o.Name, name) {
			return plain(ref.Key) + "-" + name
		}
	}
	return name
}

// plain is a text with hyphens in the place of what a file's name had better not have.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, text)
}
