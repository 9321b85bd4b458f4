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

// TestOver: what an invocation asks that is over is refused, and does not reach the states of another one.
func TestOver(t *testing.T) {
	var s sessions
	a, b := &dapr.Session{}, &dapr.Session{}
	first := s.begin(&Invocation{ID: "run/m/0/1", State: a})
	s.begin(&Invocation{ID: "run/m/1/1", State: b})
	late, byID, byTrace := asking(t, "run/m/0/1"), asking(t, "run/m/0/1"), asking(t, "run/m/0/1")
	byID.Header.Del("Traceparent")
	byTrace.Header.Del("Ce-Id")
	span := asking(t, "") // handed on with a span of the function's own
	span.Header.Set("Traceparent", "00-"+traceOf(traceparent("run/m/0/1"))+"-00f067aa0ba902b7-01")
	all := []*http.Request{late, byID, byTrace, span}
	for i, r := range all {
		if got, err := s.find(r); got != a {
			t.Errorf("request %d while it lasts: %v", i, err)
		}
	}
	s.end(first)
	for i, r := range all {
		if got, err := s.find(r); !errors.Is(err, errOver) {
			t.Errorf("request %d after its answer: %v, %v", i, got, err)
		}
	}
	foreign := asking(t, "")
	foreign.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	for i, r := range []*http.Request{asking(t, ""), foreign, asking(t, "run/m/1/1")} {
		if got, err := s.find(r); got != b {
			t.Errorf("request %d to the only one: %v", i, err)
		}
	}
}
