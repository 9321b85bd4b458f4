package spread

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/machines"
	"testbed/emulator/noderuntime/remote"
)

// FloorService is the agent's service that measures how long packets take to other machines.
const FloorService = "floor"

// mostMet is how many bytes a message of the service may have.
const mostMet = 1 << 20

// Margin is what a packet needs beside the way between two machines: the other fabric's thread has to wake, and what
// waits in front of it has to go. With 0.9 ms three or four packets of a thousand are late where ten are sent each
// millisecond, on machines that have nothing else to do.
const Margin = 900 * time.Microsecond

// step is what floors are rounded up to, so that the same machines give the same cut.
const step = 100 * time.Microsecond

// Floors measures, between each two of the machines, the least delay of a crossing for which packets can be in time:
// half of the least of some round trips over the wire, and Margin. It takes about a second. at is the connection to a
// machine's agent, and address where the others reach it, as in Config. The error names the machines that did not
// answer or could not be reached by another one.
//
// How a round trip is made up of its two ways cannot be told, and need not be known here: where one way takes longer
// by d, the clocks' offset is wrong by d/2, and what comes that way is due later by as much. What nobody sees is that
// delays are longer one way than the scenario says, and shorter the other way, by d/2.
func Floors(
	ctx context.Context, list []machines.Machine, at func(machineID string) remote.Opener,
	address func(machineID string) string,
) ([]machines.Floor, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m := meeting{key: runkey.New(), names: machines.Names(list), addresses: make([]string, len(list)),
		trips: make([][]time.Duration, len(list))}
	if len(list) < 2 {
		return nil, nil
	}
	var streams []*visit
	defer func() {
		for _, v := range streams {
			_ = v.conn.Close()
		}
	}()
	for _, one := range list {
		v, err := visitTo(ctx, at(one.ID))
		if err != nil {
			return nil, machines.On(m.names[len(streams)], err)
		}
		streams = append(streams, v)
	}
	f := New(Config{Address: address})
	err := m.each(func(i int) error {
		said, err := streams[i].ask(place{Host: f.address(list, i)})
		m.addresses[i] = said.Address
		return err
	})
	if err == nil {
		err = m.each(func(i int) error {
			said, err := streams[i].ask(place{Self: i, Names: m.names, Addresses: m.addresses, Key: m.key})
			if m.trips[i] = said.RoundTrips; err == nil && len(said.RoundTrips) != len(list) {
				err = fmt.Errorf("%w: it tells of %d machines", ErrNoAnswer, len(said.RoundTrips))
			}
			return err
		})
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	return m.floors(), err
}

// meeting is one measurement.
type meeting struct {
	key       runkey.Key
	names     []string
	addresses []string
	trips     [][]time.Duration // by machine, what it says of each other one
}

// each asks all machines at once.
func (m *meeting) each(ask func(i int) error) error {
	failed := make([]error, len(m.names))
	var asking sync.WaitGroup
	for i := range m.names {
		asking.Go(func() {
			if err := ask(i); err != nil {
				failed[i] = machines.On(m.names[i], err)
			}
		})
	}
	asking.Wait()
	return errors.Join(failed...)
}

// floors are those of all pairs, by the lesser of what the two say.
func (m *meeting) floors() []machines.Floor {
	var all []machines.Floor
	for a := range m.trips {
		for b := a + 1; b < len(m.trips); b++ {
			if len(m.trips[a]) <= b || len(m.trips[b]) <= a {
				continue
			}
			all = append(all, machines.Floor{A: a, B: b, Delay: floorOf(min(m.trips[a][b], m.trips[b][a]))})
		}
	}
	return all
}

func floorOf(roundTrip time.Duration) time.Duration {
	return (roundTrip/2 + Margin + step - 1).Truncate(step)
}

// place is what a machine is told: first where it is to be reached, then who the others are.
type place struct {
	Host      string
	Self      int
	Names     []string
	Addresses []string
	Key       runkey.Key
}

// said is what it says to that: first its address, then the round trips to the others, by machine.
type said struct {
	Failure    *exchange.Failure
	Address    string
	RoundTrips []time.Duration
}

// visit is the stream to one machine.
type visit struct {
	conn net.Conn
	to   *gob.Encoder
	from *exchange.Receiver
}

func newVisit(conn net.Conn) *visit {
	return &visit{conn, gob.NewEncoder(conn), exchange.NewReceiver(conn, mostMet)}
}

func visitTo(ctx context.Context, opener remote.Opener) (*visit, error) {
	if opener == nil {
		return nil, fmt.Errorf("%w: there is no connection to it", ErrNoAnswer)
	}
	conn, err := opener.Open(FloorService)
	if err != nil {
		return nil, noAnswer(err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return newVisit(conn), nil
}

func (v *visit) ask(p place) (s said, err error) {
	if err = v.to.Encode(p); err == nil {
		err = v.from.Receive(&s)
	}
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	return s, kinds.Error(s.Failure)
}
