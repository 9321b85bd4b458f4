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
	mu    sync.Mutex
	all   map[string]*dapr.Session
	count int  // under way
	left  int  // of them, those for which nobody waits any more
	over  bool // the instance is to end, and none begins
}

// underWay is an invocation among them.
type underWay struct {
	trace       string
	left, ended bool
}

// begin makes a state request reach the invocation, until end; nil: the instance is to end.
func (s *sessions) begin(i *Invocation) *underWay {
	one := &underWay{trace: traceOf(traceparent(i.ID))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil
	}
	if s.all == nil {
		s.all = map[string]*dapr.Session{}
	}
	s.all[one.trace] = i.State
	s.count++
	return one
}

// leave notes that nobody waits for an invocation any more. It says whether the instance is to end.
func (s *sessions) leave(one *underWay) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !one.ended {
		one.left = true
		s.left++
	}
	return s.deserted()
}

// end ends what begin has begun. It says whether the instance is to end.
func (s *sessions) end(one *underWay) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, one.trace)
	s.count--
	one.ended = true
	if one.left {
		s.left--
	}
	return s.deserted()
}

// deserted says whether the instance is to end: nobody waits for any of those that are under way. The caller holds mu.
func (s *sessions) deserted() bool {
	s.over = s.over || s.left > 0 && s.left == s.count
	return s.over
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
