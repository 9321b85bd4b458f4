package orchestrator

import (
	"context"
	"time"

	"testbed/emulator/fabric"
)

// Moment is an instant at which the network is to change.
type Moment struct {
	At    time.Duration         // after the start
	What  []string              // what happens, in words
	Alter func(*fabric.Network) // makes of the network at the start the one that this moment wants
}

// Played is a moment that has come.
type Played struct {
	At    time.Duration // when it was to come, after the start
	Began time.Duration // when the fabric was told
	Done  time.Duration // when the network was as wanted
	What  []string
	Err   error // the network may be as it was before
}

// Player changes a testbed's network at given moments.
type Player struct {
	bed  *Testbed
	base fabric.Network
}

// NewPlayer takes the network as it is now for the one that moments start from. It makes the fabric read
// what is in force, so that the first moment need not wait for that.
func (t *Testbed) NewPlayer(ctx context.Context) (*Player, error) {
	base, err := t.Network()
	if err != nil {
		return nil, err
	}
	return &Player{t, base}, t.Fabric.Apply(ctx, base)
}

// Play changes the network at the given moments, which are in order, and tells of each. It returns when
// the last has come or ctx ends, and leaves the network as the last made it. A moment that fails does not
// end it.
func (p *Player) Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played)) {
	for _, m := range moments {
		want := p.base
		m.Alter(&want)
		if !sleepUntil(ctx, start.Add(m.At)) {
			return
		}
		played := Played{At: m.At, What: m.What, Began: time.Since(start)}
		played.Err = p.bed.Fabric.Apply(ctx, want)
		played.Done = time.Since(start)
		if played.Err == nil {
			played.Err = p.bed.store.writeNetwork(want) // whoever changes something meanwhile starts from here
		}
		tell(played)
	}
}

// Restore makes the network as it was before the first moment, even where ctx has ended.
func (p *Player) Restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return p.bed.apply(ctx, p.base)
}

// sleepUntil reports whether due came before ctx ended.
func sleepUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
