package hour

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"testbed/emulator/workload/spar"
)

// Resampling is the synthesizer's name in scenarios.
const Resampling = "resample"

// Resample draws a trace of so many jobs, whole and with replacement, from those of the hour whose tasks carry a DAG,
// so that a job's structure stays as it was. Arrivals are Poisson at the hour's mean rate. One seed always gives the
// same trace, and a longer one begins with a shorter.
func Resample(jobs int, seed uint64) (*spar.Trace, error) {
	of, err := Load()
	if err != nil {
		return nil, err
	}
	trace := &spar.Trace{Name: fmt.Sprintf("%s-%d", Resampling, seed)}
	random := rand.New(rand.NewPCG(seed, 0x686f7572)) // a stream of its own beside other draws of the seed
	arrival := 0.0
	for n := 1; n <= jobs; n++ {
		arrival += float64(random.ExpFloat64() * spar.MeanInterarrival) // not fused: the same on every machine
		job := of.Jobs[random.IntN(len(of.Jobs))]
		job.Number, job.Arrival = n, time.Duration(math.Round(arrival*1e6))*time.Microsecond
		trace.Rows += len(job.Tasks)
		trace.Jobs = append(trace.Jobs, job)
	}
	return trace, nil
}
