package spread

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
)

// TestKillsAtRandomInstants: of agents and of fabrics' processes, while the network is made and changed. Either the
// truth is told or it is as wanted, and new agents remove all that there is.
func TestKillsAtRandomInstants(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	random := rand.New(rand.NewPCG(testenv.Seed(t), 0))
	for round := range rounds {
		n := across(t)
		dirs := []string{t.TempDir(), t.TempDir()}
		agents := []*process{newProcess(t, dirs[0]), newProcess(t, dirs[1])}
		b := newBed(n.Testbed, t.TempDir(), agents[0], agents[1])
		f := b.fabric()
		after := time.Duration(random.IntN(400)) * time.Millisecond
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			time.Sleep(after)
			if round%2 == 0 {
				agents[random.IntN(2)].kill()
				return
			}
			if pids, err := userspace.Processes(n.Testbed); err == nil && len(pids) > 0 {
				_ = unix.Kill(pids[random.IntN(len(pids))], unix.SIGKILL)
			}
		}()
		err := changeUntil(t, n, f, killed)
		if round%2 == 0 && !errors.Is(err, ErrNoAnswer) {
			t.Errorf("an agent was killed after %v: %v", after, err)
		}
		if round%2 == 1 {
			if err := f.Apply(t.Context(), n.Network); err != nil { // what was killed is made again
				t.Errorf("a process was killed after %v: %v, then %v", after, err, f.Apply(t.Context(), n.Network))
			}
			reaches(t, n, "a", "b")
		}
		for i, dir := range dirs {
			b.agents[b.list[i].ID] = newProcess(t, dir)
			agents[i].kill()
			if err := Remove(t.Context(), n.Testbed, b.list[i], b.agents[b.list[i].ID]); err != nil {
				t.Error(err)
			}
		}
		testenv.Eventually(t, "no process is left", func() bool {
			left, err := userspace.Processes(n.Testbed)
			return err == nil && len(left) == 0
		})
		if err := f.Close(t.Context()); err != nil {
			t.Error(err)
		}
		none(t, n.Testbed, dirs[0], dirs[1], b.dir)
		if t.Failed() {
			t.Fatalf("round %d, killed after %v", round, after)
		}
	}
}

// changeUntil makes a network and changes it, until something was killed and, where it was an agent, that is told.
func changeUntil(t *testing.T, n *fabrictest.Bench, f *located, killed <-chan struct{}) (err error) {
	t.Helper()
	for i := 0; ; i++ {
		n.Shape("s-b", 0, topology.Shape{Delay: time.Duration(2+i%3) * time.Millisecond})
		n.Queues = n.Topology.QueueLimits()
		if i%4 == 0 {
			err = f.Apply(t.Context(), n.Network)
		} else {
			err = f.Reshape(t.Context(), n.Network)
		}
		select {
		case <-killed:
			if err == nil { // it had been answered before
				err = f.Apply(t.Context(), n.Network)
			}
			return err
		default:
		}
	}
}
