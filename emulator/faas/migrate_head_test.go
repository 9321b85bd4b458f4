package faas

import (
	"fmt"
	"math"
	"testing"
	"time"

	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// What says which states come, by round, is of about the size that moves are predicted with, by both methods, of one
// state as of a thousand.
func TestHeadsAreAsPredicted(t *testing.T) {
	for _, method := range []string{StopAndCopy, PreCopy} {
		for _, states := range []int{1, 1000} {
			b := newBrokenOf(t, time.Minute, goPrograms(counter))
			one := NameInstances("run/in-function/", countingPrograms(t, b, 1))[0]
			if err := b.client(1).Declare(t.Context(), []Stateful{one}); err != nil {
				t.Fatal(err)
			}
			for k := range states {
				key := fmt.Sprintf("20261130-220531-abcd/in-function/%d/0", k)
				if err := SeedAt(t.Context(), b.client, 1, one.ID, key, 100); err != nil {
					t.Fatal(err)
				}
			}
			address := func(id topology.ID) string { return b.addr(id).String() }
			order := Move{ID: one.ID, To: 2, Address: address(2), Method: method}
			_, moved, err := MoveAt(t.Context(), b.client, address, one.Origin, order)
			if err != nil || moved.Undone != "" {
				t.Fatalf("%v, %+v", err, moved)
			}
			for i, r := range moved.Rounds {
				want := predict.MoveHead + r.States*predict.MoveState
				if i == len(moved.Rounds)-1 {
					want += states * predict.MoveKey
				}
				if off := math.Abs(float64(r.Head) - float64(want)); off > predict.MoveHead+0.05*float64(want) {
					t.Errorf("%s of %d states, round %d: %d states with a head of %d bytes, predicted %d", method, states, i,
						r.States, r.Head, want)
				}
			}
		}
	}
}
