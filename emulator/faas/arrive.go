package faas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// What agents say to one another when an instance moves: POST pathArrive, whose body is an arrivalHead in JSON, as long
// as headerArrive says, and then the contents of its states, one after the other.
const (
	pathArrive   = "/arrive"
	headerArrive = "X-Testbed-Arrive"
)

// The phases of an arrival.
const (
	phaseOffer = "offer" // it will come: can it?
	phaseCopy  = "copy"  // states, while invocations go on elsewhere
	phaseLast  = "last"  // the rest, and which of all that has come are to be kept
	phaseAbort = "abort" // it will not come

	phaseForget = "forget" // it has come, and with it what was to be forgotten meanwhile: prefixes, in the place of Keep
)

type arrivalHead struct {
	Stateful
	Phase  string         `json:"phase"`
	Epoch  int64          `json:"epoch"` // that it will have here
	To     topology.ID    `json:"to"`
	From   Elsewhere      `json:"from"` // with the epoch that it has there
	States []arrivalState `json:"states,omitempty"`
	Keep   []string       `json:"keep,omitempty"`
	Calls  []callDone     `json:"calls,omitempty"`

	bytes int64 // of it as it was sent
}

type arrivalState struct {
	Key     string `json:"key"` // without a suffix
	Version int64  `json:"version"`
	Sum     uint32 `json:"sum"`
	Bytes   int64  `json:"bytes"`
}

// contents is the bytes of all states.
func (h *arrivalHead) contents() (sum int64) {
	for _, s := range h.States {
		sum = units.Add(sum, s.Bytes)
	}
	return sum
}

func (h *arrivalHead) validate() error {
	if err := h.Stateful.validate(); err != nil {
		return err
	}
	if h.Epoch <= h.From.Epoch || len(h.States) > maxHeld || len(h.Calls) > maxHeld {
		return fmt.Errorf("epoch %d after %d, %d states, %d calls", h.Epoch, h.From.Epoch, len(h.States), len(h.Calls))
	}
	for _, s := range h.States {
		if s.Bytes < 0 || s.Bytes > maxBody || s.Version < 0 {
			return fmt.Errorf("state %.150q has %d bytes and version %d", s.Key, s.Bytes, s.Version)
		}
		if err := checkStateKey(s.Key); err != nil {
			return err
		}
	}
	return checkAddress(h.From.Address)
}

// arrival is an instance on its way here.
type arrival struct {
	epoch  int64
	staged map[string]value // what has come, by key without the suffix
}

func (a *arrival) release() {
	if a == nil {
		return
	}
	for _, v := range a.staged {
		v.content.release()
	}
	a.staged = map[string]value{}
}

// handleArrive takes in what another agent sends of an instance.
func (a *Agent) handleArrive(w http.ResponseWriter, r *http.Request) {
	body := a.body(w, r)
	head, err := readArrival(body, r)
	if err != nil {
		a.refuse(w, r, statusOfBody(stalled(err, a.limits.stall)), fmt.Errorf("an instance's arrival: %w", err))
		return
	}
	states, err := a.receiveStates(r.Context(), body, head)
	if err == nil {
		body.end()
		err = a.arrive(head, states)
	}
	if moved := movedOf(err); moved != nil { // all was read
		fail(w, statusOf(moved), moved)
		return
	}
	if err != nil {
		a.refuse(w, r, statusOfBody(stalled(err, a.limits.stall)), fmt.Errorf("instance %s: %w", head.ID, err))
		return
	}
	respond(w, http.StatusNoContent, nil)
}

func readArrival(body io.Reader, r *http.Request) (*arrivalHead, error) {
	n, err := strconv.ParseInt(r.Header.Get(headerArrive), 10, 64)
	if err != nil || n < 0 || n > maxSpec || n > r.ContentLength {
		return nil, fmt.Errorf("header %s: want a length within that of the body", headerArrive)
	}
	text := make([]byte, 0, min(n, 64<<10))
	for chunk := make([]byte, min(n, 64<<10)); int64(len(text)) < n; {
		read, err := body.Read(chunk[:min(int64(len(chunk)), n-int64(len(text)))])
		if text = append(text, chunk[:read]...); err != nil && int64(len(text)) < n {
			return nil, err
		}
	}
	head := &arrivalHead{}
	if err := json.Unmarshal(text, head); err != nil {
		return nil, err
	}
	if err := head.validate(); err != nil {
		return nil, err
	}
	if want := units.Add(n, head.contents()); want != r.ContentLength {
		return nil, fmt.Errorf("the body has %d bytes, not %d", r.ContentLength, want)
	}
	return head, nil
}

