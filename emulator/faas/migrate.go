package faas

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"testbed/emulator/topology"
)

// The methods of moving an instance.
const (
	// StopAndCopy holds the instance's invocations from the beginning until all of its states are at the target.
	StopAndCopy = "stop-and-copy"
	// PreCopy copies while invocations go on, in rounds of what has changed since the one before, and holds them for the
	// last.
	PreCopy = "pre-copy"
)

// Bounds of pre-copy.
const (
	DefaultRounds = 8        // that copy while invocations go on, at most
	SmallRest     = 16 << 10 // bytes that are not worth another round: a packet train of about ten
	mostRounds    = 64
)

// Move is an order to an agent: an instance that it has is to go to another.
type Move struct {
	ID      string      `json:"id"`
	Epoch   int64       `json:"epoch"` // the seat's, as the agent before has said; 0: the agent is the first that is asked
	From    topology.ID `json:"from"`  // the agent's node
	To      topology.ID `json:"to"`
	Address string      `json:"address"` // of the target's agent, host:port
	Home    string      `json:"home"`    // of the agent itself, host:port
	Method  string      `json:"method"`
	Rounds  int         `json:"rounds"` // pre-copy; 0: DefaultRounds
	Token   string      `json:"token"`  // of the announcement to the target: see Arrival
}

func (m *Move) validate() error {
	if m.Rounds == 0 {
		m.Rounds = DefaultRounds
	}
	switch {
	case m.Method != StopAndCopy && m.Method != PreCopy:
		return fmt.Errorf("method %.50q: write %s or %s", m.Method, StopAndCopy, PreCopy)
	case m.Rounds < 0 || m.Rounds > mostRounds:
		return fmt.Errorf("%d rounds: want 1 to %d", m.Rounds, mostRounds)
	case m.From < 0 || m.To < 0 || m.Address == "" || m.Home == "":
		return errors.New("a node or an address is missing")
	}
	return errors.Join(checkKey(m.ID), checkKey(m.Token), checkAddress(m.Address), checkAddress(m.Home))
}

// move is a move under way, at the agent that the instance leaves. The agent alone decides: it is the coordinator of a
// two-phase commit. The target is prepared when it has all, and serves as soon as somebody comes who was sent to it.
// Whoever it cannot place it sends back, so that a target that was prepared in vain is in nobody's way.
type move struct {
	*Agent
	Move
	one    *resident
	line   *line
	place  Elsewhere // where it will be
	sent   map[string]version
	result *Moved
}

// migrate carries an order out. An error means that it cannot be carried out: nothing was done. A move that fails is
// undone, and the result says so.
func (a *Agent) migrate(ctx context.Context, order Move) (*Moved, error) {
	if err := order.validate(); err != nil {
		return nil, err
	}
	one, err := a.residents.find(order.ID)
	if err != nil {
		return nil, err
	}
	m := &move{Agent: a, Move: order, one: one, sent: map[string]version{}, result: &Moved{Began: a.clock.moment()}}
	if err := m.begin(); err != nil {
		if moved := movedOf(err); moved != nil {
			return &Moved{Elsewhere: &moved.to}, nil
		}
		return nil, err
	}
	if err := m.carryOut(ctx); err != nil {
		m.undo(err)
	} else {
		a.retire(one.Functions)
	}
	m.line.close()
	return m.result, nil
}

// maxEpoch bounds epochs, and stepBits what a move adds to them at random: enough for 16,000 moves of an instance. Who
// knows its epoch has been sent to it by the agent that it has left, for nobody can guess it: that makes the target
// serve.
const (
	maxEpoch = 1 << 62
	stepBits = 48
)

func epochStep() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return int64(binary.LittleEndian.Uint64(b[:]) >> (64 - stepBits))
}

// begin makes the move the instance's only one.
func (m *move) begin() error {
	r := m.one
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.prepared && m.Epoch == r.epoch {
		r.here, r.prepared = true, false
	}
	if !r.here {
		return &movedError{to: r.place}
	}
	if m.From == m.To || m.Address == m.Home {
		return &statusError{http.StatusConflict, "it is there already"}
	}
	if r.moving {
		return &statusError{http.StatusConflict, "it is being moved already"}
	}
	next := max(r.tried, r.epoch) + 1 + epochStep()
	if next > maxEpoch {
		return &statusError{http.StatusConflict, "it has been moved too often"}
	}
	r.moving, r.tried = true, next
	m.place = Elsewhere{m.To, m.Address, r.tried}
	m.line = &line{Agent: m.Agent, address: m.Address}
	return nil
}

