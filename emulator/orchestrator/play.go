package orchestrator

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/sleep"
)

// Moment is an instant at which the network is to change.
type Moment struct {
	At      time.Duration // after the start
	What    []string      // what happens, in words
	Overlay fabric.Overlay
	Run     bool // traces that begin with a run began with the start
}

// Played is a moment that has come.
type Played struct {
	At    time.Duration // when it was to come, after the start
	Began time.Duration // when the fabric was told
	Done  time.Duration // when the network was as wanted
	What  []string
	Err   error // the network may be as it was before
}

// Player lays events over a testbed's network at given moments, whatever others change below meanwhile. It is
// for the holder of the testbed's lease.
type Player struct {
	bed *Bed

	base  fabric.Network // below the events
	stamp stamp          // of the file that base was read from
	over  fabric.Overlay // what made is of
	made  fabric.Network
}

// NewPlayer prepares for moments. It makes the fabric read what is in force, so that the first moment need not
// wait for that.
func (b *Bed) NewPlayer(ctx context.Context) (*Player, error) {
	p := &Player{bed: b}
	return p, b.locked(ctx, func() error {
		want, err := p.want(fabric.Overlay{})
		if err != nil {
			return err
		}
		return b.put(ctx, want)
	})
}

// Play lays each moment's overlay over the network in place of the one before, and tells of each. Moments are
// in order. It returns when the last has come or ctx ends, and leaves the network as the last made it. A moment
// that fails does not end it.
func (p *Player) Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played)) {
	began := monotonic(start)
	for _, m := range moments {
		if m.Run {
			m.Overlay.Run = began
		}
		_, _ = p.want(m.Overlay) // beforehand: it takes time that the moment has not
		if !sleep.Until(ctx, start.Add(m.At)) {
			return
		}
		played := Played{At: m.At, What: m.What, Began: time.Since(start)}
		played.Err = p.lay(ctx, m.Overlay)
		played.Done = time.Since(start)
		tell(played)
	}
}

// Restore ends the events, even where ctx has ended. It fails with ErrNotRunning, and makes nothing, where the
// testbed was taken down.
func (p *Player) Restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return p.lay(ctx, fabric.Overlay{})
}

// lay persists an overlay and puts it in force, or neither.
func (p *Player) lay(ctx context.Context, o fabric.Overlay) error {
	b := p.bed
	return b.locked(ctx, func() error {
		want, err := p.want(o)
		if err != nil {
			return err
		}
		name := b.Journal.Testbed
		was, err := b.store.readOverlay(name)
		if err != nil {
			return err
		}
		if err := b.store.writeOverlay(name, o); err != nil {
			return err
		}
		if err := b.tell(ctx, want, p.apply); err != nil {
			return errors.Join(err, b.store.writeOverlay(name, was))
		}
		return nil
	})
}

// apply puts a moment in force by the quickest way: what else is there was looked at when the events began.
func (p *Player) apply(ctx context.Context, want fabric.Network) error {
	if r, ok := p.bed.Fabric.(fabric.Reshaper); ok {
		return r.Reshape(ctx, want)
	}
	return p.bed.Fabric.Apply(ctx, want)
}

// want is the network with an overlay. It reads the network below where that was changed since the last time.
func (p *Player) want(o fabric.Overlay) (fabric.Network, error) {
	name := p.bed.Journal.Testbed
	stamp, err := stampOf(filepath.Join(p.bed.dir(), networkFile))
	known := err == nil && stamp.is(p.stamp)
	if !known {
		now, err := p.bed.store.readSnapshot(name, networkFile)
		if err != nil {
			return fabric.Network{}, err
		}
		p.base, p.stamp = now.network, stamp
	}
	if !known || !slices.Equal(p.over.Queues, o.Queues) || !slices.Equal(p.over.Moves, o.Moves) {
		p.made = fabric.Overlay{Queues: o.Queues, Moves: o.Moves}.Over(p.base)
	}
	p.over = o
	rest := fabric.Overlay{Down: o.Down, Partition: o.Partition, Run: o.Run}
	return rest.Over(p.made), nil
}
