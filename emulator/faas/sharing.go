package faas

import (
	"container/heap"
	"sync"
)

// waiter is a clock that can be waited for, in ns; wait returns false early when wake can be received from.
type waiter interface {
	now() int64
	wait(until int64, wake <-chan struct{}) bool
}

// sharing is a processor that its tasks share equally: each of k tasks proceeds with speed/k. It keeps the
// operations that every task present throughout would have got by now (virtual time); a task is done when
// that has grown by its own operations. Work is done at arrivals and departures only: O(log k) each.
type sharing struct {
	clock waiter
	speed float64 // operations/s

	mu      sync.Mutex
	tasks   taskHeap
	virtual float64 // operations
	at      int64   // when virtual was right, in ns
	running bool
	wake    chan struct{}
}

type sharedTask struct {
	finish float64 // virtual time, in operations
	index  int     // in the heap; -1: not in it
	done   chan struct{}
}

func newSharing(c waiter, speed float64) *sharing {
	return &sharing{clock: c, speed: speed, wake: make(chan struct{}, 1)}
}

// run executes ops operations and reports whether it did, or stopped for stop.
func (s *sharing) run(ops float64, stop <-chan struct{}) bool {
	task := s.add(ops)
	select {
	case <-task.done:
		return true
	case <-stop:
		s.remove(task)
		return false
	}
}

func (s *sharing) add(ops float64) *sharedTask {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	task := &sharedTask{finish: s.virtual + ops, done: make(chan struct{})}
	heap.Push(&s.tasks, task)
	if !s.running {
		s.running = true
		go s.loop()
	}
	s.rouse()
	return task
}

func (s *sharing) remove(task *sharedTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if task.index >= 0 {
		heap.Remove(&s.tasks, task.index)
		s.rouse()
	}
}

// advance brings the virtual time up to now. The caller holds mu.
func (s *sharing) advance() {
	now := s.clock.now()
	if k := len(s.tasks); k > 0 {
		s.virtual += float64(now-s.at) / 1e9 * s.speed / float64(k)
	} else {
		s.virtual = 0 // an idle processor starts afresh: no rounding errors pile up
	}
	s.at = now
}

func (s *sharing) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop ends the tasks that are due, as long as there are tasks.
func (s *sharing) loop() {
	for {
		next, more := s.complete()
		if !more {
			return
		}
		s.clock.wait(next, s.wake)
	}
}

// complete ends what is due and says when the next task is, if the set of tasks does not change.
func (s *sharing) complete() (next int64, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	for len(s.tasks) > 0 {
		left := (s.tasks[0].finish - s.virtual) * float64(len(s.tasks)) / s.speed * 1e9
		if left >= 1 {
			return s.at + int64(left) + 1, true
		}
		close(heap.Pop(&s.tasks).(*sharedTask).done)
	}
	s.running = false
	return 0, false
}

// taskHeap orders tasks by their finish.
type taskHeap []*sharedTask

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].finish < h[j].finish }
func (h taskHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *taskHeap) Push(x any) {
	task := x.(*sharedTask)
	task.index = len(*h)
	*h = append(*h, task)
}

func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	task := (*h)[last]
	*h = (*h)[:last]
	task.index = -1
	return task
}
