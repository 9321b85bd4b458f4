package orchestrator

import (
	"errors"
	"strings"
	"testing"
)

// The reason of a run's end is that the testbed was taken down, not that its first node died.
func TestWatchSaysWhatHasHappened(t *testing.T) {
	m, h, b := newMachine(t)
	watched := make(chan error, 1)
	go func() { watched <- b.Watch(t.Context()) }()
	if err := h.Down(t.Context(), "one", nil); err != nil {
		t.Fatal(err)
	}
	err := b.Reason(t.Context(), <-watched)
	if !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "was taken down") {
		t.Errorf("watching while it is taken down: %v", err)
	}
	b, err = h.Up(t.Context(), requestFor(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	go func() { watched <- b.Watch(t.Context()) }()
	m.Kill("one", "server")
	err = b.Reason(t.Context(), <-watched)
	if err == nil || !strings.Contains(err.Error(), "node server of testbed one has died") {
		t.Errorf("watching while a node dies: %v", err)
	}
}

func TestStatusTellsTheTruth(t *testing.T) {
	m, h, _ := newMachine(t)
	expect := func(alive, paused int, problem string) {
		t.Helper()
		s := h.Status(t.Context(), "one")
		if s.Alive != alive || s.Paused != paused || s.Nodes != 3 || (problem == "") != (len(s.Problems) == 0) ||
			!strings.Contains(strings.Join(s.Problems, "\n"), problem) {
			t.Errorf("%+v; want %d alive, %d paused, %q", s, alive, paused, problem)
		}
	}
	expect(3, 0, "")
	m.Pause("one", "b")
	expect(3, 1, "")
	m.KillFabric("one")
	expect(3, 1, "the fabric: nothing carries the network")
	m.Kill("one", "a")
	expect(2, 1, "node a is dead")
	if err := m.Restart("one", "server"); err != nil {
		t.Fatal(err)
	}
	expect(1, 1, "node server is restarted")
}
