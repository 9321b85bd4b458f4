package across

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/machines/control"
	"testbed/emulator/netns"
)

// Flood is measure.Flood, wherever the namespaces are. The arrivals are instants of the clock of the machine on which
// to is.
func (p Prober) Flood(
	ctx context.Context, from, to netns.Ref, addr netip.Addr, size int, rate float64, lasts time.Duration,
) ([]int64, error) {
	sink := func() (measure.FloodSink, error) {
		if to.Machine == "" {
			return measure.ListenFlood(to, addr, size)
		}
		e, err := p.end(ctx, to, order{What: aFloodSink, To: netip.AddrPortFrom(addr, 0), Size: size, Duration: lasts})
		return floodEnd{e}, err
	}
	send := func(at netip.AddrPort) error {
		if from.Machine == "" {
			return measure.SendFlood(ctx, from, at, size, rate, lasts)
		}
		t, err := p.order(ctx, from, order{What: aFlood, To: at, Size: size, Rate: rate, Duration: lasts})
		if err != nil {
			return err
		}
		defer t.close()
		m, err := t.receive()
		if err == nil && !m.Done {
			err = t.named(errors.New("its agent says what it was not asked for"))
		}
		return err
	}
	arrivals, err := measure.FloodBetween(sink, send)
	if err != nil {
		err = fmt.Errorf("flood of %v: %w", addr, err)
	}
	return arrivals, err
}

// floodEnd is a sink on another machine.
type floodEnd struct{ *end }

// Receive implements measure.FloodSink.
func (e floodEnd) Receive(over <-chan struct{}) (arrivals []int64, err error) {
	<-over
	if err := e.say(message{}); err != nil {
		return nil, err
	}
	for {
		m, err := e.receive()
		if len(arrivals)+len(m.Arrivals) > measure.MostFlooded {
			return nil, e.named(errors.New("its agent tells of more packets than it takes"))
		}
		arrivals = append(arrivals, m.Arrivals...)
		if err != nil || m.Done {
			return arrivals, err
		}
	}
}

// floodSink notes arrivals until the controller says that all is sent.
func (s serving) floodSink(ctx context.Context, o order) (message, error) {
	sink, err := measure.ListenFlood(o.NetNS, o.To.Addr(), o.Size)
	if err != nil {
		return message{}, err
	}
	defer func() { _ = sink.Close() }()
	if err := control.Send(s.stream, message{Addr: sink.Addr()}); err != nil {
		return message{}, err
	}
	over := make(chan struct{})
	var told error
	go func() {
		defer close(over)
		patient, cancel := context.WithTimeout(ctx, listening+o.Duration)
		defer cancel()
		_, told = s.next(patient)
	}()
	arrivals, err := sink.Receive(over)
	if err == nil { // over is closed
		err = told
	}
	if err != nil {
		return message{}, err
	}
	return s.pieces(len(arrivals), func(from, to int) message { return message{Arrivals: arrivals[from:to]} })
}

// flood sends.
func (s serving) flood(ctx context.Context, o order) (message, error) {
	return message{}, measure.SendFlood(ctx, o.NetNS, o.To, o.Size, o.Rate, o.Duration)
}
