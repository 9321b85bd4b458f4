package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
)

// Spread is how a testbed is spread over several machines.
type Spread struct {
	Carrier string `json:"carrier"` // by which agents get to the machines: engines or swarm
	// Image is a reference to an image that holds this program, which the machines' engines have; empty: this program
	// makes one.
	Image     string             `json:"image,omitempty"`
	Partition machines.Partition `json:"partition"`
	// Left are, of a testbed that goes down, the machines on which something may still be; none: all of the partition.
	Left []machines.Machine `json:"left,omitempty"`
}

// Several has testbeds on several machines.
type Several interface {
	// Begin brings what carries a testbed to its machines, where it stays until End. It refuses, with an error that wraps
	// ErrExists and names who has it, a testbed of which anything is on them. On an error it leaves nothing of its own,
	// unless that is a BegunError: End is to remove what is left, then or later.
	// parted says which machine carries what of a network.
	Begin(ctx context.Context, testbed string, s *Spread, parted Parted, progress func(string)) (*Carried, error)
	// Open finds what Begin has brought. What of it is lost fails when it is asked.
	Open(testbed string, s *Spread, parted Parted) (*Carried, error)
	// End removes all that is of a testbed on these machines, in whatever state it is there: nodes, those that are given
	// and those that can be proved to be the testbed's, network, files, and what Begin has brought. It returns the
	// machines that it could not ask, for which it is to be repeated.
	End(ctx context.Context, testbed string, s *Spread, on []machines.Machine, nodes []noderuntime.Node) (
		left []carrier.Unfit, err error)
}

// BegunError says that what Begin has brought may still be on machines.
type BegunError struct{ Err error }

func (e *BegunError) Error() string { return e.Err.Error() }

// Unwrap is why Begin has failed.
func (e *BegunError) Unwrap() error { return e.Err }

// Parted says which machine carries what of a network.
type Parted func(fabric.Network) (machines.Partition, error)

// Carried is a testbed's part of several machines.
type Carried struct {
	Runtime noderuntime.Runtime // that starts a node on the machine that its specification names
	Fabric  fabric.Fabric
	At      func(machine string) remote.Opener // opens streams to services of a machine's agent; machine is an ID
	Lost    func(context.Context) error        // blocks until a machine is lost, which it names, or ctx ends
}

// errNoSeveral is what a host says that has testbeds on this machine alone.
var errNoSeveral = fmt.Errorf("testbeds on several machines are %w", noderuntime.ErrNotSupported)

// carry takes over what a testbed on several machines has.
func (b *Bed) carry(c *Carried) {
	b.Runtime, b.Fabric, b.Machines, b.lost = c.Runtime, c.Fabric, c.At, c.Lost
}

// parted is which machine carries what of a network, as the journal says now.
func (b *Bed) parted(fabric.Network) (machines.Partition, error) {
	if b.Journal.Spread == nil {
		return machines.Partition{}, fmt.Errorf("%w: it says nothing of machines", ErrJournal)
	}
	return b.Journal.Spread.Partition, nil
}

// on is the ID of the machine on which a node is to be; empty: this one.
func (s *Spread) on(node string) string {
	if s == nil {
		return ""
	}
	if i, ok := s.Partition.Of[node]; ok && i >= 0 && i < len(s.Partition.Machines) {
		return s.Partition.Machines[i].ID
	}
	return ""
}

// beside is the spread with the machines of what is not in it as they were before: until a change is through, the
// network may have it.
func (s *Spread) beside(was *Spread) *Spread {
	next := *s
	next.Partition.Of = maps.Clone(was.Partition.Of)
	maps.Copy(next.Partition.Of, s.Partition.Of)
	return &next
}

// Name is what people call a machine of that ID.
func (s *Spread) Name(id string) string {
	if s == nil {
		return id
	}
	names := machines.Names(s.Partition.Machines)
	for i, m := range s.Partition.Machines {
		if m.ID == id {
			return names[i]
		}
	}
	return id
}

// floor refuses a network whose crossings have less delay than its machines need.
func (b *Bed) floor(n fabric.Network) error {
	if b.Journal.Spread == nil {
		return nil
	}
	p := &b.Journal.Spread.Partition
	owners, err := p.Owners(n.Topology)
	if err != nil {
		return err
	}
	return p.CheckFloor(n.Topology, owners)
}

// beginSpread brings a testbed that has nothing but a journal to its machines.
func (b *Bed) beginSpread(ctx context.Context, r Request) error {
	s := b.Journal.Spread
	r.progress(fmt.Sprintf("bringing agents to %s (%s)", printable.Count(len(s.Partition.Machines), "machine"), s.Carrier))
	c, err := b.host.Several.Begin(ctx, r.Testbed, s, b.parted, r.progress)
	if err != nil {
		return err
	}
	b.carry(c)
	return nil
}

