package cli

import (
	"context"

	"testbed/emulator"
	"testbed/emulator/live"
	"testbed/emulator/record"
	"testbed/emulator/run"
)

// follow keeps the status of a run in the testbed's directory and on the terminal. What it adds to the
// run's configuration feeds it; the result ends it.
func follow(ctx context.Context, config *run.Config, bed *emulator.Bed, show *progress) (end func()) {
	j := bed.Journal
	models := make([]string, len(config.Scenario.Models))
	for i, m := range config.Scenario.Models {
		models[i] = string(m)
	}
	follower := live.Follow(ctx, live.Following{
		First:    live.Status{Testbed: j.Testbed, Scenario: j.Scenario, Runtime: j.Runtime, Fabric: j.Fabric},
		Topology: config.Scenario.Topology, Models: models, Chains: len(config.Scenario.Sample),
		Update: func(s *live.Status) {
			_ = s.Write(bed.LiveFile()) // only for those who watch
			show.block(s.Lines(terminalWidth()))
		},
	})
	config.Sinks = append(config.Sinks, follower)
	config.Phase = func(text string) {
		follower.Phase(text)
		if !show.show { // there the follower's lines say it
			show.at(text)
		}
	}
	config.Event = func(e record.Event) { follower.Event(eventLine(e)) }
	config.Began = func(l run.Live) { follower.Began(l.Dir, l.Latest) }
	return func() {
		follower.End()
		show.clear()
	}
}
