package campaign

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"testbed/emulator/internal/outdir"
)

// parquetRow is a row of ParquetFile: one job of one simulation.
type parquetRow struct {
	Jobs       int32   `parquet:"jobs,dict"`   // the load
	Seed       int64   `parquet:"seed,delta"`  // of the replication
	Policy     string  `parquet:"policy,dict"` // load, load+net
	Model      string  `parquet:"model,dict"`  // external ...
	Job        int32   `parquet:"job,delta"`   // index among the replication's jobs
	Length     int32   `parquet:"length,dict"` // invocations
	Processing float64 `parquet:"processing_s,dict"`
	Network    float64 `parquet:"network_s,split"`
	Total      float64 `parquet:"total_s,split"` // the sum of the two
	Traffic    int64   `parquet:"traffic_byte_hops,delta"`
}

// groupRows is about how many rows the file keeps together; it bounds the memory for writing.
const groupRows = 1 << 16

// parquetFile is a ParquetFile being written, under another name until it is finished.
type parquetFile struct {
	file *outdir.File
	out  *parquet.GenericWriter[parquetRow]
	rows []parquetRow
}

func createParquet(dir *outdir.Dir, name string) (*parquetFile, error) {
	file, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	return &parquetFile{file: file, out: parquet.NewGenericWriter[parquetRow](file,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.CreatedBy("testbed", "campaign", "1"))}, nil
}

// add takes the rows of a simulation.
func (p *parquetFile) add(b *Block) error {
	for i, r := range b.Rows {
		p.rows = append(p.rows, parquetRow{
			Jobs:       int32(b.Jobs),
			Seed:       int64(b.Seed),
			Policy:     string(b.Policy),
			Model:      string(b.Model),
			Job:        int32(i),
			Length:     int32(r.Length),
			Processing: r.Processing,
			Network:    r.Network,
			Total:      r.Processing + r.Network,
			Traffic:    r.Traffic,
		})
	}
	if len(p.rows) < groupRows {
		return nil
	}
	return p.flush()
}

func (p *parquetFile) flush() error {
	_, err := p.out.Write(p.rows)
	p.rows = p.rows[:0]
	if err := errors.Join(err, p.out.Flush()); err != nil {
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
