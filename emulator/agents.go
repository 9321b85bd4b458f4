package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/spread"
	"testbed/emulator/internal/program"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/machines/control"
	"testbed/emulator/machines/seat"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
	"testbed/emulator/noderuntime/several"
	"testbed/emulator/orchestrator"
)

// agents has testbeds on several machines, by agents that a background process keeps.
type agents struct {
	host *Host
	// alone is told of what End leaves alone on a machine, as nothing proves whose it is; nil: nobody is.
	alone func(names []string)
}

var _ orchestrator.Several = agents{}

// nodeRuntime is what agents' runtimes are called.
const nodeRuntime = "docker"

// Begin starts the process that keeps the agents, and the agents.
func (a agents) Begin(
	ctx context.Context, testbed string, s *orchestrator.Spread, parted orchestrator.Parted, progress func(string),
) (*orchestrator.Carried, error) {
	if err := a.unclaimed(ctx, testbed, s); err != nil {
		return nil, err
	}
	kept, err := seat.Start(ctx, program.At("/proc/self/exe"), []string{seat.Command}, a.config(testbed, s), progress)
	if err != nil {
		return nil, begun(err)
	}
	carried := a.carried(testbed, s, kept, parted)
	if err := vacant(ctx, testbed, carried.Runtime.(*several.Runtime).Made()); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
		defer cancel()
		return nil, begun(errors.Join(err, kept.Close(clean), a.kept(clean, testbed, s)))
	}
	return carried, nil
}

// kept says of agents that were ended, for what is on their machines is another testbed's, that something of them is
// there all the same; nil: it is not.
func (a agents) kept(ctx context.Context, testbed string, s *orchestrator.Spread) error {
	claims, err := a.claims(ctx, testbed, s)
	for _, claim := range claims {
		if claim.By == a.launch(testbed).Complete().By {
			err = errors.Join(err, errors.New(claim.Says))
		}
	}
	if err != nil {
		err = fmt.Errorf("%w: `testbed down` with --machines removes it", err)
	}
	return carrier.Left(nil, err)
}

// begun is why agents could not be brought to machines. Who was lost on the way could not undo what it did; what
// another controller has is not to be undone.
func begun(err error) error {
	lost := errors.Is(err, carrier.ErrUnreachable) || errors.Is(err, control.ErrLost) || errors.Is(err, carrier.ErrLeft)
	if lost && !errors.Is(err, carrier.ErrTaken) && !errors.Is(err, orchestrator.ErrExists) {
		return &orchestrator.BegunError{Err: err}
	}
	return err
}

// claims says who has agents of a testbed on machines.
func (a agents) claims(ctx context.Context, testbed string, s *orchestrator.Spread) ([]carrier.Claim, error) {
	c, err := a.carrier(s)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	return c.Claims(ctx, testbed)
}

// unclaimed refuses a testbed of which agents are there already: two controllers cannot have one name.
func (a agents) unclaimed(ctx context.Context, testbed string, s *orchestrator.Spread) error {
	claims, err := a.claims(ctx, testbed, s)
	if err == nil && len(claims) > 0 {
		err = fmt.Errorf("testbed %s is %w: %s; give this one another --name, or take that one down where it was started",
			testbed, orchestrator.ErrExists, claims[0].Says)
	}
	return err
}

// ours refuses a testbed of which another host has agents: to take those away would end a network that may be in use.
func (a agents) ours(ctx context.Context, testbed string, s *orchestrator.Spread) error {
	claims, err := a.claims(ctx, testbed, s)
	own := a.launch(testbed).Complete().By
	for _, claim := range claims {
		if claim.By != own {
			return inputf("testbed %s is another host's: %s; take it down there, or, where that host is gone, with --unproved",
				testbed, claim.Says)
		}
	}
	return err
}

// config is what the process that keeps the agents is told.
func (a agents) config(testbed string, s *orchestrator.Spread) seat.Config {
	h, l := a.host, a.launch(testbed)
	return seat.Config{Testbed: testbed, Dir: h.Store.Dir(testbed), Carrier: s.Carrier, Machines: s.Partition.Machines,
		Image: s.Image, Dirs: l.Dirs, Programs: l.Programs, Store: string(h.Store), Key: h.Key}
}

