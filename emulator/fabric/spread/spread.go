package spread

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/machines"
	"testbed/emulator/noderuntime/remote"
)

// Config says whose network it is, and how its machines are reached.
type Config struct {
	Testbed string // its name, [a-z0-9-]
	// Dir is the directory of the testbed's records on this host. Which machines have the network is kept there, for
	// processes to come.
	Dir string
	// Partition is which machine carries what of the network that Apply is given: its hosts may have come, gone or moved
	// since the last one. The machines, and their order, stay the same while the network is up. The namespace of a host's
	// station is to be on the machine that the partition gives it (netns.Ref.Machine).
	Partition func(n fabric.Network) (machines.Partition, error)
	// At is the connection to a machine's agent, by the machine's ID; nil: there is none.
	At func(machineID string) remote.Opener
	// Address is a host name or IP address at which the other machines reach one; empty, or no function: the first of
	// its own addresses.
	Address func(machineID string) string
}

// Fabric is a network over several machines, with all that a fabric can tell. Its methods may be called at the same
// time. Errors name the machines that they are about; those of machines that cannot be asked wrap ErrNoAnswer.
type Fabric struct {
	config Config

	mutex    sync.Mutex // of seen and begun
	seen     *seen
	begun    begun
	punctual punctual
}

var (
	_ fabric.Fabric   = (*Fabric)(nil)
	_ fabric.Reshaper = (*Fabric)(nil)
	_ fabric.Counter  = (*Fabric)(nil)
	_ fabric.Healthy  = (*Fabric)(nil)
	_ fabric.Watcher  = (*Fabric)(nil)
	_ fabric.Tapper   = (*Fabric)(nil)
	_ fabric.Clocked  = (*Fabric)(nil)
)

// New is the fabric of a testbed whose machines have agents.
func New(c Config) *Fabric { return &Fabric{config: c} }

// Name is that of the machines' fabrics: userspace.
func (*Fabric) Name() string { return userspace.Name }

// patience bounds how long machines may take to connect with one another, and how long what is undone after an error
// may take.
const patience = 30 * time.Second

// Apply makes each machine's part of the network at once, and returns when all stations are up and packets can go
// between all machines. Where none had a part of it before and one cannot have it, none has it afterwards.
func (f *Fabric) Apply(ctx context.Context, want fabric.Network) error {
	return f.wrap(f.apply(ctx, want))
}

func (f *Fabric) apply(ctx context.Context, want fabric.Network) error {
	p, encoded, err := f.prepare(want)
	if err != nil {
		return err
	}
	of := p.Machines
	heard, err := f.all(ctx, of, func(i int) request { return request{Op: opListen, Host: f.address(of, i)} })
	if err != nil {
		return errors.Join(err, f.undo(ctx, of, heard))
	}
	key, err := keyOf(of, heard)
	if err != nil {
		return err
	}
	if err := f.remember(p, encoded); err != nil {
		return err
	}
	addresses := make([]string, len(of))
	for i := range heard {
		addresses[i] = heard[i].Address
	}
	begin, unknown := f.beginning(ctx, of, want)
	made, err := f.all(ctx, of, func(i int) request {
		return request{Op: opApply, Network: encoded, Part: part{p, i, addresses, key}, Run: beginsAt(begin, i)}
	})
	if err == nil {
		err = f.await(ctx, of)
	}
	if err == nil && unknown != nil { // where nothing was up, nobody knew the clocks
		made, err = f.begin(ctx, p, want, encoded)
	}
	if err != nil {
		err = errors.Join(err, f.undo(ctx, of, heard))
	}
	return errors.Join(err, absentOf(want, made))
}

// prepare is what is told of a network: who carries what of it, and its encoding. It fails where the network cannot be
// carried like that.
func (f *Fabric) prepare(want fabric.Network) (p machines.Partition, encoded []byte, err error) {
	if want.Topology == nil {
		return p, nil, errors.New("a network without a topology")
	}
	if p, err = f.config.Partition(want); err != nil {
		return p, nil, err
	}
	if err := p.Validate(want.Topology); err != nil {
		return p, nil, err
	}
	var b bytes.Buffer
	err = want.Encode(&b)
	return p, b.Bytes(), err
}

// address is what a machine is told of where the others reach it.
func (f *Fabric) address(of []machines.Machine, i int) string {
	switch {
	case len(of) == 1:
		return "127.0.0.1" // there are no others
	case f.config.Address == nil:
		return ""
	}
	return f.config.Address(of[i].ID)
}

// undo removes, after an error, the network that the machines had nothing of before, by what they said then.
func (f *Fabric) undo(ctx context.Context, of []machines.Machine, before []reply) error {
	if slices.ContainsFunc(before, func(a reply) bool { return a.Up }) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return f.close(ctx, of)
}

