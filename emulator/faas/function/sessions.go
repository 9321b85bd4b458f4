package function

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// traceparent is the trace context of an invocation, W3C's, made of its ID: each has a trace of its own, so that a
// function that hands it on with spans of its own still tells to which invocation a state request belongs.
func traceparent(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "00-" + hex.EncodeToString(sum[:16]) + "-" + hex.EncodeToString(sum[16:24]) + "-01"
}

// traceOf is the trace in a trace context; empty: there is none.
func traceOf(context string) string {
	if fields := strings.Split(context, "-"); len(fields) >= 4 {
		return fields[1]
	}
	return ""
}

// sessions are the invocations under way in one instance, and the handler of the state requests that they make.
type sessions struct {
	mu  sync.Mutex
	all map[string]*session // by trace
}

type session struct {
	id    string
	state http.Handler // nil: the invocation has none
	using sync.WaitGroup
	over  bool
}

// begin makes a state request reach the invocation, until the function that it returns is called. That waits for
// requests under way: afterwards nothing changes the invocation's states any more.
func (s *sessions) begin(i *Invocation) (end func()) {
	trace := traceOf(traceparent(i.ID))
	one := &session{id: i.ID, state: i.State}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*session{}
	}
	s.all[trace] = one
	return func() {
		s.mu.Lock()
		delete(s.all, trace)
		one.over = true
		s.mu.Unlock()
		one.using.Wait()
	}
}

// ServeHTTP is the instance's Dapr sidecar.
func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one, status, code, reason := s.find(r.Header)
	if one == nil {
		refuse(w, status, code, reason)
		return
	}
	defer one.using.Done()
	one.state.ServeHTTP(w, r)
}

// find is the session of a request, which is in use until its using is done; or why there is none.
func (s *sessions) find(h http.Header) (one *session, status int, code, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one = s.all[traceOf(h.Get("Traceparent"))]; one == nil {
		if id := h.Get("Ce-Id"); id != "" {
			one = s.all[traceOf(traceparent(id))]
		}
	}
	if one == nil && len(s.all) == 1 {
		for _, only := range s.all {
			one = only
		}
	}
	switch {
	case one == nil && len(s.all) == 0:
		return nil, http.StatusConflict, "ERR_NO_INVOCATION",
			"no invocation is under way in this instance: states are read and written while one lasts"
	case one == nil:
		return nil, http.StatusConflict, "ERR_AMBIGUOUS_INVOCATION",
			"several invocations are under way in this instance: send the invocation's traceparent or ce-id with the request"
	case one.state == nil:
		return nil, http.StatusNotImplemented, "ERR_STATE_STORE_NOT_CONFIGURED", "this function has no state here"
	}
	one.using.Add(1)
	return one, 0, "", ""
}

// refuse answers with an error as Dapr does.
func refuse(w http.ResponseWriter, status int, code, reason string) {
	text, _ := json.Marshal(map[string]string{"errorCode": code, "message": reason}) // strings: it cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the function sees a broken connection by itself
}
