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

// account is what the canary knows of its probes. They are numbered from 0 and overtake each other never.
type account struct {
	late   health.Histogram
	spells *health.Ring
	probes [underWay]probe
	sent   uint64 // number of the next one
	next   uint64 // number after the last one that has come back
	back   uint64 // how many have
}

func newAccount() account { return account{spells: health.NewRing(keptSpells)} }

// send takes down that a probe is sent, and returns its number.
func (a *account) send(scheduled, now int64) uint64 {
	a.overdue(scheduled, now, health.Overslept)
	n := a.sent
	a.probes[n%underWay] = probe{scheduled, now}
	a.sent++
	return n
}

// arrived takes down that a probe has come back, unless it is none or came too late to be known.
func (a *account) arrived(n uint64, now int64) {
	if n < a.next || n >= a.sent || a.sent-n > underWay {
		return
	}
	p := a.probes[n%underWay]
	a.late.Record(now - p.scheduled - way)
	a.overdue(p.sent+way, now, health.Overdue)
	a.next, a.back = n+1, a.back+1
}

func (a *account) overdue(due, now int64, why health.Why) {
	if now-due >= int64(health.Floor) {
		a.spells.Add(health.Spell{From: due, To: now, Why: why})
	}
}

// report tells of the spells from number since on, also of one that has not ended: while a probe is overdue.
func (a *account) report(now int64, since uint64) health.Report {
	if a.next < a.sent && a.sent-a.next <= underWay {
		if first := a.probes[a.next%underWay]; now-first.sent < int64(lost) {
			a.overdue(first.sent+way, now, health.Overdue)
		}
	}
	return a.spells.Report(now, since, mostSpells)
}

// lost is when a probe that no later one has overtaken counts as lost rather than late.
const lost = 10 * time.Second

func (a *account) result() Result {
	return Result{Probes: a.sent, Lost: a.sent - a.back, Late: a.late}
}
