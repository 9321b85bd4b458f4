package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
)

// undoTime is how long putting the network back may take, once the context has ended, too.
const undoTime = 15 * time.Second

// lockPoll is how often one that waits for a lock looks.
const lockPoll = 5 * time.Millisecond

// Network is the network as it is wanted below all events: the scenario's, with all changes since.
func (b *Bed) Network() (fabric.Network, error) {
	s, err := b.store.readSnapshot(b.Journal.Testbed, networkFile)
	return s.network, err
}

// ErrUnfinished is wrapped by errors about a testbed on which an apply of another network did not come to its end.
var ErrUnfinished = errors.New("an apply did not come to its end")

// Origin is the network as the testbed's scenario says: of the same vertices as Network. It fails with ErrUnfinished
// where an apply ended between the two.
func (b *Bed) Origin() (fabric.Network, error) {
	was, _, err := b.origin()
	return was.network, err
}

// origin is the network as the scenario says, and as it is wanted now.
func (b *Bed) origin() (was, now snapshot, err error) {
	if was, err = b.store.readSnapshot(b.Journal.Testbed, originFile); err != nil {
		return was, now, err
	}
	if now, err = b.store.readSnapshot(b.Journal.Testbed, networkFile); err != nil {
		return was, now, err
	}
	if !was.network.Topology.Alike(now.network.Topology) {
		return was, now, fmt.Errorf("testbed %s: %w: `testbed apply --name %s SCENARIO` finishes it",
			b.Journal.Testbed, ErrUnfinished, shell.Quote(b.Journal.Testbed))
	}
	return was, now, nil
}

// Wanted is the network as it is to be at the moment: below what a run's events lay over it.
func (b *Bed) Wanted() (fabric.Network, error) {
	base, err := b.Network()
	if err != nil {
		return base, err
	}
	return b.overlaid(base)
}

// Changes are the latest that were made in the network, oldest first.
func (b *Bed) Changes() ([]Change, error) {
	var h history
	err := b.store.readHistory(b.Journal.Testbed, networkFile, &h, nil)
	return h.Changes, err
}

// Update is the only way to change the network of a testbed that is up. It gives alter the network below all
// events; what alter makes of it is put in force, below the events that are in force, and persisted, or neither.
// Updates of several processes follow one another. origin says who changes what, as a run that is under way
// records it. Where stations' nodes are dead the rest is changed: see Absent. It fails with ErrNotRunning where
// the testbed was taken down since it was opened, even if one of that name is up again.
func (b *Bed) Update(ctx context.Context, origin string, alter func(*fabric.Network) error) error {
	return b.locked(ctx, func() error {
		was, err := b.store.readSnapshot(b.Journal.Testbed, networkFile)
		if err != nil {
			return err
		}
		next, err := b.store.readSnapshot(b.Journal.Testbed, networkFile) // alter may change all that it is given
		if err != nil {
			return err
		}
		if err := alter(&next.network); err != nil {
			return err
		}
		if err := b.floor(next.network); err != nil {
			return err
		}
		c := Change{Time: time.Now().UTC(), Origin: origin, What: describe(was.network, next.network)}
		return b.commit(ctx, was, was.next(next.network, c))
	})
}

// describe says in words what differs between two networks.
func describe(was, now fabric.Network) []string {
	const most = 20
	differences := fabric.Changes(now, was)
	var all []string
	for _, d := range differences[:min(most, len(differences))] {
		all = append(all, fmt.Sprintf("%s (from %s): %s %s, was %s", d.Link, d.From, d.Property, d.Want, d.Have))
	}
	if more := len(differences) - most; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return all
}

// commit puts a snapshot in force and persists it, or neither. The caller has the testbed's lock.
func (b *Bed) commit(ctx context.Context, was, next snapshot) error {
	dir := b.dir()
	if err := b.store.writeSnapshot(stagedFile, next); err != nil {
		return fmt.Errorf("nothing is changed: %w", err)
	}
	err := b.realize(ctx, next.network)
	if err == nil {
		err = os.Rename(filepath.Join(dir, stagedFile), filepath.Join(dir, networkFile))
	}
	if err == nil {
		return nil
	}
	_ = os.Remove(filepath.Join(dir, stagedFile))
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if failed := b.realize(undo, was.network); failed != nil {
		return errors.Join(err, fmt.Errorf("putting the network back: %w; `testbed apply --name %s SCENARIO` mends it",
			failed, shell.Quote(b.Journal.Testbed)))
	}
	return err
}

// realize makes the network as base says, with what a run's events lay over it.
func (b *Bed) realize(ctx context.Context, base fabric.Network) error {
	want, err := b.overlaid(base)
	if err != nil {
		return err
	}
	return b.put(ctx, want)
}

// overlaid is base with what the events of the run that is under way lay over it. What one that was killed has
// left there is over, and forgotten.
func (b *Bed) overlaid(base fabric.Network) (fabric.Network, error) {
	o, err := b.store.readOverlay(b.Journal.Testbed)
	if err != nil || o.IsZero() {
		return base, err
	}
	if _, running := b.store.underWay(b.Journal.Testbed); !running {
		return base, nil
	}
	return o.Over(base), nil
}

// put tells the fabric. Stations that are absent are taken down as such, and are no failure: the rest is in force.
func (b *Bed) put(ctx context.Context, want fabric.Network) error {
	return b.tell(ctx, want, b.Fabric.Apply)
}

func (b *Bed) tell(ctx context.Context, want fabric.Network, apply func(context.Context, fabric.Network) error) error {
	err := apply(ctx, want)
	var absent *fabric.AbsentError
	if errors.As(err, &absent) {
		b.absent, err = absent.Stations, nil
	} else {
		b.absent = nil
	}
	if err != nil {
		return fmt.Errorf("changing the network of %s: %w", b.Journal.Testbed, err)
	}
	return nil
}

// Absent are the stations that the latest change found without their nodes.
func (b *Bed) Absent() []string { return b.absent }

// locked runs do while no other process changes the testbed, provided that it is up and still the one that was
// opened. It reads the journal anew.
func (b *Bed) locked(ctx context.Context, do func() error) error {
	release, err := b.store.acquire(ctx, b.Journal.Testbed)
	if err != nil {
		return err
	}
	defer release()
	if err := b.current(); err != nil {
		return err
	}
	return do()
}

// current reads the journal anew, and fails where the testbed is not the one that was opened any more.
func (b *Bed) current() error {
	name := b.Journal.Testbed
	now, err := stampOf(b.store.journalPath(name))
	if err == nil && now.is(b.stamp) {
		return nil
	}
	var j *Journal
	if err == nil {
		j, err = b.store.Read(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("testbed %s was taken down: %w", name, ErrNotRunning)
	case err != nil:
		return err
	case j.Run != b.Journal.Run:
		return fmt.Errorf("testbed %s was taken down, and another one of its name is %s: %w", name, j.Phase, ErrNotRunning)
	case j.Phase != Running:
		return fmt.Errorf("testbed %s is %s: %w", name, j.Phase, ErrNotRunning)
	}
	b.Journal, b.stamp = j, now
	return nil
}
