// Package readfile reads files that somebody else may have written: runs' directories, scenarios, traces,
// topologies. It opens regular files only, so that no pipe, device or directory can make a reader hang or
// read for ever, and reads no more than a limit that the reader gives. Errors name the file and the limit.
package readfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

// ErrNotRegular is wrapped by the error of opening something else than a regular file on a disk.
var ErrNotRegular = errors.New("not a regular file")

// ErrLimit is wrapped by errors about a file, or a part of one, that is larger than its reader takes.
var ErrLimit = errors.New("larger than is read")

// Sizes, in bytes.
const (
	KiB int64 = 1 << 10
	MiB int64 = 1 << 20
	GiB int64 = 1 << 30
)

// NoLimit is the size for readers that look at parts of a file only.
const NoLimit int64 = math.MaxInt64

// Open opens a regular file of at most so many bytes for reading. A symbolic link is followed to a regular
// file and to nothing else. It never waits: what is no regular file is an error that wraps ErrNotRegular, a
// larger file one that wraps ErrLimit, and a missing one fs.ErrNotExist.
func Open(path string, most int64) (*os.File, error) {
	info, err := os.Stat(path) // opening a device can have effects
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, err
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := Check(file, most); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Check fails where an open file is not what Open would open.
func Check(file *os.File, most int64) error {
	info, err := file.Stat()
	if err == nil {
		err = regular(file.Name(), info)
	}
	if err == nil {
		err = onDisk(file)
	}
	if err != nil {
		return err
	}
	if info.Size() > most {
		return fmt.Errorf("%s: it has %d bytes, and at most %d are read: %w", file.Name(), info.Size(), most, ErrLimit)
	}
	return nil
}

func regular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w: it is %s", ErrNotRegular, kind(info.Mode()))}
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "of another kind"
}

// All reads a file of at most so many bytes.
func All(path string, most int64) ([]byte, error) {
	file, err := Open(path, most)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only: nothing is lost
	return Rest(file, path, most)
}

// Rest reads what is left of a reader, at most so many bytes; name is what errors call it.
func Rest(r io.Reader, name string, most int64) ([]byte, error) {
	var text bytes.Buffer
	n, err := text.ReadFrom(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case n > most:
		return nil, fmt.Errorf("%s: it has more than the %d bytes that are read: %w", name, most, ErrLimit)
	}
	return text.Bytes(), nil
}
