package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/fabric"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
)

// describe writes the manifest as far as it is known beforehand, with all that it takes to make the run again, and
// takes the room for the final manifest.
func (r *run) describe() error {
	sc, bed := r.Scenario.Source, r.Bed.Description()
	m := &record.Manifest{
		Run: r.dir.Run(), Testbed: bed.Testbed, File: bed.File,
		Seed: sc.Seed, Version: r.Version, Kernel: r.Kernel, Runtime: bed.Runtime, Fabric: bed.Fabric,
		Arrival: r.Scenario.Arrival.String(), Alone: r.Scenario.Arrival.Alone(), Compute: sc.Replay.Compute,
		StateAccess: sc.StateAccess, Orchestration: sc.Orchestration, Placement: r.Scenario.Shares(), TCP: sysctls(sc),
		Start: time.Now().UTC(), Exit: record.Running,
	}
	if f := r.lease.Found(); len(f.Changed)+len(f.Silent) > 0 {
		m.Changed = &record.Changed{What: f.Changed, Silent: f.Silent, By: f.By}
	}
	r.manifest = m
	most := r.KeepInputs
	if most == 0 {
		most = resolved.LargestInput
	}
	kept, err := resolved.KeepInputs(sc, r.dir.Path(), most)
	if err != nil {
		return err
	}
	m.Inputs = kept.Inputs
	if m.Scenario, err = kept.Scenario.MarshalJSON(); err != nil {
		return err
	}
	if err := r.reserve(); err != nil {
		return fmt.Errorf("the results' disk has no room for the manifest that a run ends with: %w", err)
	}
	return errors.Join(m.Write(r.dir.Path()), record.WriteTopology(r.dir.Path(), r.Scenario.Topology))
}

// What the final manifest takes at most of what the first one has not, in bytes.
const (
	perQueue    = 700
	perEvent    = 600
	perMove     = 1200
	perRest     = 12 << 10
	perCrossing = 400
	perMachine  = 500
	leastRoom   = 4 << 10
	maxReserved = 64 << 20
)

// reserve takes as much room as the final manifest may need or, where there is not that much, some of it: what takes
// most is left out then, should it come to that.
func (r *run) reserve() (err error) {
	text, err := json.MarshalIndent(r.manifest, "", "  ")
	if err != nil {
		return err
	}
	queues := len(fabric.Channels(r.Scenario.Topology))
	events := (len(r.Scenario.Moments) + len(r.Scenario.Moves)) * len(r.Scenario.Models)
	want := len(text) + perQueue*queues + perEvent*events + perMove*r.mostMoves() + r.ofMachines() + perRest
	for room := min(want, maxReserved); ; room /= 2 {
		if err = r.dir.Reserve(int64(room)); err == nil || room/2 < leastRoom {
			return err
		}
	}
}

// mostMoves is how many instances may move at most: those that events name, or that leave a node for each client; and
// what the policy orders, by which an instance that has moved stays until it has been called twice more.
func (r *run) mostMoves() int {
	planned := 0
	for i := range r.Scenario.Moves {
		m := &r.Scenario.Moves[i]
		planned += max(len(m.Placed), len(m.Targets))
	}
	if r.Scenario.Source.Placement.Rebalance == nil {
		return planned
	}
	calls := 0
	for _, plans := range r.plans {
		for _, p := range plans {
			if !r.Scenario.Movable(p.Model) {
				continue
			}
			for i := range p.Invocations {
				if len(p.Invocations[i].States) > 0 {
					calls++
				}
			}
		}
	}
	return planned + calls/2
}

// ofMachines is what the manifest says at most, in bytes, of the machines of a testbed on several.
func (r *run) ofMachines() int {
	m := asMachined(r.Bed)
	if m == nil {
		return 0
	}
	n := len(m.Machines())
	return perMachine*n + perCrossing*n*(n-1)
}

// conclude compares, seals the directory, and writes the final manifest, which says what has failed. Its error is all
// that has, from what had failed before on.
func (r *run) conclude(ctx context.Context, failed error) error {
	m := r.manifest
	m.End, m.Samples, m.Exit = time.Now().UTC(), r.dir.Counts(), record.OK
	if at := r.outcome.Mirror; at != nil {
		m.Mirrors = map[string]record.Counts{at.Name: at.Counts}
	}
	for _, s := range r.outcome.Summary.Models {
		m.Models = append(m.Models, s.ModelCounts)
	}
	m.Agreement = r.agree.verdict()
	for _, c := range r.lease.Changes() {
		r.happened(record.Event{What: c.What, Origin: c.Origin, Load: string(c.Load), Revision: c.Revision,
			Time: c.Time.UTC()})
	}
	status, err := r.counters(ctx)
	rest := errors.Join(err, r.compare())
	if r.guard != nil {
		m.Validity = r.guard.judge(m, r.guard.end(ctx, status), disturbed(r.Scenario).Share, len(r.outcome.Off))
		judgeBasis(m.Validity, m)
		for _, node := range r.gone.all() {
			blame(m.Validity, record.Amber, "node %s has died; the chains went on with the other replicas of its states", node)
		}
		r.outcome.Validity = m.Validity
	}
	switch {
	case ctx.Err() != nil:
		m.Exit = record.Interrupted
		if rest != nil {
			m.Error = rest.Error()
		}
	case failed != nil || rest != nil:
		m.Exit, m.Error = record.Failed, errors.Join(failed, rest).Error()
	}
	err = r.dir.Conclude(m)
	if r.outcome.Run == nil {
		r.outcome.Run = &compare.Run{Directory: r.dir.Path(), Name: m.Run, Seed: m.Seed, Reports: []*compare.Report{}}
	}
	r.outcome.Run.Exit, r.outcome.Run.Sealed, r.outcome.Run.Validity = m.Exit, err == nil, m.Validity
	return errors.Join(failed, rest, err)
}

// How long the fabric is waited for at a run's end: its counters are a part of the run. They are worth a moment even
// when it was cut short.
const (
	patience = 15 * time.Second
	moment   = 2 * time.Second
)

// counters puts what the links have carried into the manifest.
func (r *run) counters(ctx context.Context) (fabric.Status, error) {
	wait := patience
	if ctx.Err() != nil {
		wait = moment
	}
	asking, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), wait, fmt.Errorf("no answer after %v", wait))
	defer cancel()
	status, err := r.Bed.Inspect(asking)
	if err != nil {
		if cause := context.Cause(asking); cause != nil {
			err = cause
		}
		err = r.Bed.Reason(asking, err)
		return status, fmt.Errorf("at the run's end the fabric did not tell what its links have carried, "+
			"so the manifest has no queues: %w", err)
	}
	r.manifest.Queues = status.Queues
	return status, nil
}

// compare holds the measurement against the predictions. Where nothing was measured there is nothing to compare.
func (r *run) compare() error {
	read, err := rundir.Read(r.dir.Path(), r.manifest, compare.Options{Catalogue: r.Scenario.Source.Catalogue()})
	if err != nil {
		return err
	}
	r.outcome.Run, r.outcome.Reports = read, read.Reports
	return writeComparison(r.dir.Path(), read.Reports)
}
