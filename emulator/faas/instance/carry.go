package instance

import (
	"context"
	"sync"
	"time"
)

// act carries out what the ledger says. The caller holds mu.
func (p *Pool) act(a Actions[*waiter]) {
	for _, g := range a.Grants {
		w := g.Request
		w.lease = &Lease{
			Instance: p.instances[g.Instance], Waited: time.Duration(g.Waited), Started: time.Duration(g.Started),
			release: sync.OnceFunc(func() { p.release(g.Instance) }),
		}
		close(w.done)
	}
	for _, id := range a.Starts {
		p.counts.Starts++
		p.work.Go(func() { p.start(id) })
	}
	for _, id := range a.Stops {
		p.counts.Stopped++
		i := p.instances[id]
		delete(p.instances, id)
		p.end(i)
	}
	for _, w := range a.Failed {
		w.err = errFailed(p.failure)
		close(w.done)
	}
	p.arm()
}

// arm sets the timer of keep-alive. The caller holds mu.
func (p *Pool) arm() {
	at, known := p.ledger.Expiry()
	if !known || p.closed {
		if p.timer != nil {
			p.timer.Stop()
		}
		return
	}
	left := time.Duration(at - p.now())
	if p.timer == nil {
		p.timer = time.AfterFunc(left, p.expire)
		return
	}
	p.timer.Reset(left)
}

func (p *Pool) expire() { p.happened(func(now int64) Actions[*waiter] { return p.ledger.Expire(now) }) }

func (p *Pool) release(id int) {
	p.happened(func(now int64) Actions[*waiter] { return p.ledger.Release(now, id) })
}

// happened tells the ledger of something, and carries out what follows; nothing, once the pool is closed.
func (p *Pool) happened(what func(now int64) Actions[*waiter]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.act(what(p.now()))
	}
}

// start starts an instance, and watches it as long as it is there.
func (p *Pool) start(id int) {
	i, err := p.starter.Start(context.WithValue(p.context, number{}, id))
	if err == nil && i == nil {
		err = errNothing
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		if err == nil {
			p.end(i)
		}
		return
	}
	if p.failure = err; err != nil {
		p.counts.Failed++
		p.act(p.ledger.Failed(p.now(), id))
	} else {
		p.instances[id] = i
		if gone := i.Gone(); gone != nil {
			p.work.Go(func() { p.watch(id, gone) })
		}
		p.act(p.ledger.Ready(p.now(), id))
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// watch waits for an instance's end, and has what it leaves behind taken away where it ended by itself.
func (p *Pool) watch(id int, gone <-chan struct{}) {
	select {
	case <-gone:
	case <-p.context.Done():
		return
	}
	p.happened(func(now int64) Actions[*waiter] {
		i := p.instances[id]
		if i == nil {
			return Actions[*waiter]{} // it was ended
		}
		p.end(i)
		p.counts.Gone++
		delete(p.instances, id)
		return p.ledger.Gone(now, id)
	})
}

// end ends an instance beside what goes on.
func (p *Pool) end(i Instance) { p.work.Go(i.Stop) }
