package spread

import (
	"errors"
	"strings"
	"testing"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/noderuntime/remote"
)

func TestFloorsAreMeasured(t *testing.T) {
	list := []machines.Machine{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	agents := map[string]remote.Opener{"a": newLocal(t.TempDir()), "b": newLocal(t.TempDir()), "c": newLocal(t.TempDir())}
	at := func(id string) remote.Opener { return agents[id] }
	here := func(string) string { return "127.0.0.1" }
	floors, err := Floors(t.Context(), list, at, here)
	if err != nil || len(floors) != 3 {
		t.Fatalf("%v, %v", floors, err)
	}
	p := machines.Partition{Machines: list, Pairs: floors}
	for a := range list {
		for b := range list {
			if a == b {
				continue
			}
			if f := p.FloorOf(a, b); f < Margin || f > Margin+time.Second || f%step != 0 {
				t.Errorf("%d to %d: %v", a, b, f)
			}
		}
	}
	if got := floorOf(10 * time.Millisecond); got != 5900*time.Microsecond {
		t.Errorf("half of 10 ms and the margin: %v", got)
	}
	if floors, err := Floors(t.Context(), list[:1], at, here); len(floors) > 0 || err != nil {
		t.Errorf("a machine alone: %v, %v", floors, err)
	}
	agents["b"] = gone{}
	_, err = Floors(t.Context(), list, at, here)
	if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "machine b") {
		t.Errorf("without an agent: %v", err)
	}
}
