package function

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"sync"

	"testbed/emulator/faas/dapr"
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

// sessions are the invocations under way in one instance, with what each may read and write, by trace.
type sessions struct {
	mu  sync.Mutex
	all map[string]*dapr.Session
}

// begin makes a state request reach the invocation, until the function that it returns is called.
func (s *sessions) begin(i *Invocation) (end func()) {
	trace := traceOf(traceparent(i.ID))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*dapr.Session{}
	}
	s.all[trace] = i.State
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, trace)
	}
}

// What a function is told of a state request that belongs to no invocation.
var (
	errNone = errors.New("no invocation is under way in this instance: states are read and written while one lasts")
	errMany = errors.New("several invocations are under way in this instance: " +
		"send the invocation's traceparent or ce-id with the request")
)

// find is the session of a request: that of the invocation whose trace or ID it bears, or of the only one.
func (s *sessions) find(r *http.Request) (*dapr.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, trace := range []string{traceOf(r.Header.Get("Traceparent")), traceOf(traceparent(r.Header.Get("Ce-Id")))} {
		if one := s.all[trace]; one != nil {
			return one, nil
		}
	}
	for _, only := range s.all {
		if len(s.all) == 1 && only != nil {
			return only, nil
		}
		return nil, errMany
	}
	return nil, errNone
}
