package function

import (
	"errors"
	"net/http"
	"testing"

	"testbed/emulator/faas/dapr"
)

// asking is a state request with the headers of an invocation, "": with none.
func asking(t *testing.T, id string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if id != "" {
		r.Header.Set("Ce-Id", id)
		r.Header.Set("Traceparent", traceparent(id))
	}
	return r
}

// TestLeft: an invocation for which nobody waits counts as long as the function works at it, and an instance in which
// there are no others takes no more.
func TestLeft(t *testing.T) {
	var s sessions
	states := map[string]*dapr.Session{}
	begin := func(id string) *underWay {
		states[id] = &dapr.Session{}
		return s.begin(&Invocation{ID: id, State: states[id]})
	}
	a, b := begin("a"), begin("b")
	if s.leave(a) {
		t.Error("the instance is to end, though b is waited for")
	}
	if got, err := s.find(asking(t, "")); !errors.Is(err, errMany) {
		t.Errorf("whose it is is not known, and it gets %v, %v", got, err)
	}
	if got, err := s.find(asking(t, "b")); got != states["b"] {
		t.Error(err)
	}
	c := begin("c")
	if s.end(b) || s.leave(b) {
		t.Error("the instance is to end, though c is waited for")
	}
	if !s.end(c) {
		t.Error("the instance is not to end, though a is left alone")
	}
	if begin("d") != nil {
		t.Error("an invocation begins in an instance that is to end")
	}
	s = sessions{}
	if s.end(begin("e")) || s.end(begin("f")) {
		t.Error("an instance without work is to end")
	}
	if !s.leave(begin("g")) {
		t.Error("an instance is not to end, whose only caller has gone")
	}
}
