package userspace

import (
	"time"

	"testbed/emulator/health"
	"testbed/emulator/internal/rundelay"
)

const (
	// heartbeat is the longest sleep while somebody watches over the fabric's health: a packet that comes while the
	// thread is kept from running waits unseen in its device, and so the thread makes sure to notice its own absence.
	heartbeat = 5 * time.Millisecond
	// watch is how long the heart goes on to beat after the health was asked for.
	watch = 5 * time.Second
	// leastTurn is what counts as a turn: less is a look at the devices while spinning.
	leastTurn = 5 * time.Microsecond
)

// punctuality is the engine's account of how late it does what is due. It belongs to the engine's thread. Instants are
// of the engine's clock, in ns.
type punctuality struct {
	written, overslept, turns health.Histogram

	spells  *health.Ring
	begun   int64
	woken   int64 // when it began the turn
	busy    int64 // ns
	watched int64 // until when the heart beats

	starved   rundelay.Thread
	looked    int64 // when starved was read last
	waited    int64 // what it was then
	accounted int64 // ns of spells since
}

func (p *punctuality) begin(now int64) {
	p.begun, p.woken, p.looked, p.spells = now, now, now, health.NewRing(keptSpells)
}

// worked ends a turn at now, and returns how long the thread is to sleep that may sleep for timeout (less than 0: until
// something comes).
func (p *punctuality) worked(now, timeout int64) int64 {
	turn := now - p.woken
	p.busy += turn
	if turn >= int64(leastTurn) {
		p.turns.Record(turn)
	}
	p.spell(p.woken, now, health.Turn)
	if now < p.watched && (timeout < 0 || timeout > int64(heartbeat)) {
		return int64(heartbeat)
	}
	return timeout
}

// slept is told of a sleep from begin to now that was to last for timeout at most.
func (p *punctuality) slept(begin, now, timeout int64) {
	p.woken = now
	if timeout >= 0 {
		if timeout > 0 {
			p.overslept.Record(now - begin - timeout)
		}
		p.spell(begin+timeout, now, health.Overslept)
	}
	if now < p.watched && now-p.looked >= int64(heartbeat) {
		p.look(now)
	}
}

// look asks the kernel how long the thread was ready to run and did not, and keeps what no spell since the last time
// explains: the thread was woken by a packet, late.
func (p *punctuality) look(now int64) {
	waited, _ := p.starved.Read()
	if unseen := min(waited-p.waited-p.accounted, now-p.looked); unseen > 0 {
		p.spell(now-unseen, now, health.Starved)
	}
	p.waited, p.looked, p.accounted = waited, now, 0
}

// spell keeps that nothing was done for anybody, where that went on for long.
func (p *punctuality) spell(from, to int64, why health.Why) {
	if to-from >= int64(health.Floor) {
		p.accounted += to - from
		p.spells.Add(health.Spell{From: from, To: to, Why: why})
	}
}

// wrote is told that a packet that was due was written to a station by now.
func (p *punctuality) wrote(to *port, due, now int64) {
	p.written.Record(now - due)
	to.written.Record(now - due)
	if now-due >= int64(health.Floor) {
		p.spells.Add(health.Spell{From: due, To: now, Station: to.name, Why: health.Overdue})
	}
}

// health is the account so far, with the spells from number since on, and keeps the heart beating.
func (p *punctuality) health(now int64, since uint64) health.Health {
	p.watched = now + int64(watch)
	p.look(now)
	return health.Health{Report: p.spells.Report(now, since, mostSpells), From: p.begun, Written: p.written,
		Overslept: p.overslept, Turns: p.turns, Busy: time.Duration(p.busy), Waited: time.Duration(p.waited)}
}

// How many spells are kept, and how many are told at once.
const (
	keptSpells = 1 << 14
	mostSpells = 1 << 12
)