// launch says for what agents are started.
func (a agents) launch(testbed string) carrier.Launch {
	h := a.host
	return carrier.Launch{Testbed: testbed, Secrets: Secrets(string(h.Store), h.Key), Dirs: []string{string(h.Store)},
		Programs: filepath.Dir(h.Key)}
}

// carrier is what brings agents to a testbed's machines. The caller closes it.
func (a agents) carrier(s *orchestrator.Spread) (carrier.Carrier, error) {
	spec := machines.Spec{Kind: machines.Listed, Machines: s.Partition.Machines}
	if s.Carrier == swarm.Name {
		spec = machines.Spec{Kind: machines.Swarm}
	}
	return a.host.carrier(spec, s.Image)
}

// vacant refuses machines on which there are nodes of a testbed of that name, whoever made them.
func vacant(ctx context.Context, testbed string, nodes noderuntime.Made) error {
	own, err := nodes.Find(ctx, testbed)
	if err != nil {
		return err
	}
	for _, n := range own {
		return fmt.Errorf("something is left of an earlier testbed %s, such as node %s on machine %s: %w: `testbed down` "+
			"with --machines removes it", testbed, n.Node, n.Machine, orchestrator.ErrExists)
	}
	others, err := nodes.Foreign(ctx, testbed, nil)
	if err == nil && len(others) > 0 {
		err = fmt.Errorf("another controller has a testbed %s there (%s): %w: give this one another --name", testbed,
			others[0], orchestrator.ErrExists)
	}
	return err
}

// Open finds the process that keeps the agents. Where it has ended, all machines are lost.
func (a agents) Open(
	testbed string, s *orchestrator.Spread, parted orchestrator.Parted,
) (*orchestrator.Carried, error) {
	kept, err := seat.Open(a.host.Store.Dir(testbed), testbed)
	if err != nil && !errors.Is(err, seat.ErrNotRunning) {
		return nil, err
	}
	if err != nil {
		kept = nil
	}
	return a.carried(testbed, s, kept, parted), nil
}

// carried is what a testbed has of its machines. kept may be nil.
func (a agents) carried(
	testbed string, s *orchestrator.Spread, kept *seat.Seat, parted orchestrator.Parted,
) *orchestrator.Carried {
	at := func(id string) remote.Opener { return noSeat(id) }
	lost := func(context.Context) error { return errNoSeat }
	if kept != nil {
		at, lost = kept.At, kept.Watch
	}
	list, addresses := make([]several.Machine, len(s.Partition.Machines)), map[string]string{}
	for i, m := range s.Partition.Machines {
		list[i] = several.Machine{ID: m.ID, Made: remote.New(nodeRuntime, carrier.NameOf(m), at(m.ID)).Made()}
		addresses[m.ID] = m.Address
	}
	return &orchestrator.Carried{
		Runtime: several.New(nodeRuntime, list),
		Fabric: spread.New(spread.Config{Testbed: testbed, Dir: a.host.Store.Dir(testbed), Partition: parted, At: at,
			Address: func(id string) string { return addresses[id] }}),
		At: at, Lost: lost,
	}
}

// ending bounds what one attempt at taking agents down, or having new ones remove what is there, may take.
const ending = 90 * time.Second

// sweeps is how many attempts there are: a machine that is lost during the first is known to be at the next.
const sweeps = 2

// End removes what is on machines: through the agents that are there, and where none answers through new ones.
func (a agents) End(
	ctx context.Context, testbed string, s *orchestrator.Spread, on []machines.Machine, nodes []noderuntime.Node,
) (left []carrier.Unfit, err error) {
	c, err := a.carrier(s)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if a.alone == nil && len(nodes) == 0 { // no node was ever made: what is there may be another host's
		if err := a.ours(ctx, testbed, s); errors.Is(err, ErrInput) {
			return nil, err
		}
	}
	left = a.sweep(ctx, c, testbed, a.through(ctx, testbed, s, on, nodes), nodes)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	also, err := c.Remove(ctx, testbed) // agents that are left of a controller that was killed
	for _, u := range also {
		left = append(left, missing(left, u, s.Partition.Machines, on)...)
	}
	return left, err
}

