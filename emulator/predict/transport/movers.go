package transport

import (
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// mover carries a planned move out, as the FaaS does: on a connection of its own the source offers the instance to the
// target and sends its states, in rounds; each message is acknowledged. For the last round the instance is held, and
// the invocations at work end before it. All of that is on the network with the chains' messages.
type mover struct {
	predict.Move
	left   []*resident   // that are to move after this one
	places []topology.ID // of each of them, where it goes; nil: as the move says
	one    *resident
	from   topology.ID
	lines  chain // whose only step has the messages
	on     *connection
	phase  movePhase
	round  int                     // of pre-copy
	sent   map[residentState]int64 // versions that the target has
	ready  int64                   // when the target has instances of the functions that are programs
	after  func()                  // called when all have moved; nil: nothing is
	over   bool                    // the chains have ended
}

type movePhase uint8

const (
	offering movePhase = iota
	copying
	draining
	finishing
)

// planMoves enters the moves of the instances of a model whose chains begin at a time.
func (r *replay) planMoves(begin int64) {
	for _, move := range r.engine.options.Moves {
		m := &mover{Move: move}
		for _, node := range move.Placed {
			i := slices.IndexFunc(r.residents.all, func(one *resident) bool {
				return one.Root.Node == node && one.Root.Client == move.Client && slices.Contains(one.Functions, move.Function)
			})
			if i >= 0 {
				m.left = append(m.left, r.residents.all[i])
			}
		}
		r.residents.movers = append(r.residents.movers, m)
		r.agenda.push(event{at: begin + move.At.Nanoseconds()*1000, kind: moveBegins, mover: m})
		if move.Until > 0 {
			r.agenda.push(event{at: begin + move.Until.Nanoseconds()*1000, kind: moveEnds, mover: m})
		}
	}
}

// beginMoves begins with the first instance.
func (r *replay) beginMoves(m *mover) {
	for _, one := range r.residents.all {
		if slices.Contains(m.Drained, one.at) {
			m.left = append(m.left, one)
		}
	}
	r.beginMove(m)
}

// beginMove begins with the next instance. One that is at the target already, or is moving, stays.
func (r *replay) beginMove(m *mover) {
	for len(m.left) > 0 && !m.over {
		one := m.left[0]
		m.left = m.left[1:]
		if target, known := m.Targets[one.Root.Client]; known {
			m.To = target
		}
		if len(m.places) > 0 {
			m.To, m.places = m.places[0], m.places[1:]
		}
		if one.moving != nil || one.at == m.To {
			continue
		}
		if told := r.engine.options.Moving; told != nil {
			seen := one.seen(r.now)
			told(r.residents.model, &seen, &m.Move)
		}
		one.moving = m
		m.one, m.from, m.phase, m.round = one, one.at, offering, 0
		m.sent = map[residentState]int64{}
		m.on = r.newConnection(one.at, m.To)
		m.lines = chain{
			mover: m, plan: &plan.Plan{Steps: []plan.Step{{Role: plan.Request, From: m.from, To: m.To, State: -1}}},
			steps: make([]progress, 1), parts: make([]predict.Parts, 1),
		}
		m.lines.steps[0].now = r.now
		set := r.newConnection(one.at, m.To)
		r.say(m, predict.MoveHead, errand{set, false, 0, setUp}, errand{set, true, 0, setUp})
		return
	}
	if m.after != nil && !m.over {
		m.after()
	}
}

// say sends a message of so many bytes to the target, which acknowledges it.
func (r *replay) say(m *mover, bytes int64, before ...errand) {
	header := int64(r.engine.options.Header)
	p := &m.lines.steps[0]
	p.again, p.next = &repetition{errands: append(before,
		errand{m.on, false, bytes + header, body}, errand{m.on, true, header, trip})}, 0
	r.proceedStep(&m.lines, 0)
}

// said is the acknowledgement's arrival.
func (r *replay) said(m *mover) {
	if m.over {
		return
	}
	switch {
	case m.phase == finishing && m.ready > r.now:
		r.agenda.push(event{at: m.ready, kind: moveReady, mover: m})
		return
	case m.phase == finishing:
		r.arrive(m)
		return
	case m.phase == offering:
		m.ready = r.now + picoseconds(r.residents.standby.Start(m.one.Functions, m.To).Median)
	}
	states, bytes := m.rest()
	if m.Rounds > 0 && m.round < m.Rounds && (m.round == 0 || bytes > m.Small) {
		m.phase = copying
		m.round++
		r.sendStates(m, states, bytes)
		return
	}
	m.phase = draining
	if m.one.held = true; m.one.running == 0 {
		r.drained(m)
	}
}

// drained sends the last round: nothing of the instance is at work any more.
func (r *replay) drained(m *mover) {
	if m.phase != draining || m.over {
		return
	}
	m.phase = finishing
	m.lines.steps[0].now = r.now
	states, bytes := m.rest()
	r.sendStates(m, states, bytes)
}

// rest are the states that the target does not have, or of another version.
func (m *mover) rest() (states []residentState, bytes int64) {
	for _, key := range m.one.order {
		v := m.one.states[key]
		if before, known := m.sent[key]; !known || before != v.version {
			states, bytes = append(states, key), bytes+v.bytes
		}
	}
	return states, bytes
}

func (r *replay) sendStates(m *mover, states []residentState, bytes int64) {
	for _, key := range states {
		m.sent[key] = m.one.states[key].version
	}
	if m.phase == finishing {
		bytes += int64(len(m.one.order)) * predict.MoveKey
	}
	r.say(m, predict.MoveHead+int64(len(states))*predict.MoveState+bytes)
}

// arrive lets the instance be at its target, and sends on who has waited.
func (r *replay) arrive(m *mover) {
	one := m.one
	waiting := one.waiting
	r.residents.standby.Leave(one.Functions, one.at)
	one.at, one.moving, one.held, one.waiting, one.load = m.To, nil, false, nil, loadSeen{}
	for _, w := range waiting {
		p := &w.chain.steps[w.step]
		p.waited(&w.chain.parts[w.step], max(0, r.now-p.now))
		r.sendBack(w.chain, w.step)
	}
	r.beginMove(m)
}

// giveUp lets what has not moved yet stay where it is.
func (r *replay) giveUp(m *mover) {
	if m.over {
		return
	}
	m.over = true
	one := m.one
	if one == nil || one.moving != m {
		return
	}
	waiting := one.waiting
	if m.phase != offering {
		r.residents.standby.Leave(one.Functions, m.To)
	}
	one.moving, one.held, one.waiting = nil, false, nil
	for _, w := range waiting {
		p := &w.chain.steps[w.step]
		p.waited(&w.chain.parts[w.step], max(0, r.now-p.now))
		r.agenda.push(event{at: p.now, kind: stepEnds, chain: w.chain, step: int32(w.step)})
	}
}