// absentOf is the error about stations whose namespaces are not there, in the network's order; nil: all are.
func absentOf(want fabric.Network, replies []reply) error {
	missing := map[string]bool{}
	for i := range replies {
		for _, name := range replies[i].Absent {
			missing[name] = true
		}
	}
	var names []string
	for _, s := range want.Stations {
		if name := want.Topology.Vertices[s.ID].Name; missing[name] {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &fabric.AbsentError{Stations: names}
}

// Reshape implements fabric.Reshaper.
func (f *Fabric) Reshape(ctx context.Context, want fabric.Network) error {
	return f.wrap(f.reshape(ctx, want))
}

func (f *Fabric) reshape(ctx context.Context, want fabric.Network) error {
	p, encoded, err := f.prepare(want)
	if err != nil {
		return err
	}
	had, err := f.recorded()
	if err != nil || !alike(had.network, want) || !reflect.DeepEqual(had.partition, p) {
		return f.apply(ctx, want)
	}
	if !slices.EqualFunc(had.network.Topology.Adjacency, want.Topology.Adjacency, slices.Equal) { // a host is elsewhere
		if err := f.remember(p, encoded); err != nil {
			return err
		}
	}
	made, err := f.begin(ctx, p, want, encoded)
	if errors.Is(err, fabric.ErrNotRunning) { // on one of them at least
		return f.apply(ctx, want)
	}
	if err == nil && slices.ContainsFunc(made, func(a reply) bool { return a.Began }) {
		err = f.await(ctx, p.Machines)
	}
	return errors.Join(err, absentOf(want, made))
}

// Inspect puts together what the machines say. Where one does not answer the error names it, and what the others say
// is there nevertheless.
func (f *Fabric) Inspect(ctx context.Context) (fabric.Status, error) {
	return f.inspect(ctx, opInspect)
}

// Counters is what Inspect says of the queues.
func (f *Fabric) Counters(ctx context.Context) ([]fabric.QueueStatus, error) {
	status, err := f.inspect(ctx, opCounters)
	return status.Queues, err
}

func (f *Fabric) inspect(ctx context.Context, op string) (fabric.Status, error) {
	r, err := f.recorded()
	if err != nil {
		return fabric.Status{}, f.wrap(err)
	}
	replies, err := f.all(ctx, r.machines, same(request{Op: op}))
	f.onOneClock(ctx, r.machines, replies, op == opInspect)
	parts := make([]fabric.Status, len(replies))
	for i := range replies {
		parts[i] = replies[i].Status
	}
	return fabric.Merge(r.network, parts...), f.wrap(err)
}

// Connected waits until packets can go between all machines, for as long as ctx lasts. The error names those between
// which they cannot, and wraps userspace.ErrApart.
func (f *Fabric) Connected(ctx context.Context) error {
	r, err := f.recorded()
	if err == nil {
		err = f.connected(ctx, r.machines)
	}
	return f.wrap(err)
}

// await waits until the machines are connected, which takes a tenth of a second unless they are.
func (f *Fabric) await(ctx context.Context, of []machines.Machine) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, userspace.ErrApart)
	defer cancel()
	return f.connected(ctx, of)
}

// glance is for how long an agent waits for connections at a time, so that the controller hears how far it is.
const glance = 250 * time.Millisecond

func (f *Fabric) connected(ctx context.Context, of []machines.Machine) error {
	var last error
	for {
		_, err := f.all(ctx, of, same(request{Op: opConnected, Patience: glance}))
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && last != nil:
			return last
		case ctx.Err() != nil:
			return err
		case !all(err, userspace.ErrApart, context.DeadlineExceeded): // the latter of a busy machine's glance
			return err // where a machine has nothing, there is nothing to wait for
		}
		last = err
	}
}

// all says whether all errors that are joined in one are of one of the kinds.
func all(err error, kinds ...error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(one error) bool { return !all(one, kinds...) })
	}
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}

// Watch blocks until a machine's part has ended, a station of it was lost, or its agent was, which are errors, or ctx
// has, which is none.
func (f *Fabric) Watch(ctx context.Context) error {
	r, err := f.recorded()
	if err != nil {
		return f.wrap(err)
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	names := machines.Names(r.machines)
	lost := make(chan error, len(names))
	for i, m := range r.machines {
		go func() {
			_, err := f.ask(watching, m, request{Op: opWatch})
			if err == nil { // its agent is about to end
				err = ErrNoAnswer
			}
			lost <- machines.On(names[i], err)
		}()
	}
	err = <-lost
	if ctx.Err() != nil {
		return nil
	}
	return f.wrap(err)
}

// Close removes the network from all machines that can be asked, and names the others: there it ends with the agent.
func (f *Fabric) Close(ctx context.Context) error {
	r, err := f.recorded()
	if errors.Is(err, fabric.ErrNotRunning) {
		return nil
	}
	if err == nil {
		err = f.close(ctx, r.machines)
	}
	return f.wrap(err)
}

// Remove removes what a machine has of a testbed's network, and what agents that were killed have left of one there, by
// an agent of the machine. It needs no record: whoever sweeps machines calls it.
func Remove(ctx context.Context, testbed string, m machines.Machine, agent remote.Opener) error {
	f := New(Config{Testbed: testbed, At: func(string) remote.Opener { return agent }})
	_, err := f.all(ctx, []machines.Machine{m}, same(request{Op: opClose}))
	return f.wrap(err)
}

func (f *Fabric) close(ctx context.Context, of []machines.Machine) error {
	if _, err := f.all(ctx, of, same(request{Op: opClose})); err != nil {
		return err // the record stays, for the next time
	}
	return f.forget()
}

func (f *Fabric) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", userspace.Of(f.config.Testbed), err)
}