// sweep has new agents remove what is on machines, and returns those on which something may be left.
func (a agents) sweep(
	ctx context.Context, c carrier.Carrier, testbed string, on []machines.Machine, nodes []noderuntime.Node,
) (left []carrier.Unfit) {
	for try := 1; len(on) > 0; try++ {
		fit, unfit := reachable(ctx, c, on)
		left = append(left, unfit...)
		if len(fit) == 0 {
			return left
		}
		sweeping, cancel := context.WithTimeoutCause(ctx, ending, fmt.Errorf("it took more than %v", ending))
		_, failed, err := carrier.Sweep(sweeping, c, a.launch(testbed), fit, func(agent *carrier.Agent) error {
			made := agent.Runtime()
			err := errors.Join(spread.Remove(sweeping, testbed, agent.Machine, agent),
				made.Remove(sweeping, testbed, of(nodes, agent.Machine.ID)))
			if a.alone != nil && err == nil {
				var names []string
				names, err = made.Foreign(sweeping, testbed, nil)
				a.alone(names)
			}
			return err
		})
		cancel()
		if err != nil {
			failed = all(fit, err)
		}
		if try == sweeps || ctx.Err() != nil {
			return append(left, failed...)
		}
		on = nil
		for _, u := range failed {
			on = append(on, u.Machine)
		}
	}
	return left
}

// all says of machines why they cannot be asked.
func all(list []machines.Machine, why error) []carrier.Unfit {
	unfit := make([]carrier.Unfit, len(list))
	for i, m := range list {
		unfit[i] = carrier.Unfit{Machine: m, Why: why.Error()}
	}
	return unfit
}

// reachable tells machines to which the carrier can bring agents from others, with why not.
func reachable(
	ctx context.Context, c carrier.Carrier, on []machines.Machine,
) (fit []machines.Machine, unfit []carrier.Unfit) {
	asked, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	there, others, err := c.Machines(asked)
	if err != nil {
		return nil, all(on, err)
	}
	for _, m := range on {
		same := func(o machines.Machine) bool { return o.ID == m.ID }
		if slices.ContainsFunc(there, same) {
			fit = append(fit, m)
			continue
		}
		u := carrier.Unfit{Machine: m, Why: "it is not there any more"}
		if i := slices.IndexFunc(others, func(o carrier.Unfit) bool { return same(o.Machine) }); i >= 0 {
			u.Why = others[i].Why
		}
		unfit = append(unfit, u)
	}
	return fit, unfit
}

// through has the agents that are there remove what is on their machines, ends them, and returns the machines on which
// something may be left.
func (a agents) through(
	ctx context.Context, testbed string, s *orchestrator.Spread, on []machines.Machine, nodes []noderuntime.Node,
) (rest []machines.Machine) {
	dir := a.host.Store.Dir(testbed)
	kept, err := seat.Open(dir, testbed)
	if err != nil {
		_ = seat.End(ctx, dir, testbed) // one that does not answer must not keep agents that are in the way
		return on
	}
	unbounded := ctx
	defer func() { _ = kept.Close(unbounded) }()
	ctx, cancel := context.WithTimeoutCause(ctx, ending, fmt.Errorf("it took more than %v", ending))
	defer cancel()
	// The network first: while it holds a namespace's interface open, the namespace outlives its node.
	parted := func(fabric.Network) (machines.Partition, error) { return s.Partition, nil }
	network := a.carried(testbed, s, kept, parted).Fabric
	_ = network.Close(ctx) // it ends with the agents in any case
	failed := make([]error, len(on))
	var asking sync.WaitGroup
	for i, m := range on {
		asking.Go(func() {
			failed[i] = remote.New(nodeRuntime, carrier.NameOf(m), kept.At(m.ID)).Remove(ctx, testbed, of(nodes, m.ID))
		})
	}
	asking.Wait()
	for i, m := range on {
		if failed[i] != nil {
			rest = append(rest, m)
		}
	}
	return rest
}

// noSeat is a machine of a testbed whose agents nobody keeps any more.
type noSeat string

// Open fails.
func (noSeat) Open(string) (net.Conn, error) { return nil, errNoSeat }

// errNoSeat says that all machines are lost.
var errNoSeat = fmt.Errorf("%w with the process that kept the testbed's agents, which has ended", control.ErrLost)

// of are the nodes of one machine, as that knows them.
func of(nodes []noderuntime.Node, machine string) (own []noderuntime.Node) {
	for _, n := range nodes {
		if n.Machine == machine {
			n.Machine = ""
			own = append(own, n)
		}
	}
	return own
}
