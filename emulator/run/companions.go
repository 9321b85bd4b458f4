package run

import (
	"context"
	"sync"
	"time"

	"testbed/emulator/faas/function"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// companied is a Bed whose runtime can run containers beside nodes.
type companied interface {
	// Companions are those of a node; nil: its runtime has none.
	Companions(id topology.ID) (noderuntime.Companions, noderuntime.Node)
}

// wishing is a control of an agent that wishes for containers.
type wishing interface {
	Wishes(ctx context.Context) ([]function.Wish, error)
	Fulfil(ctx context.Context, id int64, f function.Fulfilled) error
}

// Companions implements companied.
func (b testbed) Companions(id topology.ID) (noderuntime.Companions, noderuntime.Node) {
	all, _ := b.Runtime.(noderuntime.Companions)
	return all, b.Bed.Running(id)
}

// mostCompanions is how many containers a node may have beside it at a time: what asks for them may be an image that
// nobody knows.
const mostCompanions = 1000

// serveWishes starts and ends containers as the agents of nodes wish, until the function that it returns is called. of
// is a function's program; nil: it is none. Nobody gets other containers than of these.
func serveWishes(bed Bed, nodes []topology.ID, of func(name string) *function.Program) (end func()) {
	with, able := bed.(companied)
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	var asking sync.Mutex
	program := func(name string) *function.Program {
		asking.Lock()
		defer asking.Unlock()
		return of(name)
	}
	for _, id := range nodes {
		agent := bed.Agent(id)
		wisher, wishes := agent.(wishing)
		if !able || !wishes {
			agent.Close()
			continue
		}
		runtime, node := with.Companions(id)
		if runtime == nil {
			agent.Close()
			continue
		}
		wait.Go(func() {
			defer agent.Close()
			s := &server{runtime: runtime, node: node, agent: wisher, program: program, started: map[int64]*started{}}
			s.serve(ctx)
			s.clear()
		})
	}
	return func() {
		cancel()
		wait.Wait()
	}
}

// server fulfils the wishes of one agent.
type server struct {
	runtime noderuntime.Companions
	node    noderuntime.Node
	agent   wishing
	program func(name string) *function.Program
	work    sync.WaitGroup

	mu      sync.Mutex
	started map[int64]*started // by wish
}

// started is a container that runs, once ready is closed, unless it has no ID.
type started struct {
	program   *function.Program
	ready     chan struct{}
	container string
}

// wishPause is how long an agent is left alone that does not answer.
const wishPause = 200 * time.Millisecond

func (s *server) serve(ctx context.Context) {
	for ctx.Err() == nil {
		wishes, err := s.agent.Wishes(ctx)
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(wishPause):
			}
		}
		for _, w := range wishes {
			if w.Stop {
				s.work.Go(func() { s.stop(w) })
				continue
			}
			if one := s.admit(w); one != nil {
				s.work.Go(func() { s.start(w, one) })
			}
		}
	}
}

// admit takes a wish for a container in, of a program that the scenario has in an image, unless there are too many or
// its number is known. nil: it is not fulfilled, which no agent of ours lets happen.
func (s *server) admit(w function.Wish) *started {
	p := s.program(w.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == nil || p.Image == "" || p.Image != w.Image || s.started[w.ID] != nil || len(s.started) >= mostCompanions {
		return nil
	}
	one := &started{ready: make(chan struct{}), program: p}
	s.started[w.ID] = one
	return one
}

// start starts a container and tells of its end.
func (s *server) start(w function.Wish, one *started) {
	ctx := context.Background() // it is ended by stop or clear
	id, err := s.runtime.StartCompanion(ctx, s.node, noderuntime.Companion{
		Name: one.program.Name, Image: one.program.Image, Env: w.Env,
		Memory: units.ByteSize(one.program.Memory), Processes: one.program.Processes,
	})
	one.container = id
	close(one.ready)
	how := ""
	if err == nil {
		how, err = s.runtime.AwaitCompanion(ctx, id)
		_ = s.runtime.StopCompanion(ctx, id, true) // what is left of it; down removes it otherwise
	}
	if err != nil {
		how = err.Error()
	}
	s.mu.Lock()
	delete(s.started, w.ID)
	s.mu.Unlock()
	_ = s.agent.Fulfil(ctx, w.ID, function.Fulfilled{Ended: true, How: how}) // a dead agent has no instances
}

func (s *server) stop(w function.Wish) {
	s.mu.Lock()
	one := s.started[w.ID]
	s.mu.Unlock()
	if one == nil {
		return // it has ended by itself
	}
	<-one.ready
	if one.container != "" {
		_ = s.runtime.StopCompanion(context.Background(), one.container, w.Now) // start tells of its end
	}
}

// clear ends what is left.
func (s *server) clear() {
	s.mu.Lock()
	ids := make([]int64, 0, len(s.started))
	for id := range s.started {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		s.stop(function.Wish{ID: id, Now: true})
	}
	s.work.Wait()
}
