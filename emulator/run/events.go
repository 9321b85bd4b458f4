package run

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/fabric"
	"testbed/emulator/record"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// events plays the scenario's events during the replay of a model, from its first chain on: every model meets the
// same. On fabrics that know nothing of traces it plays these as well, in steps. It is a replay.Config's Around.
func (r *run) events(ctx context.Context, model string) (end func()) {
	steps := r.stepper()
	moments := momentsOf(r.Scenario.Base(), r.Scenario.Moments, steps == nil)
	if len(moments) == 0 && steps == nil {
		return func() {}
	}
	player, err := r.Bed.Player(ctx)
	if err != nil {
		r.happened(record.Event{Model: model, What: []string{"events"}, Error: err.Error()})
		return func() {}
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	played := 0
	tell := func(p Played) {
		if len(p.What) == 0 && p.Err != nil && ctx.Err() != nil {
			return // a step of a trace that the end has cut off
		}
		if len(p.What) > 0 {
			played++
		}
		if len(p.What) > 0 || p.Err != nil {
			r.happened(eventOf(model, p))
		}
	}
	running.Go(func() {
		start := time.Now()
		if steps == nil {
			player.Play(ctx, start, moments, tell)
			return
		}
		const ahead = time.Second
		for from := time.Duration(0); ctx.Err() == nil; {
			player.Play(ctx, start, steps.until(from, from+ahead), tell)
			from = max(from+ahead, time.Since(start).Truncate(slice)) // slices that are over are left out
		}
	})
	return func() {
		stop()
		running.Wait()
		for _, m := range moments[min(played, len(moments)):] {
			r.happened(record.Event{Model: model, What: m.What, Scheduled: m.At.Seconds(), Missed: true})
		}
		if err := player.Restore(ctx); err != nil {
			r.happened(record.Event{Model: model, What: []string{"the network is put back"}, Error: err.Error()})
		}
	}
}

// stepper plays traces where the fabric knows nothing of them; nil where there is nothing to play.
func (r *run) stepper() *stepper {
	name := r.Bed.Description().Fabric
	if f, err := fabric.Choices.Find(r.Scenario.Source.Catalogue(), name); err != nil || f.Traces {
		return nil // a test's, or one that follows them itself
	}
	return newStepper(r.Scenario.Topology, r.Scenario.Base(), r.Scenario.Moments)
}

// happened takes an event down.
func (r *run) happened(e record.Event) {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.manifest.Events = append(r.manifest.Events, e)
	if r.Event != nil {
		r.Event(e)
	}
}

// momentsOf are the events' moments and, where the fabric follows traces, that at which some begin with the chains.
func momentsOf(t *topology.Topology, moments []events.Moment, follows bool) []Moment {
	begins := follows && slices.ContainsFunc(t.Traces, func(trace *linktrace.Trace) bool { return trace.WithRun })
	var out []Moment
	if begins {
		out = append(out, Moment{What: []string{"traces of links begin"}, Run: true})
	}
	for _, m := range moments {
		out = append(out, Moment{At: m.At, What: m.Event, Overlay: m.Overlay(t), Run: begins})
	}
	return out
}

func eventOf(model string, p Played) record.Event {
	e := record.Event{
		Model: model, What: p.What, Scheduled: p.At.Seconds(), Actual: p.Done.Seconds(),
		Took: (p.Done - p.Began).Seconds(),
	}
	if p.Err != nil {
		e.Error = fmt.Sprint(p.Err)
	}
	return e
}
