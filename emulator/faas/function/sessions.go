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
// function that hands it on with spans of its own still tells to which invocation a state request belongs. The trace's
// last bytes follow from the others, so that one is known for an invocation's when that is long over.
func traceparent(id string) string {
	sum := sha256.Sum256([]byte(id))
	seal := sha256.Sum256(sum[:sealed])
	copy(sum[sealed:traceBytes], seal[:])
	return "00-" + hex.EncodeToString(sum[:traceBytes]) + "-" + hex.EncodeToString(sum[traceBytes:traceBytes+8]) + "-01"
}

// Bytes of a trace, and of those that others follow from.
const (
	traceBytes = 16
	sealed     = 12
)

// given says whether a trace is one that traceparent gave to an invocation.
func given(trace string) bool {
	bytes, err := hex.DecodeString(trace)
	if err != nil || len(bytes) != traceBytes {
		return false
	}
	seal := sha256.Sum256(bytes[:sealed])
	return string(bytes[sealed:]) == string(seal[:traceBytes-sealed])
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
	if !one.ended {
		one.left = true
		s.left++
	}
	return s.deserted()
}

// end ends what begin has begun. It says whether the instance is to end.
func (s *sessions) end(one *underWay) bool {
	s.mu.Lock()
	delete(s.all, one.trace)
	s.count--
	one.ended = true
	if one.left {
		s.left--
	}
	return s.deserted()
}

// deserted says whether the instance is to end: nobody waits for any of those that are under way. The caller
// holds mu, and no more after it.
func (s *sessions) deserted() bool {
	s.over = s.over || s.left > 0 && s.left == s.count
	over := s.over
	s.mu.Unlock()
	return over
}

// What a function is told of a state request that belongs to no invocation.
var (
	errNone = errors.New("no invocation is under way in this instance: states are read and written while one lasts")
	errMany = errors.New("several invocations are under way in this instance: " +
		"send the invocation's traceparent or ce-id with the request")
	errOver = errors.New("the invocation whose traceparent or ce-id this request has is not under way in this instance: " +
		"read and write state before the function answers")
)

// find is the session of a request: that of the invocation whose trace or ID it bears, or of the only one, where it
// bears none. What an invocation asks that is over never reaches another one's states.
func (s *sessions) find(r *http.Request) (*dapr.Session, error) {
	trace, id := traceOf(r.Header.Get("Traceparent")), r.Header.Get("Ce-Id")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, trace := range []string{trace, traceOf(traceparent(id))} {
		if one := s.all[trace]; one != nil {
			return one, nil
		}
	}
	if id != "" || given(trace) {
		return nil, errOver
	}
	for _, only := range s.all {
		if len(s.all) == 1 && only != nil {
			return only, nil
		}
		return nil, errMany
	}
	return nil, errNone
}
