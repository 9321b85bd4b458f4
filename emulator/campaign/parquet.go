package campaign

import (
	"errors"
	"fmt"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/parquet"
)

// parquetColumns are those of ParquetFile, which has a row for each job of each simulation.
var parquetColumns = []parquet.Column{
	{Name: "jobs", Type: parquet.Int32, Encoding: parquet.Dictionary},   // the load
	{Name: "seed", Type: parquet.Int64, Encoding: parquet.Delta},        // of the replication
	{Name: "policy", Type: parquet.Text, Encoding: parquet.Dictionary},  // load, load+net
	{Name: "model", Type: parquet.Text, Encoding: parquet.Dictionary},   // external ...
	{Name: "job", Type: parquet.Int32, Encoding: parquet.Delta},         // index among the replication's jobs
	{Name: "length", Type: parquet.Int32, Encoding: parquet.Dictionary}, // invocations
	{Name: "processing_s", Type: parquet.Double, Encoding: parquet.Dictionary},
	{Name: "network_s", Type: parquet.Double, Encoding: parquet.Split},
	{Name: "total_s", Type: parquet.Double, Encoding: parquet.Split}, // the sum of the two
	{Name: "traffic_byte_hops", Type: parquet.Int64, Encoding: parquet.Delta},
}

// groupRows is about how many rows the file keeps together; it bounds the memory for writing.
const groupRows = 1 << 16

// parquetFile is a ParquetFile being written, under another name until it is finished.
type parquetFile struct {
	file *outdir.File
	out  *parquet.Writer
	rows []parquet.Values // by column
}

func createParquet(dir *outdir.Dir, name string) (*parquetFile, error) {
	file, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	out, err := parquet.NewWriter(file, "testbed version campaign (build 2)", parquetColumns)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file.Path(), err), file.Abort())
	}
	return &parquetFile{file: file, out: out, rows: make([]parquet.Values, len(parquetColumns))}, nil
}

// add takes the rows of a simulation.
func (p *parquetFile) add(b *Block) error {
	c := p.rows
	for i, r := range b.Rows {
		c[0].Ints = append(c[0].Ints, int64(b.Jobs))
		c[1].Ints = append(c[1].Ints, int64(b.Seed))
		c[2].Texts = append(c[2].Texts, string(b.Policy))
		c[3].Texts = append(c[3].Texts, string(b.Model))
		c[4].Ints = append(c[4].Ints, int64(i))
		c[5].Ints = append(c[5].Ints, int64(r.Length))
		c[6].Floats = append(c[6].Floats, r.Processing)
		c[7].Floats = append(c[7].Floats, r.Network)
		c[8].Floats = append(c[8].Floats, r.Processing+r.Network)
		c[9].Ints = append(c[9].Ints, r.Traffic)
	}
	if len(c[0].Ints) < groupRows {
		return nil
	}
	return p.flush()
}

func (p *parquetFile) flush() error {
	err := p.out.Group(p.rows)
	for i, c := range p.rows {
		p.rows[i] = parquet.Values{Ints: c.Ints[:0], Floats: c.Floats[:0], Texts: c.Texts[:0]}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.file.Path(), err)
	}
	return nil
}

// finish completes the file and gives it its name.
func (p *parquetFile) finish() error {
	if err := errors.Join(p.flush(), p.out.Close(), p.file.Sync()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", p.file.Path(), err), p.file.Abort())
	}
	return p.file.Commit()
}

// abandon removes what was written.
func (p *parquetFile) abandon() error { return p.file.Abort() }