func (m *move) carryOut(ctx context.Context) error {
	if _, err := m.say(ctx, &arrivalHead{Phase: phaseOffer, Rooms: m.rooms()}, nil); err != nil {
		return fmt.Errorf("offering it to the target: %w", err)
	}
	for n := 1; m.Method == PreCopy && n <= m.Rounds; n++ {
		changed := m.changed()
		if rest := bytesOf(changed); n > 1 && rest <= SmallRest {
			releaseStates(changed)
			break
		}
		if err := m.round(ctx, &arrivalHead{Phase: phaseCopy}, changed); err != nil {
			return fmt.Errorf("round %d of copying: %w", n, err)
		}
	}
	var err error
	if m.result.Held, err = m.one.hold(ctx, m.clock.moment); err != nil {
		return fmt.Errorf("waiting for invocations under way: %w", err)
	}
	last := &arrivalHead{Phase: phaseLast, Calls: m.one.calledBefore(), Keep: m.one.owned()}
	if err := m.round(ctx, last, m.changed()); err != nil {
		return fmt.Errorf("the last round of copying: %w", err)
	}
	gone := m.one.stored()
	var delays []int64
	m.result.Served, delays = m.one.release(&m.place, m.clock.moment)
	m.result.Delays = delays[:min(len(delays), maxDelays)]
	m.states.forget(gone)
	m.result.Later = m.one.takeLater()
	return nil
}

// undo lets the instance go on here, and tells the target.
func (m *move) undo(why error) {
	at, delays := m.one.release(nil, m.clock.moment)
	m.result.Undone, m.result.Delays = shortened(why.Error()), delays[:min(len(delays), maxDelays)]
	if m.result.Held != 0 {
		m.result.Served = at
	}
	for _, prefix := range m.one.takeLater() {
		m.Agent.states.forget(m.residents.dropOf(m.one, prefix))
	}
	m.line.close()
	ctx, cancel := context.WithTimeout(m.context, graceToUndo)
	defer cancel()
	m.line = &line{Agent: m.Agent, address: m.Address}
	_, _ = m.say(ctx, &arrivalHead{Phase: phaseAbort}, nil) // a target that is not told sends everybody back here
}

// graceToUndo is how long a target is tried to be told that nothing comes.
const graceToUndo = time.Second

// copied is a state on its way.
type copied struct {
	key string // without the suffix
	value
}

func bytesOf(all []copied) (sum int64) {
	for _, s := range all {
		sum += int64(len(s.content.data))
	}
	return sum
}

func releaseStates(all []copied) {
	for _, s := range all {
		s.content.release()
	}
}

// changed are the instance's states that the target does not have yet, or of another version. To be released.
func (m *move) changed() []copied {
	var all []copied
	for _, key := range m.one.owned() {
		v, err := m.states.get(key + m.one.suffix())
		if err != nil {
			continue // forgotten in between
		}
		if before, known := m.sent[key]; known && before == (version{v.version, v.sum}) {
			v.content.release()
			continue
		}
		all = append(all, copied{key, v})
	}
	return all
}

// round sends states, which it releases.
func (m *move) round(ctx context.Context, head *arrivalHead, all []copied) error {
	defer releaseStates(all)
	r := Round{Start: m.clock.moment(), States: len(all), Bytes: bytesOf(all)}
	var body [][]byte
	for _, s := range all {
		head.States = append(head.States, arrivalState{s.key, s.version, s.sum, int64(len(s.content.data))})
		body = append(body, s.content.data)
	}
	said, err := m.say(ctx, head, body)
	if r.End = m.clock.moment(); err != nil {
		return err
	}
	starts := readRoused(said, time.Duration(r.End-m.result.Began))
	m.result.Start, m.result.Awaited = starts.took.Nanoseconds(), starts.waited.Nanoseconds()
	for _, s := range all {
		m.sent[s.key] = version{s.version, s.sum}
	}
	r.Head = head.bytes
	m.result.Rounds = append(m.result.Rounds, r)
	return nil
}

// say sends a message to the target, and waits for its acknowledgement, whose header it returns.
func (m *move) say(ctx context.Context, head *arrivalHead, body [][]byte) (http.Header, error) {
	head.From, head.Epoch = Elsewhere{m.From, m.Home, m.one.epochNow()}, m.place.Epoch
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	head.bytes = int64(len(text))
	if len(text) > maxSpec {
		return nil, fmt.Errorf("%d states and calls: too many for one move", len(head.States)+len(head.Calls))
	}
	msg := message{
		method: http.MethodPost, path: pathArrive, fresh: true, body: append([][]byte{text}, body...),
		header: fmt.Appendf(nil, "%s: %d %s %s\r\n", headerArrive, len(text), m.Token, m.one.ID),
	}
	return m.line.do(ctx, &msg)
}
