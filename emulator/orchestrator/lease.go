package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"testbed/emulator/fabric"
)

// leaseFile is, in a testbed's directory, locked by the run that is under way, and tells of it.
const leaseFile = "run.lock"

// ErrBusy is wrapped by errors about what cannot be done while a run is under way.
var ErrBusy = errors.New("a run is under way")

// Under is what is known of the run that is under way on a testbed.
type Under struct {
	Run   string    `json:"run"` // its name, which is that of its directory
	PID   int       `json:"pid"`
	Began time.Time `json:"began"`
}

// Lease is a run's right to be the only one on a testbed. It ends with the process that has it.
type Lease struct {
	bed   *Bed
	file  *os.File
	since uint64 // revision at the beginning
	found Found
	once  sync.Once
}

// Begin is what a run calls before it uses the testbed. It fails with an error that wraps ErrBusy and names the
// run that is under way already. What the events of an earlier run, which was killed, have left in force ends.
func (b *Bed) Begin(ctx context.Context, run string) (lease *Lease, err error) {
	err = b.locked(ctx, func() error {
		was, now, err := b.origin()
		if err != nil {
			return err
		}
		file, err := b.store.takeLease(b.Journal.Testbed)
		if err != nil {
			return err
		}
		text, err := json.Marshal(Under{Run: run, PID: os.Getpid(), Began: time.Now().UTC()})
		if err == nil {
			_, err = file.WriteAt(text, 0)
		}
		if err == nil {
			err = b.settle(ctx, now.network)
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
		lease = &Lease{bed: b, file: file, since: now.Revision, found: foundIn(was, now)}
		return nil
	})
	return lease, err
}

// settle makes the network as base says, where an overlay is left of a run that was killed.
func (b *Bed) settle(ctx context.Context, base fabric.Network) error {
	left, err := b.store.readOverlay(b.Journal.Testbed)
	if err == nil && left.IsZero() {
		return nil
	}
	if err := b.put(ctx, base); err != nil {
		return err
	}
	return b.store.writeOverlay(b.Journal.Testbed, fabric.Overlay{})
}

// Changes are those that others made in the network since the run began, oldest first; the earliest of very
// many are forgotten.
func (l *Lease) Changes() ([]Change, error) {
	var h history
	if err := l.bed.store.readHistory(l.bed.Journal.Testbed, networkFile, &h, nil); err != nil {
		return nil, err
	}
	for len(h.Changes) > 0 && h.Changes[0].Revision <= l.since {
		h.Changes = h.Changes[1:]
	}
	return h.Changes, nil
}

// Found is the network as the run found it when it began.
func (l *Lease) Found() Found { return l.found }

// End lets others run. It may be repeated.
func (l *Lease) End() {
	l.once.Do(func() {
		_ = l.file.Truncate(0)
		_ = l.file.Close()
	})
}

// takeLease locks a testbed's lease file. The caller has the testbed's lock.
func (s Store) takeLease(testbed string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(s.Dir(testbed), leaseFile), os.O_CREATE|os.O_RDWR, private)
	if err != nil {
		return nil, err
	}
	if !tryLock(file) {
		_ = file.Close()
		under, _ := s.underWay(testbed)
		return nil, fmt.Errorf("testbed %s: %w: %s, of process %d; wait for its end, or bring another testbed up with --name",
			testbed, ErrBusy, under.Run, under.PID)
	}
	return file, nil
}

// Under is the run that is under way on the testbed; nil: there is none.
func (b *Bed) Under() *Under {
	if under, busy := b.store.underWay(b.Journal.Testbed); busy {
		return &under
	}
	return nil
}

// underWay tells of the run that is under way on a testbed, if there is one.
func (s Store) underWay(testbed string) (under Under, ok bool) {
	path := filepath.Join(s.Dir(testbed), leaseFile)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return under, false
	}
	defer file.Close()
	if tryLock(file) { // nobody has it; closing the file gives it back
		return under, false
	}
	text, err := readBounded(path, 1<<16)
	if err == nil {
		err = json.Unmarshal(text, &under)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		under.Run = "one that does not say its name"
	}
	return under, true
}
