package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Poisson is an open loop whose chains begin in the workload's order and at random, independently of
// each other: the times between them are exponentially distributed.
type Poisson struct {
	Rate float64 // chains/s, above 0
	Seed uint64  // of the times: the same for every model
}

func (p Poisson) String() string { return fmt.Sprintf("poisson, %g chains/s, seed %d", p.Rate, p.Seed) }

// Connections implements Arrival.
func (p Poisson) Connections() int { return openConnections }

// Alone implements Arrival.
func (Poisson) Alone() bool { return false }

// Alive takes chains that begin evenly, and twice as many, for they come in bursts.
func (p Poisson) Alive(jobs []int, overlapping func([]float64) int) int {
	due := make([]float64, len(jobs))
	for i := range due {
		due[i] = float64(i) / max(p.Rate, 1e-9)
	}
	return min(2*overlapping(due), len(jobs))
}

// Drive implements Arrival.
func (p Poisson) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	OpenLoop(ctx, p.Due(jobs), start)
}

// Due implements Timed.
func (p Poisson) Due(jobs []int) []time.Duration {
	random := rand.New(rand.NewPCG(p.Seed, 0))
	due := make([]time.Duration, len(jobs))
	var at float64
	for i := range due {
		at += random.ExpFloat64() / p.Rate
		due[i] = time.Duration(at * 1e9)
	}
	return due
}
