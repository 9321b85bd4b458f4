package across

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"testbed/emulator/machines/control"
	"testbed/emulator/netns"
)

// end is a sink or a source on another machine.
type end struct {
	*talk
	at netip.AddrPort
}

// end has one made.
func (p Prober) end(ctx context.Context, ns netns.Ref, o order) (*end, error) {
	t, err := p.order(ctx, ns, o)
	if err != nil {
		return nil, err
	}
	m, err := t.receive()
	if err == nil && !m.Addr.IsValid() {
		err = t.named(errors.New("its agent does not say which address it uses"))
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return &end{t, m.Addr}, nil
}

// Addr implements measure.Sink and measure.Source.
func (e *end) Addr() netip.AddrPort { return e.at }

// Close implements measure.Sink and measure.Source.
func (e *end) Close() error {
	e.close()
	return nil
}

// say says something to the agent.
func (e *end) say(m message) error {
	if err := control.Send(e.conn, m); err != nil {
		return e.lost(err)
	}
	return nil
}

// Receive implements measure.Sink: it passes on what the source knows to where it is needed. The order has the times.
func (e *end) Receive(_ context.Context, from netip.AddrPort, _, _ time.Duration,
	held func() (uint32, error)) (float64, error) {
	if err := e.say(message{From: from}); err != nil {
		return 0, err
	}
	for {
		m, err := e.receive()
		if err != nil || m.Done {
			return m.Rate, err
		}
		if !m.Ask {
			return 0, e.named(errors.New("its agent says what it was not asked for"))
		}
		n, err := held()
		if err == nil {
			err = e.say(message{Held: n})
		}
		if err != nil {
			return 0, err
		}
	}
}

// Held implements measure.Source.
func (e *end) Held() (uint32, error) {
	if err := e.say(message{Ask: true}); err != nil {
		return 0, err
	}
	m, err := e.receive()
	return m.Held, err
}
