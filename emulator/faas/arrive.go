package faas

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"time"

	"testbed/emulator/units"
)

// arrival is an instance on its way here.
type arrival struct {
	epoch  int64
	since  time.Time // of the offer: from then on instances of its programs start
	by     *announced
	staged map[string]value // what has come, by key without the suffix
	heads  []*blob          // that have said what it is: held for as long, for the keys are of their size
	rooms  []*blob          // for what has not come yet
}

func (a *arrival) release() {
	if a == nil {
		return
	}
	for _, v := range a.staged {
		v.content.release()
	}
	release(a.heads)
	release(a.rooms)
	a.staged, a.heads, a.rooms = map[string]value{}, nil, nil
}

// bytes are those of all states that have come, but for those in whose place others come.
func (a *arrival) bytes(come []copied) (sum int64) {
	for _, v := range a.staged {
		sum += v.content.size()
	}
	for _, s := range come {
		sum -= a.staged[s.key].content.size()
	}
	return sum
}

// handleArrive takes in what another agent sends of an instance that was announced.
func (a *Agent) handleArrive(w http.ResponseWriter, r *http.Request) {
	one, by, length, err := a.admitted(r)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("an instance's arrival: %w", err))
		return
	}
	body := a.body(w, r)
	head, err := a.readArrival(r, body, length, by.bytes)
	if err != nil {
		a.refuse(w, r, statusOfBody(stalled(err, a.limits.stall)), fmt.Errorf("instance %s: %w", one.ID, err))
		return
	}
	defer head.text.release()
	states, err := a.receiveStates(r.Context(), body, one, by, head)
	if err == nil {
		body.end()
		var starts roused
		starts, err = a.arriveReady(r.Context(), one, by, head, states)
		starts.tell(w.Header())
	}
	if err != nil {
		a.refuse(w, r, statusOfBody(stalled(err, a.limits.stall)), fmt.Errorf("instance %s: %w", one.ID, err))
		return
	}
	respond(w, http.StatusNoContent, nil)
}

// admitted is the instance that a request brings something of, by which announcement, and the length of its head,
// before anything of the body is read.
func (a *Agent) admitted(r *http.Request) (one *resident, by *announced, length int64, err error) {
	length, token, id, err := parseArrive(r)
	if err == nil {
		one, err = a.residents.find(id)
	}
	if errors.Is(err, errMissing) {
		err = errUnannounced // who does not know the token learns nothing
	}
	if err == nil {
		by, err = one.admit(token, time.Now())
	}
	return one, by, length, err
}

// arriveReady is arrive, for whose states there is memory with the offer, if there is any, and for whose programs
// instances begin to start with it and are ready at the end.
func (a *Agent) arriveReady(
	ctx context.Context, one *resident, by *announced, head *arrivalHead, states []copied,
) (starts roused, err error) {
	if head.Phase == phaseLast {
		if starts, err = a.waitReady(ctx, one, by, head); err != nil {
			releaseStates(states)
			return starts, fmt.Errorf("its program is not ready: %w", err)
		}
	}
	err = a.arrive(one, by, head, states)
	switch {
	case err != nil:
	case head.Phase == phaseOffer:
		a.makeRoom(one, by, head)
		_, err = a.installed.rouse(one.Functions)
	case head.Phase == phaseAbort:
		a.retire(one.Functions)
	}
	return starts, err
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

// arrive takes states over, in the phase that an arrival is in.
func (a *Agent) arrive(one *resident, by *announced, head *arrivalHead, states []copied) error {
	one.mu.Lock()
	defer one.mu.Unlock()
	if err := a.expect(one, by, head); err != nil {
		releaseStates(states)
		return err
	}
	if now := one.arriving; now != nil && units.Add(now.bytes(states), head.contents()) > by.bytes {
		releaseStates(states)
		return fmt.Errorf("%d bytes more, and %d in all were announced: %w", head.contents(), by.bytes, errTooLarge)
	}
	if len(states) > 0 {
		one.arriving.heads = append(one.arriving.heads, head.text.retain())
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
func (a *Agent) expect(one *resident, by *announced, head *arrivalHead) error {
	now := one.arriving
	switch {
	case !slices.Contains(one.announcements, by):
		return errUnannounced
	case one.here || head.Epoch < one.epoch || now != nil && head.Epoch < now.epoch:
		return fmt.Errorf("it is here already, or was later: %w", errConflict)
	case head.Phase == phaseOffer:
		now.release()
		a.unprepare(one)
		one.arriving = &arrival{epoch: head.Epoch, since: time.Now(), by: by, staged: map[string]value{}}
		one.place = head.From
	case head.Phase == phaseAbort:
		now.release()
		a.unprepare(one)
		one.arriving = nil
	case now == nil || now.epoch != head.Epoch || now.by != by:
		return fmt.Errorf("it was not offered: %w", errConflict)
	case head.Phase != phaseCopy && head.Phase != phaseLast:
		return errors.New("there is no such phase")
	}
	return nil
}

// unprepare forgets what has come in vain: calls of programs have not come, they were executed here. The caller holds
// the instance's mu.
func (a *Agent) unprepare(one *resident) {
	if !one.prepared {
		return
	}
	one.prepared = false
	for key := range one.keys {
		a.states.forget([]string{key + one.suffix()})
	}
	one.keys = map[string]bool{}
	one.calls.leave()
}

// prepare puts what is to be kept of an arrival into the store. The caller holds the instance's mu.
func (a *Agent) prepare(one *resident, head *arrivalHead) error {
	staged := one.arriving.staged
	for _, key := range head.Keep {
		if _, there := staged[key]; !there {
			return fmt.Errorf("state %.150q has not come: %w", key, errConflict)
		}
	}
	one.calls.leave()
	if err := one.calls.remember(head.Calls, a.clock.now()); err != nil {
		return err
	}
	keys := map[string]bool{}
	one.keys, one.prepared = keys, true
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
