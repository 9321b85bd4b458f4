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

// Play changes the network at the given moments, which are in order, and tells of each. It returns when
// the last has come or ctx ends, and puts the network back as it was at the start. It fails where
// the network cannot be read or put back; a moment that fails does not end it.
func (t *Testbed) Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played)) error {
	if len(moments) == 0 {
		return nil
	}
	base, err := t.Network()
	if err != nil {
		return err
	}
	// Changing nothing makes the fabric read what is in force, which need not delay the first moment.
	if err := t.Fabric.Apply(ctx, base); err != nil {
		return err
	}
	for _, m := range moments {
		want := base
		m.Alter(&want)
		if !sleepUntil(ctx, start.Add(m.At)) {
			break
		}
		played := Played{At: m.At, What: m.What, Began: time.Since(start)}
		played.Err = t.Fabric.Apply(ctx, want)
		played.Done = time.Since(start)
		if played.Err == nil {
			played.Err = t.store.writeNetwork(want) // whoever changes something meanwhile starts from here
		}
		tell(played)
	}
	restoring, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return t.apply(restoring, base)
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
