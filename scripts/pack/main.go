// Pack compresses its standard input with Zstandard, in one frame that states size and checksum of what it holds. With
// -columns it takes rows of comma-separated cells, and packs the first cell of each, then the second of each, and so
// on, a cell a line, an empty line after each column: cells of a kind, one after the other, are fewer bytes. It is how
// what is built into the controller is made small.
package main

import (
	"bytes"
	"flag"
	"io"
	"log"
	"os"

	"github.com/klauspost/compress/zstd"
)

func main() {
	columns := flag.Bool("columns", false, "pack comma-separated rows, column by column")
	flag.Parse()
	if err := pack(os.Stdin, os.Stdout, *columns); err != nil {
		log.Fatal(err)
	}
}

func pack(from io.Reader, to io.Writer, columns bool) error {
	content, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	if columns {
		content = transposed(content)
	}
	// One thread and level: the same bytes wherever it is built.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	_, err = to.Write(encoder.EncodeAll(content, nil))
	return err
}

func transposed(rows []byte) []byte {
	var columns [][]byte
	for line := range bytes.Lines(rows) {
		for i, cell := range bytes.Split(bytes.TrimSuffix(line, []byte("\n")), []byte(",")) {
			if i == len(columns) {
				columns = append(columns, nil)
			}
			columns[i] = append(append(columns[i], cell...), '\n')
		}
	}
	return append(bytes.Join(columns, []byte("\n")), '\n')
}
