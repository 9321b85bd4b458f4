package canary

import (
	"time"

	"testbed/emulator/health"
)

// What is kept: of spells, and of probes under way, enough for a stop of 40 s.
const (
	keptSpells = 1 << 13
	mostSpells = 1 << 12
	underWay   = 1 << 12
)

// probe is one that was sent. Times are ns of CLOCK_MONOTONIC.
type probe struct {
	scheduled, sent int64
}

// account is what the canary knows of its probes. They are numbered from 0; those with even numbers go in one
// direction, those with odd ones in the other, and in one direction none overtakes another.
type account struct {
	late   health.Histogram
	spells *health.Ring
	probes [underWay]probe
	sent   uint64    // number of the next one
	next   [2]uint64 // by direction, the number of the first one that has not arrived and is not lost
	there  uint64    // how many have arrived
}

func newAccount() account { return account{spells: health.NewRing(keptSpells), next: [2]uint64{0, 1}} }

// send takes down that a probe is sent, and returns its number.
func (a *account) send(scheduled, now int64) uint64 {
	a.overdue(scheduled, now, health.Overslept)
	n := a.sent
	a.probes[n%underWay] = probe{scheduled, now}
	a.sent++
	return n
}

// arrived takes down when a probe arrived, unless it is none or came too late to be known.
func (a *account) arrived(n uint64, at int64) {
	if n < a.next[n%2] || n >= a.sent || a.sent-n > underWay {
		return
	}
	p := a.probes[n%underWay]
	a.late.Record(at - p.scheduled - int64(Way))
	a.overdue(p.sent+int64(Way), at, health.Overdue)
	a.next[n%2], a.there = n+2, a.there+1
}

func (a *account) overdue(due, now int64, why health.Why) {
	if now-due >= int64(health.Floor) {
		a.spells.Add(health.Spell{From: due, To: now, Why: why})
	}
}

// report tells of the spells from number since on, also of one that has not ended: while a probe is overdue.
func (a *account) report(now int64, since uint64) health.Report {
	for _, n := range a.next {
		if n >= a.sent || a.sent-n > underWay {
			continue
		}
		if first := a.probes[n%underWay]; now-first.sent < int64(lost) {
			a.overdue(first.sent+int64(Way), now, health.Overdue)
		}
	}
	return a.spells.Report(now, since, mostSpells)
}

// lost is when a probe that no later one has overtaken counts as lost rather than late.
const lost = 10 * time.Second

// complete tells whether the last probe of each direction has arrived.
func (a *account) complete() bool { return a.next[0] >= a.sent && a.next[1] >= a.sent }

func (a *account) result() Result {
	return Result{Probes: a.sent, Lost: a.sent - a.there, Late: a.late}
}
