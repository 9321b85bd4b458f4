package userspace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Join makes the fabric carry a part of the network that Apply is given from now on. Before its process is started, all
// has to be in p. On a network that is up, the same machines may get other parts of it.
func (f *Fabric) Join(p Part) error {
	if p.Listener != nil {
		file, err := p.Listener.File()
		if err != nil {
			return f.wrap(fmt.Errorf("listener for other machines: %w", err))
		}
		f.leave()
		f.shared = file
		_ = p.Listener.Close()
		p.Listener = nil
	}
	if f.shared == nil {
		return f.wrap(errors.New("a part of a network without a listener for the other machines"))
	}
	f.part = &p
	return nil
}

// leave gives the listener up.
func (f *Fabric) leave() {
	if f.shared != nil {
		_ = f.shared.Close()
		f.shared = nil
	}
}

// Connected waits until packets can go to all other machines, for as long as ctx lasts. It is nil at once for a fabric
// that carries all of a network. The error names the machines.
func (f *Fabric) Connected(ctx context.Context) error {
	for {
		h, err := f.Health(ctx, 0, false)
		if err != nil {
			return err
		}
		var apart []string
		for _, c := range h.Crossings {
			if !c.Connected || c.RoundTrip == 0 {
				apart = append(apart, c.Machine)
			}
		}
		if len(apart) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return f.wrap(fmt.Errorf("%s: %w (the log of the fabric says why)", strings.Join(apart, ", "), ErrApart))
		case <-time.After(5 * time.Millisecond):
		}
	}
}
