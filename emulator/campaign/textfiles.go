package campaign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/predict/statesim"
)

// textFiles are the published simulator's own files.
type textFiles struct {
	spec *Spec
	dirs map[int]*outdir.Dir // by load
	own  []*outdir.Dir       // of those, the ones to close
}

// newTextFiles makes the directories for the simulator's files.
func newTextFiles(dir *outdir.Dir, spec *Spec) (*textFiles, error) {
	t := &textFiles{spec: spec, dirs: map[int]*outdir.Dir{}}
	for _, jobs := range spec.Jobs {
		t.dirs[jobs] = dir
		name := loadDir(spec, jobs)
		if name == "" {
			continue
		}
		sub, err := dir.Sub(name)
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.dirs[jobs], t.own = sub, append(t.own, sub)
		if err := sub.RemoveTemporary(); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	return t, nil
}

func (t *textFiles) close() error {
	var errs []error
	for _, dir := range t.own {
		errs = append(errs, dir.Close())
	}
	t.own = nil
	return errors.Join(errs...)
}

// loadDir is the directory of a load's files within the campaign's; empty: that one itself. The files' names do
// not say the load, so where there are several each has a directory of its own.
func loadDir(spec *Spec, jobs int) string {
	if len(spec.Jobs) == 1 {
		return ""
	}
	return fmt.Sprintf("jobs=%d", jobs)
}

// textNames are the names of a simulation's files in the directory of its load.
func textNames(b *Block) (jobs, nodes string) { return statesim.FileNames(b.Policy, b.Model, b.Seed) }

// text is a file and its content.
type text struct {
	dir     *outdir.Dir
	name    string
	content []byte
}

// render makes both files of a simulation.
func (t *textFiles) render(b *Block, loads []int) ([]text, error) {
	jobs, nodes := textNames(b)
	const line = 40 // bytes, about
	var rows, counts bytes.Buffer
	rows.Grow(line * len(b.Rows))
	err := errors.Join(statesim.WriteRows(&rows, b.Rows), statesim.WriteLoads(&counts, loads))
	dir := t.dirs[b.Jobs]
	return []text{{dir, jobs, rows.Bytes()}, {dir, nodes, counts.Bytes()}}, err
}

// write writes the files of a replication. A crash may leave some of them out; but then the replication is not
// in the journal, and is done again. Only one worker writes at a time: several that make files in one
// directory spend more time waiting for each other than on anything else.
func (t *textFiles) write(files []text) error {
	for _, f := range files {
		if err := f.dir.WriteFile(f.name, f.content); err != nil {
			return err
		}
	}
	return nil
}

// readTexts reads the rows of all simulations, in order; their times have six significant digits.
func readTexts(dir string, spec *Spec, each func(*Block) error) error {
	for i := range spec.units() {
		for _, b := range spec.blocks(i) {
			name, _ := textNames(&b)
			path := filepath.Join(dir, loadDir(spec, b.Jobs), name)
			content, err := readfile.All(path, maxText)
			if err != nil {
				return err
			}
			if b.Rows, err = parseRows(content); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := each(&b); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxText is the most bytes of a simulation's file.
const maxText = 256 * readfile.MiB

func parseRows(content []byte) ([]statesim.Row, error) {
	var rows []statesim.Row
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		var r statesim.Row
		line := strings.NewReader(lines.Text())
		if _, err := fmt.Fscan(line, &r.Processing, &r.Network, &r.Traffic, &r.Length); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if err := checkRow(&r); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if n > maxRows {
			return nil, fmt.Errorf("line %d: at most %d are read: %w", n, maxRows, readfile.ErrLimit)
		}
		rows = append(rows, r)
	}
	return rows, lines.Err()
}
