package userspace

import (
	"testing"
	"time"

	"testbed/emulator/internal/runkey"
	"testbed/emulator/topology"
)

// Who is to talk with others, or by another key, has a network of another structure: no change of its state does.
func TestAnotherPartIsAnotherStructure(t *testing.T) {
	n, p := line(t, topology.Shape{Delay: time.Millisecond})
	key := runkey.New()
	of := func(key runkey.Key, addresses ...string) fingerprint {
		t.Helper()
		s, err := stateOfPart(n, &Part{Partition: *p, Addresses: addresses, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return s.Structure
	}
	was := of(key, "x:1", "y:1")
	if was != of(key, "", "y:1") {
		t.Error("its own address is no other part")
	}
	if was == of(runkey.New(), "x:1", "y:1") {
		t.Error("another key, and the same structure")
	}
	if was == of(key, "x:1", "y:2") {
		t.Error("another address, and the same structure")
	}
	table, err := newPart(n, nil, (&Part{Partition: *p, Addresses: []string{"x:1", "y:1"}, Key: key}).request())
	if err != nil || table.structure != was {
		t.Errorf("the table is of another structure than what is asked for: %v", err)
	}
}
