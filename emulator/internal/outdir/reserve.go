package outdir

import (
	"bytes"
	"errors"
	"fmt"
)

// Reserved is room on the disk for a file that must be written even when the disk is full by then, or when a limit
// on the size of files is in force that the file would stay below.
type Reserved struct {
	file *File
	size int64
}

// ErrReserve is wrapped by the error of writing more than was reserved.
var ErrReserve = errors.New("more than was reserved")

// Reserve takes room for a file of at most size bytes, which has a temporary name until Commit. The room is written,
// not only claimed, so that file systems that allocate late give it now; one that never overwrites in place (btrfs,
// ZFS) may need room once more.
func (d *Dir) Reserve(name string, size int64) (*Reserved, error) {
	f, err := d.Create(name)
	if err != nil {
		return nil, err
	}
	block := bytes.Repeat([]byte("reserved "), 8<<10)
	for left := size; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = f.Write(block[:min(left, int64(len(block)))])
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, f.Abort())
	}
	return &Reserved{f, size}, nil
}

// Commit writes the text into the room, waits until it is on the disk, and gives the file its name, replacing the one
// before at once. It fails, wrapping ErrReserve and changing nothing, where the text is larger than the room.
func (r *Reserved) Commit(text []byte) error {
	if int64(len(text)) > r.size {
		return fmt.Errorf("%s: %d bytes, and %d are reserved: %w", r.file.Path(), len(text), r.size, ErrReserve)
	}
	_, err := r.file.file.WriteAt(text, 0)
	if err == nil {
		err = r.file.file.Truncate(int64(len(text)))
	}
	if err != nil {
		return errors.Join(failed(r.file.Path(), err), r.Release())
	}
	if err := r.file.Sync(); err != nil {
		return errors.Join(err, r.Release())
	}
	if err := r.file.Commit(); err != nil {
		return err
	}
	r.file.dir.sync()
	return nil
}

// Release gives the room back.
func (r *Reserved) Release() error { return r.file.Abort() }
