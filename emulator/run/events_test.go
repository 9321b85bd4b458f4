package run

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/record"
)

const twoEvents = `events:
  - {at: 100ms, link: wire, down}
  - {at: 200ms, link: wire, up}
  - {at: 10m, link: wire, down}
`

// eventsOf are those of a run's manifest: played, failed, not reached.
func eventsOf(m *record.Manifest) (played, failed, missed int) {
	for _, e := range m.Events {
		switch {
		case e.Missed:
			missed++
		case e.Error != "":
			failed++
		default:
			played++
		}
	}
	return played, failed, missed
}

func TestEventsArePlayedForEachModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, twoEvents)
		b.step = 50 * time.Millisecond
		p := &steady{}
		b.player = func() (Player, error) { return p, nil }
		told := 0
		c.Event = func(record.Event) { told++ }
		o, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		m := concluded(t, o)
		if played, failed, missed := eventsOf(m); played != 4 || failed != 0 || missed != 2 || told != 6 {
			t.Errorf("%d played, %d failed, %d missed, %d told: %+v", played, failed, missed, told, m.Events)
		}
		e := m.Events[0]
		if e.Model != "external" || e.Scheduled != 0.1 || e.Actual != 0.101 || e.Took != 0.001 || e.Origin != "" {
			t.Errorf("%+v", e)
		}
		if p.restores != 2 || len(p.played) != 4 {
			t.Errorf("put back %d times after %q", p.restores, p.played)
		}
	})
}

func TestEventsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		player                 func() (Player, error)
		played, failed, missed int
	}{
		"each": {func() (Player, error) { return &steady{fail: errors.New("busy")}, nil }, 0, 4, 2},
		"putting back": {func() (Player, error) {
			return &steady{restored: errors.New("it was taken down")}, nil
		}, 4, 2, 2},
		"before they begin": {func() (Player, error) { return nil, errors.New("no network") }, 0, 2, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, config := newBed(t, twoEvents)
			b.step, b.player = 50*time.Millisecond, c.player
			o, err := Run(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			played, failed, missed := eventsOf(concluded(t, o))
			if played != c.played || failed != c.failed || missed != c.missed {
				t.Errorf("%s: %d played, %d failed, %d missed", name, played, failed, missed)
			}
		})
	}
}