// summed is a reader that knows the CRC-32C of what was read.
type summed struct {
	io.Reader
	sum uint32
}

func (s *summed) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.sum = crc32.Update(s.sum, castagnoli(), b[:n])
	return n, err
}

// receiveStates reads the states' contents, and holds them against their checksums.
func (a *Agent) receiveStates(ctx context.Context, body io.Reader, head *arrivalHead) ([]copied, error) {
	var all []copied
	for _, s := range head.States {
		in := &summed{Reader: body}
		content, err := a.pools.receive(ctx, in, 0, s.Bytes, nil)
		if err == nil && in.sum != s.Sum {
			content.release()
			a.counts.corrupt.Add(1)
			err = fmt.Errorf("state %s, version %d: %w", s.Key, s.Version, errCorrupt)
		}
		if err != nil {
			releaseStates(all)
			return nil, err
		}
		all = append(all, copied{s.Key, value{content, s.Version, s.Sum}})
	}
	return all, nil
}

// arrive takes states over, in the phase that an arrival is in.
func (a *Agent) arrive(head *arrivalHead, states []copied) error {
	one, err := a.residents.enter(head.Stateful, head.To == head.Origin, false)
	if err != nil {
		releaseStates(states)
		return err
	}
	if head.Phase == phaseForget {
		releaseStates(states)
		return a.forgetOf(one, head)
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if err := a.expect(one, head); err != nil {
		releaseStates(states)
		return err
	}
	for _, s := range states {
		if before, known := one.arriving.staged[s.key]; known {
			before.content.release()
		}
		one.arriving.staged[s.key] = s.value
	}
	if head.Phase == phaseLast {
		return a.prepare(one, head)
	}
	return nil
}

// expect makes room for an arrival, or ends one. The caller holds the instance's mu.
func (a *Agent) expect(one *resident, head *arrivalHead) error {
	now := one.arriving
	switch {
	case one.here || head.Epoch < one.epoch || now != nil && head.Epoch < now.epoch:
		return fmt.Errorf("it is here already, or was later: %w", errConflict)
	case head.Phase == phaseOffer:
		now.release()
		a.unprepare(one)
		one.arriving = &arrival{epoch: head.Epoch, staged: map[string]value{}}
		one.place = head.From
	case head.Phase == phaseAbort:
		now.release()
		a.unprepare(one)
		one.arriving = nil
	case now == nil || now.epoch != head.Epoch:
		return fmt.Errorf("it was not offered: %w", errConflict)
	case head.Phase != phaseCopy && head.Phase != phaseLast:
		return errors.New("there is no such phase")
	}
	return nil
}

// unprepare forgets what has come in vain. The caller holds the instance's mu.
func (a *Agent) unprepare(one *resident) {
	if !one.prepared {
		return
	}
	one.prepared = false
	for key := range one.keys {
		a.states.forget([]string{key + one.suffix()})
	}
	one.keys, one.calls = map[string]bool{}, map[string]*onceCall{}
}

// prepare puts what is to be kept of an arrival into the store. The caller holds the instance's mu.
func (a *Agent) prepare(one *resident, head *arrivalHead) error {
	calls, err := remember(head.Calls)
	if err != nil {
		return err
	}
	staged := one.arriving.staged
	for _, key := range head.Keep {
		if _, there := staged[key]; !there {
			return fmt.Errorf("state %.150q has not come: %w", key, errConflict)
		}
	}
	keys := map[string]bool{}
	one.keys, one.calls, one.prepared = keys, calls, true
	for _, key := range head.Keep {
		v, there := staged[key]
		if delete(staged, key); !there { // named twice
			continue
		}
		if err := a.states.keep(key+one.suffix(), v); err != nil {
			a.unprepare(one)
			return err
		}
		keys[key] = true
	}
	one.arriving.release() // what was forgotten in between
	one.arriving, one.epoch = nil, head.Epoch
	return nil
}
