package function

import (
	"context"
	"sync"
	"time"
)

// Wish is what a node's agent wants of the controller: a container that is to be started beside it, or one that is to
// end. It is JSON on the control socket.
type Wish struct {
	ID   int64    `json:"id"`
	Stop bool     `json:"stop,omitempty"` // the one of that ID is to end
	Now  bool     `json:"now,omitempty"`  // without being asked kindly first
	Name string   `json:"name,omitempty"` // of the function
	Env  []string `json:"env,omitempty"`

	Image     string `json:"image,omitempty"`
	Memory    int64  `json:"memory,omitempty"`
	Processes int    `json:"processes,omitempty"`
}

// Fulfilled is what the controller tells of a wish.
type Fulfilled struct {
	Ended bool   `json:"ended,omitempty"` // it has run, and does not run any more
	How   string `json:"how,omitempty"`   // how it has ended, or why it could not be started
}

// Beside starts programs as containers beside a node, which the controller starts for it: an agent in a container has
// no right to do that.
type Beside struct {
	Node string // name, for messages

	mu      sync.Mutex
	last    int64
	wishes  []Wish
	changed chan struct{} // closed when there are more wishes; nil: nobody waits
	all     map[int64]*container
}

// container is an instance that is a container.
type container struct {
	beside *Beside
	id     int64
	ended  chan struct{}
	how    string // set before ended is closed
}

// Start wishes for a container and returns when the program in it is ready. Errors name function and node.
func (b *Beside) Start(ctx context.Context, p *Program) (*Instance, error) {
	return start(ctx, p, b.Node, func(a at) (work, error) {
		return b.wish(Wish{Name: p.Name, Image: p.Image, Memory: p.Memory, Processes: p.Processes,
			Env: append(p.contract(a), p.Env...)}), nil
	})
}

func (b *Beside) wish(w Wish) *container {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	w.ID = b.last
	c := &container{beside: b, id: w.ID, ended: make(chan struct{})}
	if b.all == nil {
		b.all = map[int64]*container{}
	}
	b.all[w.ID] = c
	b.add(w)
	return c
}

// add notes a wish. The caller holds mu.
func (b *Beside) add(w Wish) {
	b.wishes = append(b.wishes, w)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// Wishes are those that nobody has been told of, once there are some; none where ctx ends before.
func (b *Beside) Wishes(ctx context.Context) []Wish {
	for {
		b.mu.Lock()
		wishes := b.wishes
		b.wishes = nil
		if len(wishes) == 0 && b.changed == nil {
			b.changed = make(chan struct{})
		}
		changed := b.changed
		b.mu.Unlock()
		if len(wishes) > 0 {
			return wishes
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// Fulfil takes in what became of a wish.
func (b *Beside) Fulfil(id int64, f Fulfilled) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.all[id]; c != nil && f.Ended {
		delete(b.all, id)
		c.how = f.How
		close(c.ended)
	}
}

// stopped is how long the controller has to remove a container: then it is gone itself, and down removes it.
const stopped = 30 * time.Second

func (c *container) kill(now bool) {
	c.beside.mu.Lock()
	if c.beside.all[c.id] != nil {
		c.beside.add(Wish{ID: c.id, Stop: true, Now: now})
	}
	c.beside.mu.Unlock()
	select {
	case <-c.ended:
	case <-time.After(stopped):
		c.beside.Fulfil(c.id, Fulfilled{Ended: true, How: "nobody has removed its container"})
		<-c.ended
	}
}

func (c *container) gone() <-chan struct{} { return c.ended }

func (c *container) fate() string {
	<-c.ended
	return c.how
}
