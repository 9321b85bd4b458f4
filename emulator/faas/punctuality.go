package faas

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"testbed/emulator/health"
	"testbed/emulator/internal/rundelay"
)

const (
	// heartbeat is how often an agent that is watched over makes sure that it runs.
	heartbeat = 25 * time.Millisecond
	// timerLateness is how late the runtime's timers end by themselves (they end in epoll_wait's milliseconds): no
	// sleep that ends within it says anything of the host.
	timerLateness = 3 * time.Millisecond
	// keptSpells are those that nobody has asked for yet: a heartbeat makes two at most.
	keptSpells = 512
	// maxWatch bounds for how long an agent is watched over without being asked again.
	maxWatch = 10 * time.Minute
)

// punctuality is an agent's account of the times in which the host kept it from running: it was stopped, or no
// processor was free, or a computation's sleep ended late. It is exact in how long they were and, but for those of
// computations, places them at the end of a heartbeat's interval. While nobody watches, it costs nothing.
type punctuality struct {
	clock *clock

	mu       sync.Mutex
	spells   *health.Ring
	delays   *rundelay.Process
	waited   int64 // ns: what delays told last
	looked   int64 // ns: when
	watchers int
	until    time.Time // when all watchers are forgotten
	beating  bool
}

func newPunctuality(c *clock) *punctuality {
	return &punctuality{clock: c, spells: health.NewRing(keptSpells)}
}

// late keeps that a computation's sleep, which was to end at an instant, ended now.
func (p *punctuality) late(due, now int64) {
	if now-due < int64(health.Floor) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spells.Add(health.Spell{From: due, To: now, Why: health.Overslept})
}

// look keeps what the host has taken since the last look. The caller holds mu.
func (p *punctuality) look() {
	waited, now := p.delays.Read(), p.clock.now()
	if d := min(waited-p.waited, now-p.looked); p.looked > 0 && d >= int64(health.Floor) {
		p.spells.Add(health.Spell{From: now - d, To: now, Why: health.Starved})
	}
	p.waited, p.looked = waited, now
}

// watch begins, or ends, somebody's watching over the agent. The heart beats until all have ended.
func (p *punctuality) watch(change int) {
	p.watchers = max(p.watchers+change, 0)
	if change > 0 {
		p.until = time.Now().Add(maxWatch)
	}
	if p.watchers == 0 || p.beating {
		return
	}
	p.beating = true
	if p.delays == nil {
		p.delays = rundelay.NewProcess()
	}
	p.looked = 0
	p.look()
	go p.beat()
}

// beat looks at every heartbeat, and keeps those that came late.
func (p *punctuality) beat() {
	for {
		due := p.clock.now() + int64(heartbeat)
		time.Sleep(heartbeat)
		now := p.clock.now()
		p.mu.Lock()
		if now-due > int64(timerLateness) {
			p.spells.Add(health.Spell{From: due, To: now, Why: health.Overslept})
		}
		p.look()
		if time.Now().After(p.until) {
			p.watchers = 0
		}
		if p.watchers == 0 {
			p.beating = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
}

// report tells of the spells from number since on.
func (p *punctuality) report(since uint64, change int) health.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.beating {
		p.look()
	}
	p.watch(change)
	return p.spells.Report(p.clock.now(), since, keptSpells)
}

// handleSpells answers with the spells from the number since on. change is 1 where somebody begins to watch, -1
// where he ends.
func (a *Agent) handleSpells(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, err := strconv.ParseUint(q.Get("since"), 10, 64)
	change, wrong := strconv.Atoi(q.Get("watch"))
	if err != nil || wrong != nil || change < -1 || change > 1 {
		fail(w, http.StatusBadRequest, fmt.Errorf("since: want a number; watch: want -1, 0 or 1"))
		return
	}
	respondJSON(w, a.punctuality.report(since, change))
}
