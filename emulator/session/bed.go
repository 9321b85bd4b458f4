package session

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// This file is all that the package knows of package orchestrator.

// receiveWindow is the one of TCP in every node, in bytes.
const receiveWindow = orchestrator.ReceiveWindow

// sysctls are the kernel's settings that a scenario's nodes have for TCP.
func sysctls(sc *scenario.Scenario) map[string]string {
	return orchestrator.TCP{Congestion: sc.TCP.Congestion, SlowStartAfterIdle: sc.TCP.SlowStartAfterIdle}.Sysctls()
}

// quick is what a run measures of its own network: one link of each class, briefly. `testbed verify`
// measures more.
var quick = orchestrator.VerifyOptions{PerClass: 1, Pings: 100, Duration: 500 * time.Millisecond, Tolerance: orchestrator.DefaultTolerance}

// On is an opened testbed, with its topology attached, as a Bed.
func On(t *orchestrator.Testbed) Bed { return testbed{t} }

type testbed struct{ *orchestrator.Testbed }

// Description implements Bed.
func (b testbed) Description() Description {
	j := b.Journal
	return Description{Testbed: j.Testbed, Scenario: j.Scenario, File: j.File, Runtime: j.Runtime, Fabric: j.Fabric}
}

// Agent implements Bed.
func (b testbed) Agent(id topology.ID) Agent { return b.Testbed.Agent(id) }

// Address implements Bed.
func (b testbed) Address(id topology.ID) netip.AddrPort {
	return netip.AddrPortFrom(b.Testbed.Address(id), orchestrator.FunctionPort)
}

// Stations implements Bed.
func (b testbed) Stations() []topology.ID {
	ids := make([]topology.ID, len(b.Testbed.Stations))
	for i, s := range b.Testbed.Stations {
		ids[i] = s.ID
	}
	return ids
}

// Inspect implements Bed.
func (b testbed) Inspect(ctx context.Context) (fabric.Status, error) {
	return b.Fabric.Inspect(ctx)
}

// Verify implements Bed.
func (b testbed) Verify(ctx context.Context, graph *topology.Topology, progress func(done, total int, what string)) ([]record.Fidelity, error) {
	o := quick
	o.Progress = progress
	findings, err := b.Testbed.Verify(ctx, graph, o)
	var all []record.Fidelity
	for _, f := range findings {
		all = append(all, fidelityOf(f))
	}
	return all, err
}

func fidelityOf(f orchestrator.Finding) record.Fidelity {
	quantity := "goodput_bps"
	if f.Probe == "rtt" {
		quantity = "rtt_s"
	}
	return record.Fidelity{From: f.From, To: f.To, Link: f.Link, Class: f.Class, Quantity: quantity, Target: f.Target, Measured: f.Measured,
		OK: f.OK, Verdict: f.Verdict}
}

// Player implements Bed.
func (b testbed) Player(ctx context.Context) (Player, error) {
	p, err := b.NewPlayer(ctx)
	if err != nil {
		return nil, err
	}
	return player{p, b.Testbed}, nil
}

type player struct {
	*orchestrator.Player
	bed *orchestrator.Testbed
}

// Play implements Player.
func (p player) Play(ctx context.Context, start time.Time, moments []Moment, tell func(Played)) {
	theirs := make([]orchestrator.Moment, len(moments))
	for i, m := range moments {
		theirs[i] = orchestrator.Moment(m)
	}
	p.Player.Play(ctx, start, theirs, func(m orchestrator.Played) { tell(Played(m)) })
}

// Restore implements Player. Of a testbed that was taken down nothing is made again.
func (p player) Restore(ctx context.Context) error {
	if _, err := p.bed.Network(); err != nil {
		return fmt.Errorf("the network cannot be put back: %w", err)
	}
	return p.Player.Restore(ctx)
}

// Begin implements Bed. It is a PASS-THROUGH for now: the orchestrator does not know yet which run is on a testbed,
// so a second one is not refused, and it does not say what others have changed meanwhile.
func (b testbed) Begin(context.Context, string) (Lease, error) { return passThrough{}, nil }

// passThrough is the lease of a testbed that knows no leases.
type passThrough struct{}

func (passThrough) Changes() []Change { return nil }
func (passThrough) End()              {}
