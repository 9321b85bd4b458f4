package spread

import (
	"context"
	"encoding/gob"
	"net"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/exchange"
)

// mostTapped is how many bytes of packets one message has, but for the last of them.
const mostTapped = 256 << 10

// tap shows packets until ctx ends, and then those that were on their way.
func (a *agent) tap(ctx context.Context, stream net.Conn, q *request) {
	s := tapSender{to: gob.NewEncoder(stream)}
	c, err := a.running(q.Testbed)
	if err == nil {
		err = c.fabric.Tap(ctx, q.Queues, q.Filter, fabric.TapSink{Packet: s.packet, Told: s.told})
	}
	s.Ended, s.Failure = true, kinds.Of(err)
	_ = s.send()
}

// tapSender collects packets into messages.
type tapSender struct {
	to   *gob.Encoder
	held int
	tapped
}

func (s *tapSender) packet(p fabric.Tapped) error {
	s.Packets = append(s.Packets, exchange.Frame{Of: p.Queue, At: int64(p.At), Length: len(p.Data),
		Data: slices.Clone(p.Data)})
	if s.held += exchange.Held + len(p.Data); s.held < mostTapped {
		return nil
	}
	return s.send()
}

func (s *tapSender) told(until time.Duration, lost []uint64) error {
	s.Until, s.Lost = until, lost
	return s.send()
}

func (s *tapSender) send() error {
	err := s.to.Encode(s.tapped)
	s.held, s.tapped = 0, tapped{Packets: s.Packets[:0]}
	return err
}
