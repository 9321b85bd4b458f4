package instance

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLedgerIsFIFO: of those who wait, whoever came first is granted, or failed, first, whatever happens.
func TestLedgerIsFIFO(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 3))
		l := NewLedger[int](Limits{Max: 1 + r.IntN(4), Concurrency: 1 + r.IntN(3), KeepAlive: 50, Queue: 1 + r.IntN(20)})
		var now int64
		var waiting, starting, running []int // requests, instances, and instances by request
		do := func(a Actions[int]) {
			for _, g := range a.Grants {
				if len(waiting) == 0 || waiting[0] != g.Request {
					t.Fatalf("seed %d: %d is granted, %v wait", seed, g.Request, waiting)
				}
				waiting, running = waiting[1:], append(running, g.Instance)
			}
			for _, request := range a.Failed {
				if waiting[0] != request {
					t.Fatalf("seed %d: %d has failed, %v wait", seed, request, waiting)
				}
				waiting = waiting[1:]
			}
			starting = append(starting, a.Starts...)
			for _, id := range a.Stops {
				if slices.Contains(running, id) {
					t.Fatalf("seed %d: instance %d ends and is in use", seed, id)
				}
			}
		}
		take := func(from *[]int) int {
			i := r.IntN(len(*from))
			one := (*from)[i]
			*from = slices.Delete(*from, i, i+1)
			return one
		}
		for request := range 300 {
			now += int64(r.IntN(20))
			switch k := r.IntN(6); {
			case k < 2:
				waiting = append(waiting, request)
				a, admitted := l.Ask(now, request)
				if !admitted {
					waiting = waiting[:len(waiting)-1]
				}
				do(a)
			case k == 2 && len(starting) > 0:
				do(l.Ready(now, take(&starting)))
			case k == 3 && len(running) > 0:
				do(l.Release(now, take(&running)))
			case k == 4 && len(starting) > 0 && r.IntN(4) == 0:
				do(l.Failed(now, take(&starting)))
			case k == 5 && len(waiting) > 0 && r.IntN(3) == 0:
				if one := take(&waiting); !l.Withdraw(one) {
					t.Fatalf("seed %d: %d does not wait", seed, one)
				}
			default:
				do(l.Expire(now))
			}
		}
		for len(starting)+len(running) > 0 { // whoever waits is served in the end
			now++
			if len(starting) > 0 {
				do(l.Ready(now, take(&starting)))
			} else {
				do(l.Release(now, take(&running)))
			}
		}
		if len(waiting) > 0 {
			t.Fatalf("seed %d: %v wait for ever", seed, waiting)
		}
	}
}
