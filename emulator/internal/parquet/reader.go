// Package parquet writes and reads flat Parquet files: required columns of whole numbers, doubles and texts, compressed
// with Zstandard, without statistics. A file may be anybody's, and the library for all that Parquet can be
// (parquet-go, which the tests hold this package against) panics on many that are not whole, takes whatever memory
// they announce, and is 7 MB of an executable. This reader takes memory as values come, up to limits, and returns an
// error for all else.
package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// ErrFormat is wrapped by the errors about a file that is not whole, or not of the form that is read.
var ErrFormat = errors.New("not a Parquet file of the form that testbed writes")

// Type is a column's physical type, with Parquet's numbers.
type Type int64

// The types that are read.
const (
	Int32  Type = 1
	Int64  Type = 2
	Double Type = 5
	Text   Type = 6
)

// Encoding is how a column's values are stored, with Parquet's numbers.
type Encoding int64

// The encodings that are read and written (parquet-format, Encodings.md).
const (
	Plain      Encoding = 0
	Delta      Encoding = 5 // of whole numbers: DELTA_BINARY_PACKED
	Dictionary Encoding = 8 // RLE_DICTIONARY, of few different values
	Split      Encoding = 9 // of doubles: BYTE_STREAM_SPLIT
)

// Column is one that a file must have.
type Column struct {
	Name     string
	Type     Type
	Encoding Encoding // the Writer's; a File may have any
}

// Values are a column's values in a row group, in the field of its type.
type Values struct {
	Ints       []int64
	Floats     []float64
	Texts      []string
	dictionary *Values
}

func (v *Values) length() int { return len(v.Ints) + len(v.Floats) + len(v.Texts) }

// Limits.
const (
	mostFooter = 16 << 20 // bytes
	mostPage   = 64 << 20 // bytes, as stored and decompressed
	MaxGroup   = 1 << 22  // rows of a row group
	MaxRows    = 1 << 26  // rows of a file
)

const magic = "PAR1"

// File is an open file.
type File struct {
	from    io.ReaderAt
	size    int64
	columns []Column
	groups  []value
	zstd    *zstd.Decoder
	scratch []byte
}

// Open reads a file's metadata. The file must have the columns given, in their order, and no others.
func Open(from io.ReaderAt, size int64, columns []Column) (*File, error) {
	f := &File{from: from, size: size, columns: columns}
	footer, err := f.footer()
	if err == nil {
		err = f.check(footer)
	}
	if err == nil {
		f.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPage),
			zstd.WithDecoderMaxWindow(mostPage))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return f, nil
}

// Close frees what decompression has taken.
func (f *File) Close() { f.zstd.Close() }

// Groups is the number of row groups.
func (f *File) Groups() int { return len(f.groups) }

// footer finds and decodes the metadata at the file's end.
func (f *File) footer() (value, error) {
	var head, tail [8]byte
	if f.size < 12 {
		return value{}, errors.New("it is too short")
	}
	if err := errors.Join(f.read(head[:4], 0), f.read(tail[:], f.size-8)); err != nil {
		return value{}, err
	}
	size := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(head[:4]) != magic || string(tail[4:]) != magic || size > mostFooter || size > f.size-12 {
		return value{}, errors.New("it does not begin or end as one")
	}
	text := make([]byte, size)
	if err := f.read(text, f.size-8-size); err != nil {
		return value{}, err
	}
	v, end, err := parse(text)
	if err == nil && end != len(text) {
		err = errors.New("something follows its metadata")
	}
	return v, err
}

func (f *File) read(into []byte, at int64) error {
	if n, err := f.from.ReadAt(into, at); n < len(into) {
		return err
	}
	return nil
}

// check holds the metadata against the columns wanted, and the row groups' numbers of rows against each other.
func (f *File) check(footer value) error {
	schema := footer.of(2).list
	if len(schema) != 1+len(f.columns) || schema[0].of(5).number != int64(len(f.columns)) {
		return fmt.Errorf("it has other columns than the %d wanted", len(f.columns))
	}
	for i, c := range f.columns {
		s := schema[1+i]
		if string(s.of(4).text) != c.Name || s.of(1).number != int64(c.Type) || s.of(3).number != 0 || s.of(5).number != 0 {
			return fmt.Errorf("its column %d is not %s", 1+i, c.Name)
		}
	}
	f.groups = footer.of(4).list
	rows := int64(0)
	for i, g := range f.groups {
		n, ok := g.of(3).within(0, MaxGroup)
		if !ok || len(g.of(1).list) != len(f.columns) {
			return fmt.Errorf("row group %d has %d columns and %d rows; at most %d are read", i, len(g.of(1).list),
				g.of(3).number, MaxGroup)
		}
		rows += int64(n)
	}
	if rows != footer.of(3).number || rows > MaxRows {
		return fmt.Errorf("it announces %d rows, its row groups have %d, and at most %d are read", footer.of(3).number, rows,
			MaxRows)
	}
	return nil
}

