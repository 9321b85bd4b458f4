package program

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testbed/emulator/internal/statefile"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	prefix = "node-"
	// kept is how many builds' programs a directory holds. One that is removed while its testbed is up is missed only
	// by containers of images of the user's own that somebody restarts by hand; `apply` replaces them.
	kept = 8
	mode = 0o755 // whatever user an image has
)

// install writes the executable that compressed is, one frame of Zstandard, into a directory of this user's own,
// unless it is there, and returns its path. A reader finds all of it or nothing. Those that were not used lately are
// removed.
func install(dir string, compressed []byte) (string, error) {
	var frame zstd.Header
	if err := frame.Decode(compressed); err != nil {
		return "", err
	}
	if !frame.HasFCS || !frame.HasCheckSum || len(compressed) < frame.HeaderSize+4 {
		return "", io.ErrUnexpectedEOF
	}
	// A frame begins with the size and ends with the checksum of what it holds.
	sum, size := binary.LittleEndian.Uint32(compressed[len(compressed)-4:]), frame.FrameContentSize
	path := filepath.Join(dir, fmt.Sprintf("%s%08x-%d", prefix, sum, size))
	if err := prepare(dir); err != nil {
		return "", err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode() == mode && info.Size() == int64(size) {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // that it was used, for tidy
		return path, runnable(path)
	}
	if err := write(path, compressed); err != nil {
		return "", err
	}
	tidy(dir)
	return path, runnable(path)
}

// prepare makes the directory, which nobody else may write to: what is in it is run by root.
func prepare(dir string) error {
	if info, err := os.Lstat(dir); err == nil && (!info.IsDir() || !statefile.Owned(info)) {
		return fmt.Errorf("%s is not a directory of this user's own", dir)
	}
	return statefile.Dir(dir)
}

func write(path string, compressed []byte) error {
	content, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer content.Close()
	file, err := os.CreateTemp(filepath.Dir(path), "."+prefix)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	// A program that a crash of the machine cut short would be taken for whole by its size.
	if err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// tidy removes all but the programs used last, and what a crash left half written an hour ago.
func tidy(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var programs []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil:
		case strings.HasPrefix(e.Name(), prefix):
			programs = append(programs, info)
		case strings.HasPrefix(e.Name(), "."+prefix) && time.Since(info.ModTime()) > time.Hour:
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(programs, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, p := range programs[min(kept, len(programs)):] {
		_ = os.Remove(filepath.Join(dir, p.Name()))
	}
}
