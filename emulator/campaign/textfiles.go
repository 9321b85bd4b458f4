package campaign

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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

// write writes both files of a simulation.
func (t *textFiles) write(b *Block, loads []int) error {
	jobs, nodes := textNames(t.dir, t.spec, b)
	if err := writeFile(jobs, func(w io.Writer) error { return statesim.WriteRows(w, b.Rows) }); err != nil {
		return err
	}
	return writeFile(nodes, func(w io.Writer) error { return statesim.WriteLoads(w, loads) })
}

// readTexts reads the rows of all simulations, in order; their times have six significant digits.
func readTexts(dir string, spec *Spec, each func(*Block) error) error {
	for i := range spec.units() {
		for _, b := range spec.blocks(i) {
			path, _ := textNames(dir, spec, &b)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if b.Rows, err = parseRows(text); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := each(&b); err != nil {
				return err
			}
		}
	}
	return nil
}

func parseRows(text []byte) ([]statesim.Row, error) {
	var rows []statesim.Row
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		var r statesim.Row
		if _, err := fmt.Fscan(strings.NewReader(lines.Text()), &r.Processing, &r.Network, &r.Traffic, &r.Length); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		rows = append(rows, r)
	}
	return rows, lines.Err()
}
