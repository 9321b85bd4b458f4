package faas

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"testbed/emulator/health"
)

const (
	// heartbeat is how often an agent that is watched over makes sure that it runs at all.
	heartbeat = 50 * time.Millisecond
	// stopped is by how much a heartbeat is late where the agent did not run: it was stopped, or frozen. What is less is
	// told by what it kept from being done.
	stopped = 40 * time.Millisecond
	// keptSpells are those that nobody has asked for yet.
	keptSpells = 512
	// maxWatch bounds for how long an agent is watched over without being asked again.
	maxWatch = time.Hour
)

// punctuality is an agent's account of what it did later than it could have: it read what the kernel had had for a
// while, a computation's sleep ended late, or it did not run at all. While nobody watches, its heart does not beat.
type punctuality struct {
	clock *clock

	mu       sync.Mutex
	spells   *health.Ring
	watchers int
	until    time.Time // when all watchers are forgotten
	beating  bool
}

func newPunctuality(c *clock) *punctuality {
	return &punctuality{clock: c, spells: health.NewRing(keptSpells)}
}

// late keeps that something that could be done at an instant was done now.
func (p *punctuality) late(due, now int64) {
	if now-due < int64(health.Floor) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spells.Add(health.Spell{From: due, To: now, Why: health.Overdue})
}

// watch begins, or ends, somebody's watching over the agent. The heart beats until all have ended.
func (p *punctuality) watch(change int) {
	p.watchers = max(p.watchers+change, 0)
	if p.watchers == 0 || p.beating {
		return
	}
	p.beating = true
	go p.beat()
}

// beat looks at every heartbeat, and keeps those that came late.
func (p *punctuality) beat() {
	for {
		due := p.clock.now() + int64(heartbeat)
		time.Sleep(heartbeat)
		now := p.clock.now()
		p.mu.Lock()
		if now-due > int64(stopped) {
			p.spells.Add(health.Spell{From: due, To: now, Why: health.Overslept})
		}
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
	p.watch(change)
	if p.watchers > 0 {
		p.until = time.Now().Add(maxWatch)
	}
	report := p.spells.Report(p.clock.now(), since, keptSpells)
	report.Now = p.clock.as(report.Now)
	for i := range report.Spells {
		s := &report.Spells[i]
		s.From, s.To = p.clock.as(s.From), p.clock.as(s.To)
	}
	return report
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
