package run

import (
	"cmp"
	"context"
	"time"

	"testbed/emulator/influx"
	"testbed/emulator/live/sampler"
	"testbed/emulator/record"
)

// Live is what can be asked while a run is under way, from any goroutine.
type Live struct {
	Dir      string                                // the run's directory
	Latest   func() sampler.Snapshot               // links by use, and the host's load; nil: not sampled
	Database func() (name string, c record.Counts) // what the database has got so far; nil: there is none
}

// Mirrored is what a database has got of a run.
type Mirrored struct {
	Name   string // without secrets
	Counts record.Counts
	Err    error // wraps influx.ErrIncomplete where something is missing
}

// Incomplete is an error that wraps influx.ErrIncomplete where a database was to get the samples and has not
// got them all. The run itself may have succeeded.
func (o *Outcome) Incomplete() error {
	if o.Mirror == nil {
		return nil
	}
	return o.Mirror.Err
}

// checkMirror fails where a database is wanted that is not described, or is required and cannot be written to.
func (c *Config) checkMirror(ctx context.Context) error {
	if c.Mirror == nil {
		if c.Required {
			return (influx.Config{}).Validate()
		}
		return nil
	}
	if c.Required {
		return influx.Check(ctx, *c.Mirror)
	}
	return c.Mirror.Validate()
}

// tags are those that all samples of the run have.
func (r *run) tags() record.Tags {
	bed := r.Bed.Description()
	return record.Tags{Run: r.dir.Run(), Testbed: bed.Testbed, Scenario: r.Scenario.Source.Name,
		Policy: r.Scenario.Source.Placement.Policy, Fabric: bed.Fabric, Runtime: bed.Runtime, Factors: r.Factors}
}

// mirror begins to mirror the samples, where that is wanted.
func (r *run) mirror() (err error) {
	if r.Mirror != nil {
		r.database, err = influx.Follow(r.dir.Path(), *r.Mirror)
	}
	return err
}

// flushMirror sends the database the rest, once the directory is closed, and records what it has got.
func (r *run) flushMirror() {
	if r.database == nil {
		return
	}
	r.phase("sending the last samples to the database")
	err := r.database.Close()
	r.outcome.Mirror = &Mirrored{Name: r.database.Name(), Counts: r.database.Counts(), Err: err}
}

// observe begins to sample links and host. The result ends that.
func (r *run) observe() (stop func()) {
	live := Live{Dir: r.dir.Path()}
	stop = func() {}
	if r.SampleEvery >= 0 {
		config := sampler.Config{Fabric: r.Bed, Topology: r.Scenario.Topology, Tags: r.tags(), Sink: r.dir,
			Interval: r.SampleEvery}
		r.several(&config)
		sampling := sampler.Start(config)
		live.Latest = sampling.Latest
		stop = func() {
			sampling.Stop()
			r.manifest.Sampling = sampled(sampling.Latest(), cmp.Or(r.SampleEvery, sampler.DefaultInterval))
		}
	}
	if r.database != nil {
		live.Database = func() (string, record.Counts) { return r.database.Name(), r.database.Counts() }
	}
	if r.Began != nil {
		r.Began(live)
	}
	return stop
}

// sampled says how the samples of links and host came about.
func sampled(last sampler.Snapshot, every time.Duration) *record.Sampling {
	s := &record.Sampling{Interval: every.Seconds(), Missed: last.Missed}
	if last.Err != nil {
		s.Error = last.Err.Error()
	}
	return s
}
