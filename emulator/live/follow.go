package live

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"testbed/emulator/live/sampler"
	"testbed/emulator/topology"
)

const (
	followEvery = 500 * time.Millisecond // between two updates of the status
	followLinks = 12                     // links that a status lists
)

// Following says which run is followed, and where its status goes.
type Following struct {
	First    Status             // Testbed, Scenario, Runtime and Fabric
	Topology *topology.Topology // of the run; names who uses its links
	Models   []string           // in the order in which they are shown
	Chains   int                // of each model
	Update   func(*Status)      // gets the status every half a second, and once more at the end
}

// Follower keeps the status of a run under way: what tells of the run calls its methods and gives it chains as a
// record.Sink, from any goroutine.
type Follower struct {
	*Tracker
	update func(*Status)
	users  Users
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	dir    string                  // of the run; empty: it has none yet
	latest func() sampler.Snapshot // nil: links are not sampled, or not yet
}

// Follow begins to follow a run. The updates at intervals end with ctx or with End.
func Follow(ctx context.Context, c Following) *Follower {
	f := &Follower{update: c.Update, users: UsersOf(c.Topology)}
	f.Tracker = NewTracker(c.First, f.links)
	for _, model := range c.Models {
		f.Plan(model, c.Chains)
	}
	ctx, f.stop = context.WithCancel(ctx)
	f.done.Go(func() {
		ticker := time.NewTicker(followEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				f.tell()
			}
		}
	})
	return f
}

// Began tells the run's directory and how to ask for the latest sample of its links; nil: they are not sampled.
func (f *Follower) Began(dir string, latest func() sampler.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dir, f.latest = dir, latest
}

// End tells that the run has ended, and updates the status for the last time.
func (f *Follower) End() {
	f.stop()
	f.done.Wait()
	f.Tracker.End()
	f.tell()
}

func (f *Follower) tell() {
	status := f.Status()
	f.mu.Lock()
	status.Dir, status.Run = f.dir, filepath.Base(f.dir)
	f.mu.Unlock()
	f.update(&status)
}

// links are the links used most, by the latest sample.
func (f *Follower) links() []Link {
	f.mu.Lock()
	latest := f.latest
	f.mu.Unlock()
	if latest == nil {
		return nil
	}
	return f.users.Links(latest(), followLinks)
}
