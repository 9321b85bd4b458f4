package carriertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/machines/control"
	"testbed/emulator/machines/seat"
)

// kills is how many TestKillsAtRandomInstants does; see scripts/crash.
const kills = "TB_KILLS"

// victim is what is killed at an instant.
type victim struct {
	name string
	kill func(*seated) bool // false: it is not there yet
	say  string             // what the error of what is lost names
	back func(*seated)
}

// killed are the victims: an agent, a machine's engine, the process that keeps agents, and the engine of the first
// machine, which is a Swarm's manager.
var killed = []victim{
	{"agent", (*seated).killAnyAgent, "machine2", func(*seated) {}},
	{"engine", func(s *seated) bool { s.at.Do(s.T, "kill", "2"); return true }, "machine2",
		func(s *seated) { s.at.Do(s.T, "start", "2") }},
	{"seat", (*seated).killSeat, "", func(*seated) {}},
	{"manager", func(s *seated) bool { s.at.Do(s.T, "kill", "1"); return true }, "machine1",
		func(s *seated) { s.at.Do(s.T, "start", "1") }},
}

// killAnyAgent kills the agent of machine 2 where there is one yet.
func (s *seated) killAnyAgent() (killed bool) {
	for _, c := range s.containers(2) {
		found, err := s.api(2).ContainerInspect(context.Background(), c.ID)
		switch {
		case errdefs.IsNotFound(err):
		case err != nil:
			s.Error(err)
		case found.State.Pid > 0:
			killed = syscall.Kill(found.State.Pid, syscall.SIGKILL) == nil
		}
	}
	return killed
}

// killSeat kills the process where there is one yet.
func (s *seated) killSeat() (killed bool) {
	for _, pid := range s.pids() {
		killed = syscall.Kill(pid, syscall.SIGKILL) == nil
	}
	return killed
}

// TestKillsAtRandomInstants: while agents start, while nodes do, and afterwards. Each time the truth is told, and what
// `down` does, once what was killed is back, leaves nothing anywhere.
func TestKillsAtRandomInstants(t *testing.T) {
	count := 6
	if text := os.Getenv(kills); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil || count < 1 {
			t.Fatalf("%s is %q, which is no number of kills", kills, text)
		}
	}
	draw := rand.New(rand.NewPCG(testenv.Seed(t), 0))
	for i := range count {
		who, of := killed[i%len(killed)], engines.Name
		if who.name == "manager" || i/len(killed)%2 == 1 {
			of = swarm.Name
		}
		after := time.Duration(draw.Int64N(int64(2500 * time.Millisecond)))
		t.Run(fmt.Sprintf("%d-%s-%s", i, of, who.name), func(t *testing.T) {
			newSeated(t, fmt.Sprint("kills-", i), of).killAt(who, after)
		})
	}
}

// killAt starts agents and nodes, and kills somebody so long after the start has begun.
func (s *seated) killAt(who victim, after time.Duration) {
	s.Logf("after %v", after)
	over := make(chan struct{})
	time.AfterFunc(after, func() {
		defer close(over)
		if !testenv.Holds(func() bool { return who.kill(s) }) {
			s.Errorf("there is no %s to kill", who.name)
		}
	})
	p, args := s.program()
	kept, err := seat.Start(context.Background(), p, args, s.config, nil)
	if err == nil {
		for i := range kept.Agents() {
			if _, err = s.runtime(kept, i).Start(context.Background(), s.specs(1), nil); err != nil {
				break
			}
		}
	}
	early := err
	<-over
	if early != nil {
		s.Logf("it was told: %v", early)
	}
	if kept != nil {
		s.watched(kept, who)
	} else if who.say != "" && !strings.Contains(early.Error(), who.say) && !strings.Contains(early.Error(), "manager") {
		s.Errorf("the start failed with %v, want that %s is named", early, who.say)
	}
	who.back(s)
	if err := seat.End(context.Background(), s.config.Dir, s.testbed); err != nil {
		s.Error(err)
	}
	s.clean()
	s.nothingIsLeft()
	if s.config.Carrier == swarm.Name {
		nothingInTheSwarm(s.T, s.at)
	}
}

// watched fails unless a seat tells that somebody was killed who was there.
func (s *seated) watched(kept *seat.Seat, who victim) {
	s.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 2*time.Minute, errors.New("nothing was told"))
	defer cancel()
	if err := kept.Watch(ctx); !errors.Is(err, control.ErrLost) || !strings.Contains(err.Error(), who.say) {
		s.Errorf("got %v, want that %s is lost", err, who.name)
	}
	if who.name == "seat" {
		if _, err := seat.Open(s.config.Dir, s.testbed); !errors.Is(err, seat.ErrNotRunning) {
			s.Errorf("got %v, want that it does not run", err)
		}
	}
}
