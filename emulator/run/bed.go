package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"testbed/emulator/canary"
	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/verify"
)

// This file is all that the package knows of packages orchestrator and verify.

// receiveWindow is the one of TCP in every node, in bytes.
const receiveWindow = orchestrator.ReceiveWindow

// sysctls are the kernel's settings that a scenario's nodes have for TCP.
func sysctls(sc *scenario.Scenario) map[string]string {
	return orchestrator.TCP{Congestion: sc.TCP.Congestion, SlowStartAfterIdle: sc.TCP.SlowStartAfterIdle}.Sysctls()
}

// quick is what a run measures of its own network: one link of each class, briefly. `testbed verify`
// measures more.
var quick = verify.Options{PerClass: 1, Pings: 100, Duration: 500 * time.Millisecond,
	Tolerance: verify.DefaultTolerance}

// What the network goes through during a run is the orchestrator's to say.
type (
	// Moment is an instant at which the network is to change.
	Moment = orchestrator.Moment
	// Played is a moment that has come.
	Played = orchestrator.Played
	// Change is one that somebody else made to the network during a run.
	Change = orchestrator.Change
	// Found is the network that a run finds, and in what it is not as the testbed's scenario says.
	Found = orchestrator.Found
)

// On is a testbed that is up as a Bed, whose links are measured with prober; nil: with packets.
func On(b *orchestrator.Bed, prober verify.Prober) Bed { return testbed{b, prober} }

type testbed struct {
	*orchestrator.Bed
	prober verify.Prober
}

// Description implements Bed.
func (b testbed) Description() Description {
	j := b.Journal
	return Description{Testbed: j.Testbed, Scenario: j.Scenario, File: j.File, Runtime: j.Runtime, Fabric: j.Fabric}
}

// Agent implements Bed.
func (b testbed) Agent(id topology.ID) Agent { return b.Bed.Agent(id) }

// Address implements Bed.
func (b testbed) Address(id topology.ID) netip.AddrPort {
	return netip.AddrPortFrom(b.Bed.Address(id), orchestrator.FunctionPort)
}

// Stations implements Bed.
func (b testbed) Stations() []topology.ID {
	stations, _ := b.Bed.Stations() // without them there is nobody to talk to, and every chain says so
	ids := make([]topology.ID, len(stations))
	for i, s := range stations {
		ids[i] = s.ID
	}
	return ids
}

// Inspect implements Bed.
func (b testbed) Inspect(ctx context.Context) (fabric.Status, error) {
	return b.Fabric.Inspect(ctx)
}

// Health implements Bed.
func (b testbed) Health(ctx context.Context, since uint64) (health.Health, error) {
	f, ok := b.Fabric.(fabric.Healthy)
	if !ok {
		return health.Health{}, fabric.ErrNoHealth
	}
	return f.Health(ctx, since, false)
}

// Canary implements Bed.
func (b testbed) Canary(ctx context.Context) (Canary, error) {
	if b.Journal.Spread != nil {
		return b.flock(ctx)
	}
	f, name, remove, err := b.Beside("canary")
	if err != nil {
		return nil, err
	}
	c, err := canary.Start(ctx, f, name)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return tidyCanary{c, remove}, nil
}

// flock are canaries on all machines.
func (b testbed) flock(ctx context.Context) (Canary, error) {
	places := canary.Places{Names: b.Machines(), At: b.At}
	for _, m := range b.Journal.Spread.Partition.Machines {
		places.IDs = append(places.IDs, m.ID)
	}
	f, err := canary.StartFlock(ctx, b.Journal.Testbed, places)
	if err != nil {
		return nil, fmt.Errorf("the canaries: %w", err)
	}
	return f, nil
}

// tidyCanary leaves no directory.
type tidyCanary struct {
	*canary.Canary
	remove func() error
}

func (c tidyCanary) Stop(ctx context.Context) (canary.Result, error) {
	r, err := c.Canary.Stop(ctx)
	return r, errors.Join(err, c.remove())
}

// Verify implements Bed.
func (b testbed) Verify(ctx context.Context, progress func(done, total int, what string)) ([]record.Fidelity, error) {
	o := quick
	o.Progress, o.IP = progress, 4
	if b.Journal.IPv6 {
		o.IP = 6
	}
	findings, err := verify.Links(ctx, b.Bed, b.prober, o)
	var all []record.Fidelity
	errs := []error{err}
	for _, f := range findings {
		switch {
		case f.Unmeasured:
			errs = append(errs, unmeasured(f))
		case !f.Skipped: // else nothing was measured: links without a rate, or that lose too much for one
			all = append(all, fidelityOf(f))
		}
	}
	return all, errors.Join(errs...)
}

// unmeasured is a finding of what should be measurable as an error.
func unmeasured(f verify.Finding) error {
	of := cmp.Or(f.Link, f.From) // nodes that do not run are on no link
	if f.Link != "" && f.From != "" {
		of = fmt.Sprintf("%s of %s from %s to %s", f.Probe, f.Link, f.From, f.To)
	}
	return fmt.Errorf("%s: %s", of, f.Verdict)
}

func fidelityOf(f verify.Finding) record.Fidelity {
	quantity := "goodput_bps"
	switch {
	case f.Probe == "rtt":
		quantity = "rtt_s"
	case f.Bound:
		quantity = "goodput_bound_bps"
	}
	return record.Fidelity{
		From: f.From, To: f.To, Link: f.Link, Class: f.Class, Quantity: quantity, Target: f.Target,
		Measured: f.Measured, OK: f.OK, Verdict: f.Verdict,
	}
}

// Player implements Bed.
func (b testbed) Player(ctx context.Context) (Player, error) {
	p, err := b.NewPlayer(ctx)
	if err != nil {
		return nil, err // not a Player that is a nil pointer
	}
	return p, nil
}

// Begin implements Bed.
func (b testbed) Begin(ctx context.Context, run string) (Lease, error) {
	l, err := b.Bed.Begin(ctx, run)
	if err != nil {
		return nil, err
	}
	return lease{l}, nil
}

type lease struct{ *orchestrator.Lease }

// Changes implements Lease.
func (l lease) Changes() []Change {
	changes, _ := l.Lease.Changes() // of a testbed that was taken down they are gone with it, and the run says so
	return changes
}
