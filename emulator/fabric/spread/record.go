package spread

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/internal/statefile"
	"testbed/emulator/machines"
)

// recordName is the file, in the testbed's directory, that says which machines have which network.
const recordName = "fabric.machines"

// mostRecorded is how many bytes it may have.
const mostRecorded = mostAsked

// written is what is in the file.
type written struct {
	Schema    int
	Partition machines.Partition
	Network   []byte
}

// record is which machines have what of the network, and which it is: its order and names, not what it was changed to
// since.
type record struct {
	machines  []machines.Machine
	partition machines.Partition
	network   fabric.Network
}

// seen is a record with the file that it was read from.
type seen struct {
	record
	file fs.FileInfo
}

func (f *Fabric) recordPath() string { return filepath.Join(f.config.Dir, recordName) }

// remember writes the record. encoded is the network's encoding.
func (f *Fabric) remember(p machines.Partition, encoded []byte) error {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(written{fabric.Schema, p, encoded})
	if err == nil {
		err = statefile.Dir(f.config.Dir)
	}
	if err == nil {
		err = statefile.Replace(f.recordPath(), b.Bytes(), 0o600)
	}
	return err
}

// forget removes the record.
func (f *Fabric) forget() error {
	f.mutex.Lock()
	f.seen = nil
	f.mutex.Unlock()
	if err := os.Remove(f.recordPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// recorded is the record, which another process may have written since. Where there is none the error wraps
// fabric.ErrNotRunning.
func (f *Fabric) recorded() (record, error) {
	path := f.recordPath()
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, fmt.Errorf("%w on any machine: `up` makes it", fabric.ErrNotRunning)
	}
	if err != nil {
		return record{}, err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if s := f.seen; s != nil && os.SameFile(s.file, info) && s.file.ModTime().Equal(info.ModTime()) {
		return s.record, nil
	}
	r, err := readRecord(path)
	if err != nil {
		return record{}, fmt.Errorf("%s: which machines carry the network cannot be read, so take it down and bring it "+
			"up again: %w", path, err)
	}
	f.seen = &seen{r, info}
	return r, nil
}

func readRecord(path string) (r record, err error) {
	file, err := readfile.Open(path, mostRecorded)
	if err != nil {
		return r, err
	}
	defer file.Close()
	var w written
	if err := exchange.NewReceiver(file, mostRecorded).Receive(&w); err != nil {
		return r, err
	}
	if w.Schema != fabric.Schema {
		return r, fabric.ErrSchema
	}
	if err := machines.Check(w.Partition.Machines); err != nil {
		return r, err
	}
	r.machines, r.partition = w.Partition.Machines, w.Partition
	r.network, err = fabric.Decode(bytes.NewReader(w.Network))
	return r, err
}

// alike says whether two networks have the same links and stations in the same order, so that a record of the one does
// for the other.
func alike(a, b fabric.Network) bool {
	if a.Topology == nil || b.Topology == nil || len(a.Topology.Vertices) != len(b.Topology.Vertices) ||
		len(a.Stations) != len(b.Stations) {
		return false
	}
	for i := range a.Topology.Vertices {
		v, w := &a.Topology.Vertices[i], &b.Topology.Vertices[i]
		if v.Name != w.Name || v.Kind != w.Kind || v.LinkType != w.LinkType {
			return false
		}
	}
	for i := range a.Stations {
		x, y := &a.Stations[i], &b.Stations[i]
		if x.ID != y.ID || !slices.Equal(x.Addresses, y.Addresses) || !slices.Equal(x.Routes, y.Routes) {
			return false
		}
	}
	return true
}
