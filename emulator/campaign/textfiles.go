package campaign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/predict/statesim"
)

// textFiles are the published simulator's own files.
type textFiles struct {
	dir  string
	spec *Spec
}

// newTextFiles makes the directories for the simulator's files.
func newTextFiles(dir string, spec *Spec) (*textFiles, error) {
	for _, jobs := range spec.Jobs {
		if err := os.MkdirAll(loadDir(dir, spec, jobs), 0o755); err != nil {
			return nil, err
		}
	}
	return &textFiles{dir, spec}, nil
}

// loadDir is the directory of a load's files. Their names do not say the load, so where there are several
// each has a directory of its own.
func loadDir(dir string, spec *Spec, jobs int) string {
	if len(spec.Jobs) == 1 {
		return dir
	}
	return filepath.Join(dir, fmt.Sprintf("jobs=%d", jobs))
}

// textNames are the files of a simulation.
func textNames(dir string, spec *Spec, b *Block) (jobs, nodes string) {
	in := loadDir(dir, spec, b.Jobs)
	jobs, nodes = statesim.FileNames(b.Policy, b.Model, b.Seed)
	return filepath.Join(in, jobs), filepath.Join(in, nodes)
}

// text is a file and its content.
type text struct {
	path    string
	content []byte
}

// render makes both files of a simulation.
func (t *textFiles) render(b *Block, loads []int) ([]text, error) {
	jobs, nodes := textNames(t.dir, t.spec, b)
	const line = 40 // bytes, about
	var rows, counts bytes.Buffer
	rows.Grow(line * len(b.Rows))
	err := errors.Join(statesim.WriteRows(&rows, b.Rows), statesim.WriteLoads(&counts, loads))
	return []text{{jobs, rows.Bytes()}, {nodes, counts.Bytes()}}, err
}

// write writes the files of a replication. A crash may leave them half written; but then the replication is
// not in the journal, and is done again. Only one worker writes at a time: several that make files in one
// directory spend more time waiting for each other than on anything else.
func (t *textFiles) write(files []text) error {
	for _, f := range files {
		if err := os.WriteFile(f.path, f.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readTexts reads the rows of all simulations, in order; their times have six significant digits.
func readTexts(dir string, spec *Spec, each func(*Block) error) error {
	for i := range spec.units() {
		for _, b := range spec.blocks(i) {
			path, _ := textNames(dir, spec, &b)
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
		if _, err := fmt.Fscan(strings.NewReader(lines.Text()), &r.Processing, &r.Network, &r.Traffic, &r.Length); err != nil {
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
