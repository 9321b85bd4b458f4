package userspace

import (
	"time"

	"testbed/emulator/health"
)

const (
	// heartbeat is the longest sleep while somebody watches over the fabric's health: a packet that comes while the
	// thread is kept from running waits unseen in its device, and so the thread makes sure to notice its own absence.
	heartbeat = 5 * time.Millisecond
	// watch is how long the heart goes on to beat after the health was asked for.
	watch = 5 * time.Second
	// deaf is an absence that counts against all stations: the ring of a device may have overflowed in it. What is less
	// counts against those whose packets were found after it.
	deaf = 5 * time.Millisecond
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

	since int64      // when the devices were looked at last before this turn; its begin where that was just now
	why   health.Why // what came between
	heard []*port    // stations whose packets were read since starved was
	looks uint64     // how often that was

	thread    thread
	looked    int64 // when it was asked last how long it had been starved
	waited    int64 // what that was
	ran       int64 // how long it had run by then
	atWork    int64 // and how long it had been at work
	accounted int64 // ns of sleeps that ended late since
	spun      int64 // ns of waiting without sleep since, in which the thread ran as well
}

// thread tells of the engine's thread, in ns.
type thread interface {
	starved() int64 // how long it was ready to run and did not
	ran() int64     // how long it ran
}

func (p *punctuality) begin(now int64) {
	p.begun, p.woken, p.looked, p.since, p.looks, p.spells = now, now, now, now, 1, health.NewRing(keptSpells)
	p.thread = silent{}
}

// silent is a thread of which nothing is known.
type silent struct{}

func (silent) starved() int64 { return 0 }
func (silent) ran() int64     { return 0 }

// worked ends a turn at now, and returns how long the thread is to sleep that may sleep for timeout (less than 0: until
// something comes).
func (p *punctuality) worked(now, timeout int64) int64 {
	turn := now - p.woken
	p.busy += turn
	if turn >= int64(leastTurn) {
		p.turns.Record(turn)
	}
	p.since, p.why = now, health.Turn
	if p.absent(p.woken, now, health.Turn) {
		p.since = p.woken
	}
	if now < p.watched && (timeout < 0 || timeout > int64(heartbeat)) {
		return int64(heartbeat)
	}
	return timeout
}

// slept is told of a sleep from begin to now that was to last for timeout at most.
func (p *punctuality) slept(begin, now, timeout int64) {
	p.woken = now
	if timeout == 0 && now-begin < int64(health.Floor) {
		p.spun += now - begin
	}
	if timeout > 0 {
		p.overslept.Record(now - begin - timeout)
	}
	overslept := timeout >= 0 && p.absent(begin+timeout, now, health.Overslept)
	if overslept {
		p.accounted += now - begin - timeout
	}
	if p.since == begin { // the turn before was short
		if p.since = now; overslept {
			p.since, p.why = begin+timeout, health.Overslept
		}
	}
	if now < p.watched && now-p.looked >= int64(heartbeat) {
		p.look(now)
	}
}

// look asks the kernel how long the thread was ready to run and did not, and keeps what nothing since the last time
// explains: the thread was woken by a packet, late. What explains it are sleeps that ended late, and turns, as far as
// it did not run in them: what it did for others while it ran is no reason.
func (p *punctuality) look(now int64) {
	waited, ran, atWork := p.thread.starved(), p.thread.ran(), p.busy+now-p.woken
	inTurns := max(0, atWork-p.atWork-max(0, ran-p.ran-p.spun))
	unseen := min(waited-p.waited-p.accounted-inTurns, now-p.looked)
	if p.absent(now-unseen, now, health.Starved) {
		for _, station := range p.heard {
			p.spells.Add(health.Spell{From: now - unseen, To: now, Station: station.name, Why: health.Starved})
		}
	}
	p.waited, p.ran, p.atWork, p.looked, p.accounted, p.spun = waited, ran, atWork, now, 0, 0
	p.heard, p.looks = p.heard[:0], p.looks+1
}

// absent keeps a time in which no device was looked at, and reports whether it was long.
func (p *punctuality) absent(from, to int64, why health.Why) bool {
	if to-from < int64(health.Floor) {
		return false
	}
	if to-from >= int64(deaf) {
		p.spells.Add(health.Spell{From: from, To: to, Why: why})
	}
	return true
}

// found is told that a station's packets are read at now, which may have come since its device was looked at last.
func (p *punctuality) found(from *port, now int64) {
	if now-p.since >= int64(health.Floor) {
		p.spells.Add(health.Spell{From: p.since, To: now, Station: from.name, Why: p.why})
	}
	if now < p.watched && from.heard != p.looks { // else nobody looks, and the list would only grow
		from.heard = p.looks
		p.heard = append(p.heard, from)
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