// Group reads a row group: for each column, all values.
func (f *File) Group(i int) ([]Values, error) {
	g := f.groups[i]
	rows, _ := g.of(3).within(0, MaxGroup)
	all := make([]Values, len(f.columns))
	for c := range f.columns {
		if err := f.chunk(&all[c], f.columns[c].Type, g.of(1).list[c], rows); err != nil {
			return nil, fmt.Errorf("%w: row group %d, column %s: %w", ErrFormat, i, f.columns[c].Name, err)
		}
		all[c].dictionary = nil
	}
	return all, nil
}

const codecZstd = 6

// chunk reads the pages of a column in a row group.
func (f *File) chunk(v *Values, kind Type, chunk value, rows int) error {
	meta := chunk.of(3)
	at, end := meta.of(9).number, meta.of(7).number
	if dictionary := meta.of(11).number; dictionary > 0 && dictionary < at {
		at = dictionary
	}
	if meta.of(1).number != int64(kind) || meta.of(4).number != codecZstd || meta.of(5).number != int64(rows) {
		return fmt.Errorf("type %d, compression %d, %d values of %d rows", meta.of(1).number, meta.of(4).number,
			meta.of(5).number, rows)
	}
	if at < 4 || end < 0 || at > f.size-8 || end > f.size-8-at {
		return errors.New("it is beyond the file's end")
	}
	for end += at; v.length() < rows; {
		size, err := f.page(v, kind, at, end, rows-v.length())
		if err != nil {
			return err
		}
		at += size
	}
	return nil
}

// mostHeader is the most bytes of a page's header: its statistics hold two values.
const mostHeader = 64 << 10

// page reads the page at an offset, of at most so many values, and says how long it is.
func (f *File) page(v *Values, kind Type, at, end int64, most int) (int64, error) {
	head := make([]byte, min(mostHeader, end-at))
	if err := f.read(head, at); err != nil {
		return 0, err
	}
	header, length, err := parse(head)
	if err != nil {
		return 0, err
	}
	stored, ok1 := header.of(3).within(0, mostPage)
	size, ok2 := header.of(2).within(0, mostPage)
	if total := int64(length) + int64(stored); !ok1 || !ok2 || total > end-at {
		return 0, fmt.Errorf("a page of %d bytes, %d decompressed, in %d; at most %d are read", header.of(3).number,
			header.of(2).number, end-at, mostPage)
	}
	text, err := f.content(header, at+int64(length), stored, size)
	if err != nil {
		return 0, err
	}
	switch data := header.of(8); header.of(1).number {
	case 2: // a dictionary
		n, ok := header.of(7).of(1).within(0, MaxGroup)
		if !ok || v.dictionary != nil || v.length() > 0 {
			return 0, errors.New("a dictionary that is too large, or not the first page")
		}
		v.dictionary = &Values{}
		err = v.dictionary.plain(kind, text, n)
	case 3: // data, version 2
		n, ok := data.of(1).within(1, int64(most))
		if !ok || data.of(2).number != 0 || data.of(5).number != 0 || data.of(6).number != 0 {
			return 0, fmt.Errorf("a page of %d values, %d of them missing, where %d are due", data.of(1).number,
				data.of(2).number, most)
		}
		err = v.decode(kind, Encoding(data.of(4).number), text, n)
	default:
		err = fmt.Errorf("a page of the kind %d", header.of(1).number)
	}
	return int64(length) + int64(stored), err
}

// content reads and decompresses a page.
func (f *File) content(header value, at int64, stored, size int) ([]byte, error) {
	text := make([]byte, stored)
	if err := f.read(text, at); err != nil {
		return nil, err
	}
	if crc, known := header.fields[4]; known && uint32(crc.number) != crc32.ChecksumIEEE(text) {
		return nil, errors.New("a page's checksum is wrong")
	}
	if compressed, known := header.of(8).fields[7]; known && compressed.number == 0 {
		return text, nil
	}
	out, err := f.zstd.DecodeAll(text, f.scratch[:0])
	if err != nil {
		return nil, err
	}
	f.scratch = out
	if len(out) != size {
		return nil, fmt.Errorf("a page of %d bytes that announces %d", len(out), size)
	}
	return out, nil
}
