// Package rows reads traces that are text, a row in each line, which anybody may have written: plain or compressed,
// within bounds, and with what is malformed told by line and reason.
package rows

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"testbed/emulator/internal/readfile"
)

// MaxSize is how much of a trace's file is read, in bytes, as it is and unpacked. All eight days of the cluster that
// Spår was fitted to have 14 million rows and 800 MB.
const MaxSize = 4 * readfile.GiB

// window is how far back a Zstandard file may refer, in bytes: what its decoder keeps in memory.
const window = 32 << 20

// Open opens a trace's file, of at most MaxSize. What is compressed with gzip or Zstandard, by its content and not by
// its name, is unpacked, to at most so many bytes; of a tar archive it is the first file.
func Open(path string, most int64) (io.ReadCloser, error) {
	file, err := readfile.Open(path, MaxSize)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	o := &opened{file: file, size: info.Size()}
	if o.Reader, err = unpack(bufio.NewReaderSize(counted{o}, 64<<10), path, most); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return o, nil
}

// Load opens the file at a path, of so many bytes at most when unpacked, and reads it; read takes the path as its name.
func Load[T any](path string, most int64, read func(r io.Reader, name string) (T, error)) (t T, err error) {
	f, err := Open(path, most)
	if err != nil {
		return t, err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	return read(f, path)
}

// opened is an open file and its text.
type opened struct {
	io.Reader
	file       *os.File
	size, read int64 // of the file, in bytes
}

// counted is the file as it is.
type counted struct{ *opened }

func (c counted) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.opened.read += int64(n)
	return n, err
}

// Read reads the text.
func (o *opened) Read(p []byte) (int, error) { return o.Reader.Read(p) }

// sampled is how many of something a file must have had before the number in all of it is estimated.
const sampled = 1 << 15

// Room is for how many there should be room when so many, at least one more than there is room for, have been read of
// what Open opened; of another reader it is twice as many.
func Room(r io.Reader, n int) int {
	o, ok := r.(*opened)
	if !ok || n < sampled || o.read == 0 {
		return 2 * n
	}
	return max(n+n/8, int(float64(n)*float64(o.size)/float64(o.read)*1.02))
}

func (o *opened) Close() error {
	if d, ok := o.Reader.(*limited).from.(*zstd.Decoder); ok {
		d.Close()
	}
	return o.file.Close()
}

// unpack is the text of what may be compressed, at most so many bytes of it.
func unpack(r *bufio.Reader, name string, most int64) (io.Reader, error) {
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var text io.Reader = r
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		text, err = gzip.NewReader(r)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		text, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(window))
	default:
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: it begins as if it were compressed: %w", name, err)
	}
	l := &limited{from: text, name: name, left: most}
	if l.text, err = member(bufio.NewReaderSize(text, 4096)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// limited fails where there is more than so many bytes.
type limited struct {
	from io.Reader // what unpacks the file
	text io.Reader // of from
	name string
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.text.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("%s: unpacked it has more bytes than are read: %w", l.name, readfile.ErrLimit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: %w", l.name, err)
	}
	return n, err
}

// Head is the first of a trace's file, unpacked, at most so many bytes.
func Head(path string, most int) ([]byte, error) {
	file, err := Open(path, MaxSize)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	head := make([]byte, most)
	n, err := io.ReadFull(file, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}
