// Package journal is a file to which what is finished of a long piece of work is appended, so that a process that
// was killed can go on. After a header, each record has a checksum of its own: one that a crash cut off is known,
// and left out.
package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"testbed/emulator/internal/outdir"
)

// ErrForeign is wrapped by the error for a file that has another header.
var ErrForeign = errors.New("it belongs to another")

// ErrBusy is wrapped by the error for a file that another process writes.
var ErrBusy = errors.New("another process is at work on it")

const (
	head        = 12      // tag, length, checksum: uint32 each
	most        = 1 << 28 // bytes of a record, which has one at least: zeros, of which a file may end, are none
	mostRecords = 1 << 22
)

// errMany is that of a file with more records than anybody has reason to write.
var errMany = fmt.Errorf("it has more than %d records", mostRecords)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// File is an open journal. It is for one goroutine.
type File struct {
	file *os.File
	end  int64
	text []byte // reused
}

// Record is where a record's content is.
type Record struct {
	Tag    uint32 // as it was given to Append
	offset int64
	bytes  int
}

// Open opens the journal of that name in a directory, and makes a new one unless resume is true and there is one. It
// returns the records up to the first that is not whole, or whose tag is not valid, and cuts off the rest. A header
// of another content fails with an error that wraps ErrForeign.
func Open(
	dir *outdir.Dir, name string, header []byte, resume bool, valid func(tag uint32) bool,
) (*File, []Record, error) {
	file, err := open(dir, name, resume)
	if err != nil {
		return nil, nil, err
	}
	f := &File{file: file}
	var records []Record
	if err = lock(file); err == nil {
		records, err = f.load(header, valid)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
	}
	return f, records, nil
}

// Look opens a journal for reading only, as it is while another process may write it; fs.ErrNotExist: there is none.
func Look(dir *outdir.Dir, name string, header []byte, valid func(tag uint32) bool) (*File, []Record, error) {
	file, err := dir.Read(name)
	if err != nil {
		return nil, nil, err
	}
	f := &File{file: file}
	found := make([]byte, len(header))
	if _, err := io.ReadFull(file, found); err == nil && !bytes.Equal(found, header) {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), ErrForeign), file.Close())
	}
	records, err := f.scan(header, valid)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
	}
	return f, records, nil
}

// open opens the file that is there where that is wanted, and else a new one in its place.
func open(dir *outdir.Dir, name string, resume bool) (*os.File, error) {
	if resume {
		file, err := dir.OldRecord(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	if err := dir.Remove(name); err != nil {
		return nil, err
	}
	return dir.NewRecord(name)
}

// load finds the records up to the first that is not whole, and cuts the rest off.
func (f *File) load(header []byte, valid func(uint32) bool) ([]Record, error) {
	found := make([]byte, len(header))
	if n, err := io.ReadFull(f.file, found); err != nil || !bytes.Equal(found, header) {
		if n == len(header) {
			return nil, ErrForeign
		}
		if err := f.file.Truncate(0); err != nil {
			return nil, err
		}
		if _, err := f.file.WriteAt(header, 0); err != nil {
			return nil, err
		}
	}
	records, err := f.scan(header, valid)
	if err != nil {
		return nil, err
	}
	return records, f.file.Truncate(f.end)
}

// scan finds the records up to the first that is not whole or not valid.
func (f *File) scan(header []byte, valid func(uint32) bool) (records []Record, err error) {
	for f.end = int64(len(header)); ; {
		r, ok := f.check(f.end)
		if !ok || !valid(r.Tag) {
			return records, nil
		}
		if len(records) == mostRecords {
			return nil, errMany
		}
		records = append(records, r)
		f.end += head + int64(r.bytes)
	}
}

// check reads the record at an offset, and says whether all of it is there and sound.
func (f *File) check(offset int64) (Record, bool) {
	var h [head]byte
	if _, err := f.file.ReadAt(h[:], offset); err != nil {
		return Record{}, false
	}
	r := Record{binary.LittleEndian.Uint32(h[:]), offset + head, int(binary.LittleEndian.Uint32(h[4:]))}
	info, err := f.file.Stat()
	if err != nil || r.bytes < 1 || r.bytes > most || r.offset+int64(r.bytes) > info.Size() {
		return Record{}, false
	}
	text, err := f.Read(r)
	return r, err == nil && crc32.Checksum(text, castagnoli) == binary.LittleEndian.Uint32(h[8:])
}

// Read reads a record's content, which is valid until the next call of a method.
func (f *File) Read(r Record) ([]byte, error) {
	if cap(f.text) < r.bytes {
		f.text = make([]byte, r.bytes)
	}
	if _, err := f.file.ReadAt(f.text[:r.bytes], r.offset); err != nil {
		return nil, fmt.Errorf("%s: %w", f.file.Name(), err)
	}
	return f.text[:r.bytes], nil
}

// Append appends a record, in one write; fill appends its content to a slice.
func (f *File) Append(tag uint32, fill func([]byte) []byte) (Record, error) {
	text := fill(append(f.text[:0], make([]byte, head)...))
	f.text = text
	body := text[head:]
	if len(body) < 1 || len(body) > most {
		return Record{}, fmt.Errorf("%s: a record of %d bytes, and 1 to %d are read", f.file.Name(), len(body), most)
	}
	binary.LittleEndian.PutUint32(text, tag)
	binary.LittleEndian.PutUint32(text[4:], uint32(len(body)))
	binary.LittleEndian.PutUint32(text[8:], crc32.Checksum(body, castagnoli))
	if _, err := f.file.WriteAt(text, f.end); err != nil {
		return Record{}, fmt.Errorf("%s: %w", f.file.Name(), err)
	}
	r := Record{tag, f.end + head, len(body)}
	f.end += int64(len(text))
	return r, nil
}

// Name is the file's path.
func (f *File) Name() string { return f.file.Name() }

// Sync waits until what was appended is on the disk.
func (f *File) Sync() error { return f.file.Sync() }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }
