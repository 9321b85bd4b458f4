package campaign

import (
	"fmt"
	"math"

	"testbed/emulator/internal/parquet"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
)

// maxParquet is the most bytes of a ParquetFile that are read.
const maxParquet = 16 * readfile.GiB

// readParquet reads the simulations of a ParquetFile, in order. A simulation without jobs leaves no rows
// and is not seen again. Memory is bounded by that package's limits for a row group.
func readParquet(path string, each func(*Block) error) error {
	file, err := readfile.Open(path, maxParquet)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	in, err := parquet.Open(file, info.Size(), parquetColumns)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer in.Close()
	r := &blockReader{each: each}
	for i := range in.Groups() {
		columns, err := in.Group(i)
		if err == nil {
			err = r.take(columns)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return r.end()
}

// blockReader puts simulations together from rows.
type blockReader struct {
	each  func(*Block) error
	block *Block
	rows  int
}

func (r *blockReader) take(c []parquet.Values) error {
	for i := range c[0].Ints {
		b := Block{Jobs: int(c[0].Ints[i]), Seed: uint64(c[1].Ints[i]), Policy: placement.Policy(c[2].Texts[i]),
			Model: plan.Model(c[3].Texts[i])}
		if r.block == nil || !r.block.same(&b) {
			if err := r.end(); err != nil {
				return err
			}
			r.block = &b
		}
		r.rows++
		row := statesim.Row{Processing: c[6].Floats[i], Network: c[7].Floats[i], Traffic: c[9].Ints[i],
			Length: int(c[5].Ints[i])}
		if err := checkRow(&row); err != nil {
			return fmt.Errorf("row %d: %w", r.rows, err)
		}
		if job := c[4].Ints[i]; job != int64(len(r.block.Rows)) {
			return fmt.Errorf("row %d: the job %d of the simulation %s, where %d is due", r.rows, job, r.block,
				len(r.block.Rows))
		}
		if len(r.block.Rows) == maxRows {
			return fmt.Errorf("row %d: the simulation %s has more than the %d that are read: %w", r.rows, r.block, maxRows,
				readfile.ErrLimit)
		}
		r.block.Rows = append(r.block.Rows, row)
	}
	return nil
}

// end hands the last simulation on.
func (r *blockReader) end() error {
	if r.block == nil {
		return nil
	}
	b := r.block
	r.block = nil
	return r.each(b)
}

// same says whether two blocks are of one simulation.
func (b *Block) same(o *Block) bool {
	return b.Seed == o.Seed && b.Jobs == o.Jobs && b.Policy == o.Policy && b.Model == o.Model
}

// maxLength is the longest chain that a trace can hold.
const maxLength = 10_000

// checkRow fails where a row has what no simulation says.
func checkRow(r *statesim.Row) error {
	for _, v := range []float64{r.Processing, r.Network} {
		if !(math.Abs(v) <= 1e15) {
			return fmt.Errorf("the time %v is no number of seconds", v)
		}
	}
	if r.Length < 0 || r.Length > maxLength {
		return fmt.Errorf("the length %d is none from 0 to %d", r.Length, maxLength)
	}
	return nil
}
