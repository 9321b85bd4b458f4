package faas

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// handleMove carries an order to move an instance out, and answers when it is there, or the move undone.
func (a *Agent) handleMove(w http.ResponseWriter, r *http.Request) {
	var order Move
	if !a.readJSON(w, r, &order) {
		return
	}
	moved, err := a.migrate(r.Context(), order)
	if err != nil {
		fail(w, statusOf(err), fmt.Errorf("instance %s: %w", order.ID, err))
		return
	}
	respondJSON(w, moved)
}

// handleInstances lists instances, takes in which are placed here, and serves their states.
func (a *Agent) handleInstances(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == pathInstances && r.Method == http.MethodPost:
		a.handleDeclare(w, r)
	case r.ContentLength != 0:
		a.refuse(w, r, http.StatusBadRequest, fmt.Errorf("%s %s: no body is expected", r.Method, path))
	case path == pathInstances && r.Method == http.MethodGet:
		respondJSON(w, a.instances())
	case path == pathOf:
		answer, err := a.stateOf(r.Context(), r.Method, r.URL.Query())
		if moved := movedOf(err); moved != nil {
			answer.Elsewhere, err = &moved.to, nil
		}
		if err != nil {
			fail(w, statusOf(err), err)
			return
		}
		respondJSON(w, answer)
	default:
		fail(w, http.StatusNotFound, fmt.Errorf("%s %s: no such resource", r.Method, path))
	}
}

func (a *Agent) handleDeclare(w http.ResponseWriter, r *http.Request) {
	var all []Stateful
	if !a.readJSON(w, r, &all) {
		return
	}
	for i := range all {
		err := all[i].validate()
		if err == nil {
			err = a.residents.declare(all[i])
		}
		if err != nil {
			fail(w, statusOf(err), err)
			return
		}
	}
	respond(w, http.StatusNoContent, nil)
}

func (a *Agent) instances() []InstanceStatus {
	all := []InstanceStatus{}
	for _, one := range a.residents.list() {
		s := InstanceStatus{Stateful: one.Stateful, Needs: a.needs(&one.Stateful)}
		for _, key := range one.stored() {
			if v, err := a.states.get(key); err == nil {
				s.States, s.Bytes = s.States+1, s.Bytes+int64(len(v.content.data))
				v.content.release()
			}
		}
		one.mu.Lock()
		s.Here, s.Prepared, s.Place, s.Epoch = one.here, one.prepared, one.place, one.epoch
		s.Rate, s.Drain = one.rate(a.clock.now())
		one.mu.Unlock()
		all = append(all, s)
	}
	return all
}

// stateOf seeds, checks or forgets an instance's states, when it is not held. The error is a movedError where the
// instance is elsewhere.
func (a *Agent) stateOf(ctx context.Context, method string, query url.Values) (answer ofAnswer, err error) {
	epoch, err := strconv.ParseInt(query.Get("epoch"), 10, 64)
	if err != nil {
		return answer, err
	}
	one, err := a.residents.find(query.Get("id"))
	if err != nil {
		return answer, err
	}
	key, prefix := query.Get("key"), query.Get("prefix")
	if method == http.MethodPut {
		if err := checkStateKey(key); err != nil {
			return answer, err
		}
		a.residents.note(key, one) // also where it is elsewhere: who comes here first is sent there
	}
	switch method {
	case http.MethodPut:
		if err := one.enter(ctx, epoch, nil); err != nil {
			return answer, err
		}
		defer one.leave()
		return answer, a.seedOf(ctx, one, key, query.Get("bytes"))
	case http.MethodGet:
		var v value
		if err := one.now(epoch, func() (err error) { v, err = a.states.get(key + one.suffix()); return err }); err != nil {
			return answer, err
		}
		defer v.content.release()
		found, err := a.examine(ctx, key, v)
		return ofAnswer{State: &found}, err
	case http.MethodDelete:
		err := a.forgetNow(one, epoch, prefix)
		answer.Gone = one.wentTo()
		return answer, err
	}
	return answer, fmt.Errorf("%s: want PUT, GET or DELETE", method)
}

// seedOf makes an instance's state of version 0.
func (a *Agent) seedOf(ctx context.Context, one *resident, key, bytes string) error {
	size, err := strconv.ParseInt(bytes, 10, 64)
	if err != nil || size < 0 || size > maxBody {
		return fmt.Errorf("bytes: want a size from 0 to %d", maxBody)
	}
	content, err := a.pools.take(ctx, size)
	if err == nil {
		err = a.states.begin(key+one.suffix(), content)
	}
	if err != nil {
		return fmt.Errorf("state %s: %w", key, err)
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	one.keys[key] = true
	return nil
}
