package across

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/machines/control"
)

const (
	// listening bounds how long an agent waits for what it is to do, and for the source of a sink.
	listening = time.Minute
	// piece is how many times of echoes one message has.
	piece = 1000
)

// Serve carries out the order that comes over a stream, in this machine's namespaces. The end of the stream, or of
// ctx, ends it.
func Serve(ctx context.Context, stream net.Conn) {
	_ = stream.SetReadDeadline(time.Now().Add(listening))
	var o order
	if err := control.Receive(stream, &o); err != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { stream.Close(); _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s := serving{stream, make(chan message)}
	_ = stream.SetReadDeadline(time.Time{})
	go func() { cancel(s.listen(ctx)) }()
	done, err := message{}, o.check()
	if err == nil {
		done, err = s.carryOut(ctx, o)
	}
	done.Done, done.Failure = true, kinds.Of(err)
	_ = control.Send(stream, done)
}

// serving is an agent's side of a stream.
type serving struct {
	stream net.Conn
	said   chan message // by the controller
}

// listen hands over what the controller says, until the stream ends.
func (s serving) listen(ctx context.Context) error {
	for {
		var m message
		if err := control.Receive(s.stream, &m); err != nil {
			return fmt.Errorf("%w: %w", control.ErrLost, err)
		}
		select {
		case s.said <- m:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// next is the next that the controller says.
func (s serving) next(ctx context.Context) (message, error) {
	select {
	case m := <-s.said:
		return m, nil
	case <-ctx.Done():
		return message{}, context.Cause(ctx)
	}
}

func (s serving) carryOut(ctx context.Context, o order) (message, error) {
	switch o.What {
	case roundTrips:
		return s.roundTrips(ctx, o)
	case aSink:
		return s.sink(ctx, o)
	case aSource:
		return s.source(ctx, o)
	case aFloodSink:
		return s.floodSink(ctx, o)
	case aFlood:
		return s.flood(ctx, o)
	}
	return message{}, fmt.Errorf("%q: the agent does not know that", o.What)
}

func (s serving) roundTrips(ctx context.Context, o order) (message, error) {
	times, err := measure.RTT(ctx, o.NetNS, o.To.Addr(), o.Count, o.Interval)
	last, failed := s.pieces(len(times), func(from, to int) message { return message{Times: times[from:to]} })
	return last, cmp.Or(failed, err)
}

// pieces says so many things, some in each message, and returns the last message.
func (s serving) pieces(count int, say func(from, to int) message) (message, error) {
	from := 0
	for ; count-from > piece; from += piece {
		if err := control.Send(s.stream, say(from, from+piece)); err != nil {
			return message{}, err
		}
	}
	return say(from, count), nil
}

func (s serving) sink(ctx context.Context, o order) (message, error) {
	sink, err := measure.Listen(ctx, o.NetNS, o.To.Addr())
	if err != nil {
		return message{}, err
	}
	defer func() { _ = sink.Close() }()
	if err := control.Send(s.stream, message{Addr: sink.Addr()}); err != nil {
		return message{}, err
	}
	patient, cancel := context.WithTimeout(ctx, listening)
	defer cancel()
	m, err := s.next(patient)
	if err != nil {
		return message{}, err
	}
	rate, err := sink.Receive(ctx, m.From, o.Warmup, o.Duration, func() (uint32, error) {
		if err := control.Send(s.stream, message{Ask: true}); err != nil {
			return 0, err
		}
		m, err := s.next(ctx)
		return m.Held, err
	})
	return message{Rate: rate}, err
}

// source sends until the stream ends.
func (s serving) source(ctx context.Context, o order) (message, error) {
	source, err := measure.Connect(ctx, o.NetNS, o.To, o.Congestion)
	if err != nil {
		return message{}, err
	}
	defer func() { _ = source.Close() }()
	answer := message{Addr: source.Addr()}
	for {
		if err := control.Send(s.stream, answer); err != nil {
			return message{}, err
		}
		if _, err := s.next(ctx); err != nil {
			return message{}, err
		}
		held, err := source.Held()
		if err != nil {
			return message{}, err
		}
		answer = message{Held: held}
	}
}
