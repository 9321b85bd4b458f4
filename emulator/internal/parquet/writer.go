package parquet

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a file, a row group at a time.
type Writer struct {
	to      io.Writer
	at      int64 // bytes written
	columns []Column
	creator string
	rows    int64
	groups  []record
	zstd    *zstd.Encoder
	page    []byte // the last one, compressed
}

// NewWriter begins a file of the columns given. Creator names the program that writes, as the format's specification
// has it: "NAME version N.N.N (build REVISION)".
func NewWriter(to io.Writer, creator string, columns []Column) (*Writer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	w := &Writer{to: to, columns: columns, creator: creator, zstd: encoder}
	return w, w.write([]byte(magic))
}

func (w *Writer) write(text []byte) error {
	n, err := w.to.Write(text)
	w.at += int64(n)
	return err
}

// Group writes a row group: for each column all values, as many as of every other, up to MaxGroup. None are left out.
func (w *Writer) Group(all []Values) error {
	rows := all[0].length()
	if rows == 0 {
		return nil
	}
	if len(all) != len(w.columns) || rows > MaxGroup {
		return fmt.Errorf("a row group of %d rows and %d columns, where %d columns are due", rows, len(all), len(w.columns))
	}
	var group record
	whole := int64(0)
	group.list(1, kindStruct, len(all))
	for i, c := range w.columns {
		if all[i].length() != rows {
			return fmt.Errorf("column %s has %d values in %d rows", c.Name, all[i].length(), rows)
		}
		chunk, size, err := w.chunk(c, &all[i])
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		group.element(chunk)
		whole += size
	}
	group.int64(2, whole)
	group.int64(3, int64(rows))
	w.groups = append(w.groups, group)
	w.rows += int64(rows)
	return nil
}

// chunk writes a column of a row group, and returns its ColumnChunk and its size before compression, in bytes.
func (w *Writer) chunk(c Column, v *Values) (chunk record, size int64, err error) {
	begin := w.at
	text, dictionary, err := v.encode(c)
	if err != nil {
		return record{}, 0, err
	}
	if dictionary != nil {
		var head record
		head.int32(1, dictionary.length())
		head.int32(2, int(Plain))
		if size, err = w.writePage(pageDictionary, 7, head, dictionary.appendPlain(nil, c.Type)); err != nil {
			return record{}, 0, err
		}
	}
	data := w.at
	var head record
	head.int32(1, v.length())
	head.int32(2, 0) // missing values
	head.int32(3, v.length())
	head.int32(4, int(c.Encoding))
	head.int32(5, 0) // bytes of levels, of which required columns have none
	head.int32(6, 0)
	n, err := w.writePage(pageData, 8, head, text)
	if err != nil {
		return record{}, 0, err
	}
	size += n
	chunk.int64(2, 0) // where a copy of the metadata would be
	chunk.record(3, w.metadata(c, v.length(), size, begin, data))
	return chunk, size, nil
}

// metadata is the ColumnMetaData of a column in a row group, written from one offset on, its data from another one.
func (w *Writer) metadata(c Column, values int, size, begin, data int64) record {
	var m record
	m.int32(1, int(c.Type))
	encodings := []Encoding{c.Encoding}
	if data > begin {
		encodings = append(encodings, Plain) // of the dictionary
	}
	m.list(2, kindInt32, len(encodings))
	for _, e := range encodings {
		m.number(int64(e))
	}
	m.list(3, kindText, 1)
	m.bytes(c.Name)
	m.int32(4, codecZstd)
	m.int64(5, int64(values))
	m.int64(6, size)
	m.int64(7, w.at-begin)
	m.int64(9, data)
	if data > begin {
		m.int64(11, begin)
	}
	return m
}

// The kinds of pages.
const (
	pageDictionary = 2
	pageData       = 3 // version 2
)

// writePage writes a page of a kind, whose own header is a field of every page's, and returns its size before
// compression, in bytes.
func (w *Writer) writePage(kind int, field int16, own record, text []byte) (int64, error) {
	if len(text) > mostPage {
		return 0, fmt.Errorf("a page of %d bytes: at most %d are read", len(text), mostPage)
	}
	w.page = w.zstd.EncodeAll(text, w.page[:0])
	var head record
	head.int32(1, kind)
	head.int32(2, len(text))
	head.int32(3, len(w.page))
	head.int32(4, int(int32(crc32.ChecksumIEEE(w.page))))
	head.record(field, own)
	header := head.end()
	if err := w.write(header); err != nil {
		return 0, err
	}
	return int64(len(header) + len(text)), w.write(w.page)
}

// Close writes the metadata, without which the file is none. It leaves the file underneath open.
func (w *Writer) Close() error {
	var footer record
	footer.int32(1, 1) // the format's version
	footer.list(2, kindStruct, 1+len(w.columns))
	var root record
	root.text(4, "row")
	root.int32(5, len(w.columns))
	footer.element(root)
	for _, c := range w.columns {
		footer.element(c.schema())
	}
	footer.int64(3, w.rows)
	footer.list(4, kindStruct, len(w.groups))
	for _, g := range w.groups {
		footer.element(g)
	}
	footer.text(6, w.creator)
	text := footer.end()
	text = binary.LittleEndian.AppendUint32(text, uint32(len(text)))
	if err := w.write(append(text, magic...)); err != nil {
		return err
	}
	return w.zstd.Close()
}

// schema is the column's SchemaElement.
func (c Column) schema() record {
	var s record
	s.int32(1, int(c.Type))
	s.int32(3, 0) // required
	s.text(4, c.Name)
	if c.Type == Text {
		s.int32(6, 0) // UTF8, for readers that do not know the next one
		var logical record
		logical.record(1, record{}) // STRING
		s.record(10, logical)
	}
	return s
}
