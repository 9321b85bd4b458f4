package replay

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/internal/sleep"
)

// run is what one call of start saw, in time since the beginning.
type run struct {
	chain           int
	due, begin, end time.Duration // due -1: at once
}

// drive runs an arrival process under synctest's clock; chains take what hold says.
func drive(
	t *testing.T, a Arrival, jobs []int, limit time.Duration, hold func(chain int) time.Duration,
) (runs []run, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		base := time.Now()
		var mu sync.Mutex
		a.Drive(ctx, jobs, func(ctx context.Context, i int, due time.Time) {
			r := run{chain: i, due: -1}
			if !due.IsZero() {
				r.due = due.Sub(base)
				sleep.Until(ctx, due)
			}
			r.begin = time.Since(base)
			sleep.Until(ctx, time.Now().Add(hold(i)))
			r.end = time.Since(base)
			mu.Lock()
			defer mu.Unlock()
			runs = append(runs, r)
		})
		took = time.Since(base)
	})
	slices.SortFunc(runs, func(a, b run) int { return a.chain - b.chain })
	return runs, took
}

func second(int) time.Duration { return time.Second }

func TestSequential(t *testing.T) {
	runs, took := drive(t, Sequential{}, []int{7, 8, 9}, time.Hour, second)
	for i, r := range runs {
		if r.chain != i || r.begin != time.Duration(i)*time.Second || r.due != -1 {
			t.Errorf("%+v", r)
		}
	}
	if len(runs) != 3 || took != 3*time.Second {
		t.Errorf("%d runs took %v", len(runs), took)
	}
}

func TestSequentialEndsWithItsContext(t *testing.T) {
	runs, took := drive(t, Sequential{}, make([]int, 10), 2500*time.Millisecond, second)
	if len(runs) != 3 || took != 2500*time.Millisecond {
		t.Errorf("%d runs took %v", len(runs), took)
	}
}

func TestConcurrent(t *testing.T) {
	// Three users and chains of 1, 2, 3, 4, 5, 6, 7 s: they begin as users become free.
	hold := func(i int) time.Duration { return time.Duration(i+1) * time.Second }
	runs, took := drive(t, Concurrent{3}, make([]int, 7), time.Hour, hold)
	var begins []int
	for _, r := range runs {
		begins = append(begins, int(r.begin/time.Second))
	}
	if want := []int{0, 0, 0, 1, 2, 3, 5}; !slices.Equal(begins, want) && len(runs) == 7 {
		// Which of the first three users gets which chain is open; the times at which users become free are not.
		slices.Sort(begins)
		if !slices.Equal(begins, want) {
			t.Errorf("chains begin at %v, want %v", begins, want)
		}
	}
	if took != 12*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestConcurrentEndsWithItsContext(t *testing.T) {
	runs, took := drive(t, Concurrent{2}, make([]int, 100), 1500*time.Millisecond, second)
	if len(runs) != 4 || took != 1500*time.Millisecond {
		t.Errorf("%d runs took %v", len(runs), took)
	}
	runs, _ = drive(t, Concurrent{0}, make([]int, 2), time.Hour, second)
	if len(runs) != 2 || runs[1].begin != time.Second {
		t.Errorf("no users: %+v", runs)
	}
}

func TestTrace(t *testing.T) {
	// By job: the trace need not be in order, and begins at 100 s.
	times := []time.Duration{130 * time.Second, 100 * time.Second, 110 * time.Second, 0}
	runs, took := drive(t, Trace{Times: times, SpeedUp: 10}, []int{0, 1, 2}, time.Hour, second)
	for i, want := range []time.Duration{3 * time.Second, 0, time.Second} {
		if r := runs[i]; r.begin != want+lead || r.due != r.begin {
			t.Errorf("chain %d begins at %v (due at %v), want %v after the lead", i, r.begin, r.due, want)
		}
	}
	if took != lead+4*time.Second {
		t.Errorf("it took %v", took)
	}
	runs, _ = drive(t, Trace{Times: times, SpeedUp: 10, Kept: true}, []int{0, 1, 2}, time.Hour, second)
	for i, want := range []time.Duration{13 * time.Second, 10 * time.Second, 11 * time.Second} {
		if r := runs[i]; r.begin != want+lead {
			t.Errorf("with times that are kept chain %d begins at %v, want %v after the lead", i, r.begin, want)
		}
	}
	if runs, _ := drive(t, Trace{}, nil, time.Hour, second); len(runs) != 0 {
		t.Error("chains out of nothing")
	}
}

func TestOpenLoopDoesNotWaitForChains(t *testing.T) {
	times := make([]time.Duration, 50)
	for i := range times {
		times[i] = time.Duration(i) * 10 * time.Millisecond
	}
	jobs := make([]int, 50)
	for i := range jobs {
		jobs[i] = i
	}
	runs, took := drive(t, Trace{Times: times}, jobs, time.Hour, second)
	if len(runs) != 50 || took != lead+490*time.Millisecond+time.Second {
		t.Errorf("%d runs took %v", len(runs), took)
	}
	runs, took = drive(t, Trace{Times: times}, jobs, 200*time.Millisecond, second)
	if len(runs) == 0 || len(runs) >= 50 || took != 200*time.Millisecond {
		t.Errorf("after an interruption: %d runs took %v", len(runs), took)
	}
}

func TestPoisson(t *testing.T) {
	jobs := make([]int, 2000)
	p := Poisson{Rate: 4, Seed: 1}
	runs, _ := drive(t, p, jobs, 10*time.Hour, second)
	again, _ := drive(t, p, jobs, 10*time.Hour, second)
	if !slices.Equal(runs, again) {
		t.Error("the same seed gives other times")
	}
	other, _ := drive(t, Poisson{Rate: 4, Seed: 2}, jobs, 10*time.Hour, second)
	if slices.Equal(runs, other) {
		t.Error("another seed gives the same times")
	}
	// Exponential: mean and standard deviation of the gaps are both 1/rate.
	var sum, squares float64
	for i := 1; i < len(runs); i++ {
		gap := (runs[i].begin - runs[i-1].begin).Seconds()
		if gap < 0 {
			t.Fatalf("chain %d begins before the one before", i)
		}
		sum += gap
		squares += gap * gap
	}
	n := float64(len(runs) - 1)
	mean, deviation := sum/n, math.Sqrt(squares/n-sum/n*sum/n)
	if math.Abs(mean-0.25) > 0.02 || math.Abs(deviation-0.25) > 0.03 {
		t.Errorf("mean gap %v s, deviation %v s; want 0.25 s each", mean, deviation)
	}
}
