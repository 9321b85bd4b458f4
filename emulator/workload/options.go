package workload

import (
	"fmt"

	"testbed/emulator/internal/minstd"
)

// MaxOps is the number of operations of a task above which they are not told apart.
const MaxOps = 1 << 62

// Factors turn a trace's figures into sizes.
type Factors struct {
	Ops      float64 // operations per second of one core in the trace
	Argument float64 // bytes of argument per percent of a machine's memory
	State    float64 // bytes of state per percent of a machine's memory
}

// Shape says what becomes of a trace's job, which is a DAG.
type Shape string

// The shapes of jobs.
const (
	ShapeChain Shape = "chain" // a line of its tasks, as in the study
	ShapeDAG   Shape = "dag"   // its tasks wait for those that the trace says
)

// Stateless says what becomes of jobs without a state.
type Stateless string

// What becomes of jobs without a state; the empty word leaves it to the format: one that knows states drops them.
const (
	KeepStateless Stateless = "keep"
	DropStateless Stateless = "drop"
)

// Keep says whether jobs without a state are jobs, where the trace's format knows states or none.
func (s Stateless) Keep(states bool) bool { return s == KeepStateless || s == "" && !states }

// Extent says which of a job's tasks are invoked.
type Extent string

// The extents of jobs.
const (
	Reached Extent = "reached" // those that task 1 leads to, as in the study; what they wait for besides is a state
	All     Extent = "all"     // every task; nothing is a state
)

// Options say how jobs are made from a trace.
type Options struct {
	Shape     Shape  // empty: ShapeChain
	Tasks     Extent // empty: Reached
	Stateless Stateless
	Factors   Factors
	Functions int    // how many functions there are, all equally likely; 0 counts as 1
	Seed      uint64 // of the draw of functions
}

// DefaultOptions are those of the study: 10 functions, factors 1e5, 1e6 and 1e6, seed 0.
func DefaultOptions() Options {
	return Options{Factors: Factors{Ops: 1e5, Argument: 1e6, State: 1e6}, Functions: 10}
}

// FunctionName is the name of function i: f0, f1 ...
func FunctionName(i int) string { return fmt.Sprintf("f%d", i) }

// FunctionNames lists the names of n functions.
func FunctionNames(n int) []string {
	names := make([]string, max(n, 1))
	for i := range names {
		names[i] = FunctionName(i)
	}
	return names
}

// Select draws about n of the pool's jobs as the published simulator does: each job, in order, is kept
// with the probability n/len(pool), by the engine seeded with seed. The jobs are not copied deeply.
func Select(pool []Job, n int, seed uint64) []Job {
	var kept []Job
	for _, i := range SelectIndexes(len(pool), n, seed) {
		kept = append(kept, pool[i])
	}
	return kept
}

// SelectIndexes is Select for those that need only which jobs of a pool of the given size are kept.
func SelectIndexes(pool, n int, seed uint64) []int {
	engine := minstd.New(seed)
	share := float64(n) / float64(pool)
	var kept []int
	for i := range pool {
		if engine.Real(0, 1) < share {
			kept = append(kept, i)
		}
	}
	return kept
}
