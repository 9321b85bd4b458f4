package emulator

import (
	"context"
	"fmt"

	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
	"testbed/emulator/verify"
)

// Bed is a testbed that is up, and the one owner of its network and nodes. Whatever changes them goes through it:
// under the testbed's lock, from what is observed, persisted and in force or neither. Methods that change
// something take an origin: who wants it, such as a command line. A run that is under way records it.
type Bed struct {
	*orchestrator.Bed
	host     *Host
	scenario *resolved.Scenario // nil until it is asked for
}

// Scenario is the scenario that the testbed was made from, worked out from the copy that the testbed keeps.
func (b *Bed) Scenario() (*resolved.Scenario, error) {
	if b.scenario != nil {
		return b.scenario, nil
	}
	e, err := b.host.Load(b.ScenarioFile())
	if err != nil {
		return nil, fmt.Errorf("the scenario that testbed %s was made from: %w", b.Journal.Testbed, err)
	}
	b.scenario = e
	return e, nil
}

// Apply makes the testbed as a scenario says, and mends what is not as it was made; see
// orchestrator.Bed.Reconcile.
func (b *Bed) Apply(
	ctx context.Context, origin string, e *resolved.Scenario, progress func(string),
) (*orchestrator.Reconciliation, error) {
	r, err := b.host.request(e, UpOptions{Name: b.Journal.Testbed, Progress: progress})
	if err == nil {
		err = b.host.respread(e, r, b.Journal)
	}
	if err != nil {
		return nil, err
	}
	found, err := b.Reconcile(ctx, origin, *r)
	if err == nil {
		b.scenario = e
	}
	return found, err
}

// Plan says what Apply would do, and does nothing.
func (b *Bed) Plan(ctx context.Context, e *resolved.Scenario) (*orchestrator.Reconciliation, error) {
	r, err := b.host.request(e, UpOptions{Name: b.Journal.Testbed})
	if err == nil {
		err = b.host.respread(e, r, b.Journal)
	}
	if err != nil {
		return nil, err
	}
	return b.Compare(ctx, *r)
}

// Verify measures a sample of links of every class; see verify.Links. A run that is under way is told of it, and by
// whom.
func (b *Bed) Verify(ctx context.Context, origin string, o verify.Options) ([]verify.Finding, error) {
	if err := b.Note(ctx, origin, orchestrator.Traffic, "links were measured"); err != nil {
		return nil, err
	}
	return verify.Links(ctx, b.Bed, b.host.Prober, o)
}

// Inspection is what is in force of a testbed, beside what should be.
type Inspection struct {
	*orchestrator.Journal
	Nodes       []orchestrator.NodeStatus `json:"nodes"` // in place of the journal's
	Dead        []string                  `json:"dead"`
	Links       []fabric.QueueStatus      `json:"links"`
	Stations    []fabric.StationStatus    `json:"stations"`
	Differences []fabric.Difference       `json:"differences"` // of the links from what they should be at the moment
	Run         *orchestrator.Under       `json:"run,omitempty"`
	FabricError string                    `json:"fabric_error,omitempty"` // why links and stations are not known
}

// Inspect reads back what is in force. A fabric that does not answer keeps nothing else from being told.
func (b *Bed) Inspect(ctx context.Context) (*Inspection, error) {
	i := &Inspection{Journal: b.Journal, Nodes: b.Nodes(), Dead: b.Dead(), Differences: []fabric.Difference{}}
	i.Run = b.Under()
	want, err := b.Wanted()
	if err != nil {
		return nil, err
	}
	i.Nodes = orchestrator.WithRouting(i.Nodes, want)
	status, err := b.Fabric.Inspect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		i.FabricError = err.Error()
		return i, nil
	}
	i.Links, i.Stations = status.Queues, status.Stations
	if found := fabric.Differences(fabric.Wanted(want), status.Queues); len(found) > 0 {
		i.Differences = found
	}
	return i, nil
}
