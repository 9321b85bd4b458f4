package run

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/record"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// events plays the scenario's events during the replay of a model, from its first chain on: every model
// meets the same. It is a replay.Config's Around.
func (r *run) events(ctx context.Context, model string) (end func()) {
	moments := momentsOf(r.Scenario.Topology, r.Scenario.Moments)
	if len(moments) == 0 {
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
	running.Go(func() {
		player.Play(ctx, time.Now(), moments, func(p Played) {
			played++
			r.happened(eventOf(model, p))
		})
	})
	return func() {
		stop()
		running.Wait()
		for _, m := range moments[played:] {
			r.happened(record.Event{Model: model, What: m.What, Scheduled: m.At.Seconds(), Missed: true})
		}
		if err := player.Restore(ctx); err != nil {
			r.happened(record.Event{Model: model, What: []string{"the network is put back"}, Error: err.Error()})
		}
	}
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

// momentsOf are the events' moments, and that at which traces begin with the chains.
func momentsOf(t *topology.Topology, moments []events.Moment) []Moment {
	begins := slices.ContainsFunc(t.Traces, func(trace *linktrace.Trace) bool { return trace.WithRun })
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
