package cli

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"testbed/emulator"
	"testbed/emulator/fabric"
	"testbed/emulator/live"
	"testbed/emulator/record"
	"testbed/emulator/run"
	"testbed/emulator/sampler"
	"testbed/emulator/topology"
)

// liveEvery is how often a run under way is shown anew, and its status file written.
const liveEvery = 500 * time.Millisecond

// liveLinks is how many links a status lists.
const liveLinks = 12

// follow keeps the status of a run in the testbed's directory and on the terminal. What it adds to the
// session's configuration feeds it; the result ends it.
func follow(ctx context.Context, config *run.Config, bed *emulator.Bed, show *progress) (end func()) {
	var mu sync.Mutex
	var latest func() sampler.Snapshot
	var dir string
	from := users(config.Scenario.Topology)
	tracker := live.NewTracker(live.Status{Testbed: bed.Journal.Testbed, Scenario: bed.Journal.Scenario, Runtime: bed.Journal.Runtime, Fabric: bed.Journal.Fabric},
		func() []live.Link {
			mu.Lock()
			defer mu.Unlock()
			if latest == nil {
				return nil
			}
			return linksOf(latest(), from, liveLinks)
		})
	for _, model := range config.Scenario.Models {
		tracker.Plan(string(model), len(config.Scenario.Jobs))
	}
	config.Sinks = append(config.Sinks, tracker)
	config.Phase = func(text string) {
		tracker.Phase(text)
		if !show.show { // there the tracker's lines say it
			show.at(text)
		}
	}
	config.Event = func(e record.Event) { tracker.Event(eventLine(e)) }
	config.Began = func(l run.Live) {
		mu.Lock()
		defer mu.Unlock()
		latest, dir = l.Latest, l.Dir
	}
	update := func() {
		status := tracker.Status()
		mu.Lock()
		status.Dir, status.Run = dir, filepath.Base(dir)
		mu.Unlock()
		_ = status.Write(bed.LiveFile()) // only for those who watch
		show.block(status.Lines(terminalWidth()))
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(liveEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				update()
			}
		}
	})
	return func() {
		stop()
		running.Wait()
		tracker.End()
		update()
		show.clear()
	}
}

// users names who uses each queue of a topology's links, by the link's name and the direction.
func users(t *topology.Topology) map[string][2]string {
	all := map[string][2]string{}
	for _, c := range fabric.Channels(t) {
		entry := all[t.Vertices[c.Link].Name]
		entry[c.Dir] = fabric.Users(t, c)
		all[t.Vertices[c.Link].Name] = entry
	}
	return all
}

// linksOf are the most used links of a snapshot, at most so many.
func linksOf(s sampler.Snapshot, from map[string][2]string, most int) []live.Link {
	links := []live.Link{}
	for _, l := range s.Links {
		if len(links) == most {
			break
		}
		links = append(links, live.Link{Link: l.Link, Dir: l.Dir, From: from[l.Link][l.Dir], Use: l.Utilisation, Rate: l.BitRate})
	}
	return links
}
