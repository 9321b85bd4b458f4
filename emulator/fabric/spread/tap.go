package spread

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// mostShown is how many bytes a message of packets may have: those of one packet more than it was to hold, and counters
// of all queues.
const mostShown = 2 * readfile.MiB

// ending bounds how long machines may take to tell of the last packets.
const ending = 10 * time.Second

// Tap implements fabric.Tapper. Instants are of this host's CLOCK_MONOTONIC, as far as they can be told: those of the
// machines among one another by their clocks' offsets (health.Part.Error), and all of them beside this host by the
// least of some round trips to the first machine's agent.
func (f *Fabric) Tap(
	ctx context.Context, queues []fabric.QueueName, filter []bpf.RawInstruction, to fabric.TapSink,
) error {
	return f.wrap(f.tap(ctx, queues, filter, to))
}

func (f *Fabric) tap(
	ctx context.Context, queues []fabric.QueueName, filter []bpf.RawInstruction, to fabric.TapSink,
) error {
	r, err := f.recorded()
	if err != nil {
		return err
	}
	on, err := r.queuesOn(queues)
	if err != nil {
		return err
	}
	m := &tapMerge{to: to, lost: make([]uint64, len(queues)), names: machines.Names(r.machines)}
	if m.clocks, err = f.tapClocks(ctx, r.machines); err != nil {
		return err
	}
	// What ends it is the machines' last words, not ctx: these come after that.
	reading, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	all := make(chan tapHeard)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop(nil)
	for i := range r.machines {
		if len(on[i].names) == 0 {
			continue
		}
		m.sources = append(m.sources, &tapSource{machine: i, of: on[i].indices})
		source := len(m.sources) - 1
		readers.Go(func() {
			q := request{Op: opTap, Queues: on[i].names, Filter: filter}
			f.readTap(ctx, reading, r.machines[i], q, func(t tapped, err error) {
				select {
				case all <- tapHeard{source, t, err}:
				case <-reading.Done():
				}
			})
		})
	}
	err = m.run(all)
	return err
}

// tapHeard is what a machine has said; err: it says no more.
type tapHeard struct {
	source int
	tapped
	err error
}

// readTap hands over what a machine shows until it has ended that. ctx asks it to; reading ends it at once.
func (f *Fabric) readTap(
	ctx, reading context.Context, of machines.Machine, q request, take func(tapped, error),
) {
	stream, err := f.open(of)
	if err != nil {
		take(tapped{}, err)
		return
	}
	defer stream.Close()
	defer context.AfterFunc(reading, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })()
	q.Testbed, q.Machine = f.config.Testbed, of.ID
	if err := gob.NewEncoder(stream).Encode(q); err != nil {
		take(tapped{}, fmt.Errorf("%w: %w", ErrNoAnswer, err))
		return
	}
	defer context.AfterFunc(ctx, func() { endTap(stream) })()
	from := exchange.NewReceiver(stream, mostShown)
	for {
		var t tapped
		err := from.Receive(&t)
		switch {
		case err != nil && ctx.Err() != nil:
			err = fmt.Errorf("%w: it did not tell of the last packets: %w", ErrNoAnswer, err)
		case err != nil:
			err = fmt.Errorf("%w: %w", ErrNoAnswer, err)
		default:
			err = kinds.Error(t.Failure)
		}
		take(t, err)
		if t.Ended || err != nil {
			return
		}
	}
}

// endTap asks for an end, which is to come soon.
func endTap(stream net.Conn) {
	_ = stream.SetDeadline(time.Now().Add(ending))
	_, _ = stream.Write([]byte{0})
}

// tapOn are the queues of one machine that are asked for.
type tapOn struct {
	names   []fabric.QueueName
	indices []int // of what was asked for
}

// queuesOn are the queues by the machine that has them.
func (r *record) queuesOn(queues []fabric.QueueName) ([]tapOn, error) {
	owners, err := r.partition.Owners(r.network.Topology)
	if err != nil {
		return nil, err
	}
	on := make([]tapOn, len(r.machines))
	for i, q := range queues {
		id, known := r.network.Topology.Lookup(q.Link)
		if !known || r.network.Topology.Vertices[id].Kind != topology.Link || q.Dir < 0 || q.Dir > 1 {
			return nil, fmt.Errorf("there is no queue %d of link %s", q.Dir, q.Link)
		}
		at := &on[owners.Queue(topology.Channel{Link: id, Dir: q.Dir})]
		at.names, at.indices = append(at.names, q), append(at.indices, i)
	}
	if len(queues) == 0 {
		return nil, errors.New("a capture of no queues")
	}
	return on, nil
}

// looks is how many round trips to the first machine are tried.
const looks = 8

// tapClocks are the machines' clocks beside this host's.
func (f *Fabric) tapClocks(ctx context.Context, of []machines.Machine) ([]tapClock, error) {
	least, ahead := time.Duration(1<<62), int64(0)
	var all []reply
	for range looks {
		begin := monotonic()
		// Spells that nobody has numbers for yet are not asked for.
		replies, err := f.all(ctx, of, same(request{Op: opHealth, Since: ^uint64(0)}))
		took := monotonic() - begin
		if err != nil {
			return nil, err
		}
		if time.Duration(took) < least {
			least, ahead, all = time.Duration(took), replies[0].Health.Now-begin-took/2, replies
		}
	}
	return clocksBeside(machines.Names(of), all, ahead)
}

// Clocks implements fabric.Clocked, as Tap tells instants.
func (f *Fabric) Clocks(ctx context.Context) (map[string]func(time.Duration) time.Duration, error) {
	r, err := f.recorded()
	if err != nil {
		return nil, f.wrap(err)
	}
	clocks, err := f.tapClocks(ctx, r.machines)
	if err != nil {
		return nil, f.wrap(err)
	}
	by := map[string]func(time.Duration) time.Duration{}
	for i, m := range r.machines {
		by[m.ID] = clocks[i].at
	}
	return by, nil
}
