package run

import (
	"context"
	"net/netip"
	"time"

	"testbed/emulator/canary"
	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/record"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// Bed is what a run needs of the testbed that it runs on. On makes one of the orchestrator's; tests have their own.
type Bed interface {
	// Description says which testbed it is.
	Description() Description
	// Agent is a control connection to a node's agent. The caller closes it.
	Agent(id topology.ID) Agent
	// Address is where a node serves its functions, in the emulated network.
	Address(id topology.ID) netip.AddrPort
	// Stations are the nodes, with the cloud where there is one.
	Stations() []topology.ID
	// Inspect asks the fabric for the queues as they are in force, with their counters.
	Inspect(ctx context.Context) (fabric.Status, error)
	// Health is how well the fabric has kept time, with its spells from number since on. It fails, wrapping
	// fabric.ErrNoHealth, where the fabric does not tell.
	Health(ctx context.Context, since uint64) (health.Health, error)
	// Canary begins to probe the host, by a network of its own beside the testbed's. It fails where none can be made.
	Canary(ctx context.Context) (Canary, error)
	// Watch blocks until a part of the testbed has died, which is an error that names it at once (of a node an
	// orchestrator.DiedError), or ctx ends, which is none. Nodes that are gone are not looked at.
	Watch(ctx context.Context, gone ...string) error
	// Reason is why the testbed does not answer: that it was taken down, where it was, otherwise err.
	Reason(ctx context.Context, err error) error
	// Verify measures a link of each class, briefly. What it found comes with an error as well, where not all could
	// be measured.
	Verify(ctx context.Context, progress func(done, total int, what string)) ([]record.Fidelity, error)
	// Player prepares to change the network in the course of a run.
	Player(ctx context.Context) (Player, error)
	// Begin makes the testbed this run's until the lease ends. It fails, naming the other, while another run has it.
	Begin(ctx context.Context, run string) (Lease, error)
}

// Canary probes the host: see package canary.
type Canary interface {
	// Report tells of the times in which the host was late, from number since on.
	Report(ctx context.Context, since uint64) (health.Report, error)
	// Stop ends it, and says what was measured, also with an error.
	Stop(ctx context.Context) (canary.Result, error)
}

// Description says which testbed a Bed is.
type Description struct {
	Testbed  string
	Scenario string
	File     string // that the scenario was read from
	Runtime  string
	Fabric   string
}

// Agent is what a run asks of a node's agent.
type Agent = replay.Agent

// Player changes a testbed's network at given moments.
type Player interface {
	// Play changes the network at the given moments after start, which are in order, and tells of each. It returns
	// when the last has come or ctx ends. A moment that fails does not end it.
	Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played))
	// Restore makes the network as it was before the first moment, even where ctx has ended. Of a testbed that is
	// not up any more it makes nothing.
	Restore(ctx context.Context) error
}

// Lease is a testbed's being one run's.
type Lease interface {
	// Found is the network as it was when the run began.
	Found() Found
	// Changes are those that others have made to the network since Begin, in their order.
	Changes() []Change
	// End gives the testbed free. It may be repeated.
	End()
}