// openSpread is the testbed of a journal that is on several machines.
func (h *Host) openSpread(ctx context.Context, journal *Journal) (*Bed, error) {
	if h.Several == nil {
		return nil, errNoSeveral
	}
	b := newBed(h, journal, nil, nil, nil)
	c, err := h.Several.Open(journal.Testbed, journal.Spread, b.parted)
	if err != nil {
		return nil, err
	}
	b.carry(c)
	conditions, err := b.Runtime.Inspect(ctx, journal.nodes())
	if err != nil {
		return nil, err
	}
	b.learn(conditions)
	if journal.Phase == Running { // else agents are about to come, or to go
		b.silent = b.unanswered()
	}
	return b, nil
}

// unanswered asks the machines that have no node, of which nothing else tells, whether they are there; it says of those
// that do not answer, by their IDs, why.
func (b *Bed) unanswered() map[string]string {
	var all sync.WaitGroup
	var mu sync.Mutex
	why := map[string]string{}
	for _, m := range b.Journal.Spread.Partition.Machines {
		if slices.ContainsFunc(b.Journal.Nodes, func(n NodeRecord) bool { return n.Machine == m.ID }) {
			continue
		}
		all.Go(func() {
			conn, err := b.At(m.ID).Open(carrier.HelloService)
			if err == nil {
				_ = conn.Close()
				return
			}
			mu.Lock()
			defer mu.Unlock()
			why[m.ID] = err.Error()
		})
	}
	all.Wait()
	return why
}

// removeSpread takes down what is on several machines. Machines that cannot be asked are written down, and left to the
// next time.
func (h *Host) removeSpread(ctx context.Context, used *Journal, forget bool, progress func(string)) error {
	s := used.Spread
	on := s.Left
	if len(on) == 0 {
		on = s.Partition.Machines
	}
	used.Phase = Stopping
	_ = h.Store.Write(used) // that it is going down helps who looks at it, and no more
	progress("removing " + used.Testbed)
	if h.Several == nil {
		return errNoSeveral
	}
	left, err := h.Several.End(ctx, used.Testbed, s, on, used.nodes())
	if err != nil && !forget {
		return errors.Join(err, h.unfinished(used.Testbed))
	}
	if len(left) > 0 && !forget {
		s.Left = nil
		gone := &LeftError{Testbed: used.Testbed}
		for _, u := range left {
			s.Left = append(s.Left, u.Machine)
			gone.Machines = append(gone.Machines, u.String())
		}
		return errors.Join(gone, h.Store.Write(used))
	}
	return h.end(used.Testbed, forget)
}

// LeftError says that a testbed is removed but for what may be on machines that could not be asked.
type LeftError struct {
	Testbed  string
	Machines []string // each with why it could not be asked
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s is down, but for what may be left on %s:\n  %s\n`testbed down --name %s` finishes "+
		"once they are back; with --forget it gives them up", e.Testbed, printable.Count(len(e.Machines), "machine"),
		strings.Join(e.Machines, "\n  "),
		shell.Quote(e.Testbed))
}

// Unwrap is carrier.ErrUnreachable.
func (e *LeftError) Unwrap() error { return carrier.ErrUnreachable }

// check makes sure that machines are such as this program writes.
func (s *Spread) check(nodes []NodeRecord) error {
	if s == nil {
		for _, n := range nodes {
			if n.Machine != "" {
				return fmt.Errorf("node %s is on machine %q, and there are none", n.Name, n.Machine)
			}
		}
		return nil
	}
	list := s.Partition.Machines
	if err := machines.Check(list); err != nil {
		return err
	}
	if strings.HasPrefix(s.Image, "-") || strings.ContainsFunc(s.Image, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%q is no image", s.Image)
	}
	known := func(id string) bool {
		return slices.ContainsFunc(list, func(m machines.Machine) bool { return m.ID == id })
	}
	for name, of := range s.Partition.Of {
		if of < 0 || of >= len(list) {
			return fmt.Errorf("%s is on machine %d of %d", name, of, len(list))
		}
	}
	for _, n := range nodes {
		if !known(n.Machine) {
			return fmt.Errorf("node %s is on machine %q, which is none of those that there are", n.Name, n.Machine)
		}
	}
	for _, m := range s.Left {
		if !known(m.ID) {
			return fmt.Errorf("something is left on machine %q, which is none of those that there are", m.ID)
		}
	}
	return s.checkCarrier()
}

// checkCarrier makes sure that machines are such as the carrier knows them.
func (s *Spread) checkCarrier() error {
	switch s.Carrier {
	case "swarm":
		return nil
	case "engines":
	default:
		return fmt.Errorf("its machines are reached by %q", s.Carrier)
	}
	for _, m := range s.Partition.Machines {
		spec, err := machines.Parse(m.ID)
		if err != nil || spec.Kind != machines.Listed || len(spec.Machines) != 1 || spec.Machines[0].ID != m.ID {
			return fmt.Errorf("%q is no machine: %w", m.ID, errors.Join(err, machines.ErrSpec))
		}
	}
	return nil
}

// MachineName is what people call one of several machines, by its ID.
func (b *Bed) MachineName(id string) string { return b.Journal.Spread.Name(id) }
