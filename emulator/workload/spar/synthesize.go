package spar

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// MeanInterarrival is the mean time between jobs, in seconds: an hour of the real trace holds 16,749.
const MeanInterarrival = 3600.0 / 16749

// Synthesize draws a trace of the given number of jobs as Spår does (values of cpu and mem are the right edges of the
// tables' bins, which is where real ones are), with Poisson arrivals at the mean
// rate of the real trace. One seed always gives the same trace, and a longer one begins with a shorter.
func Synthesize(jobs int, seed uint64) *Trace {
	trace := &Trace{Name: fmt.Sprintf("spar-%d", seed)}
	tables, err := published()
	if err != nil {
		panic(err) // the embedded table is broken, which a test excludes
	}
	random := rand.New(rand.NewPCG(seed, 0x73706172)) // a stream of its own beside other draws of the seed
	arrival := 0.0
	for n := 1; n <= jobs; n++ {
		arrival += float64(random.ExpFloat64() * MeanInterarrival) // not fused: the same on every machine
		job := tables.job(random)
		job.Number = n
		job.Arrival = time.Duration(math.Round(arrival*1e6)) * time.Microsecond
		trace.Rows += len(job.Tasks)
		trace.Jobs = append(trace.Jobs, job)
	}
	return trace
}

// job draws the DAG and figures of one job. Tasks are numbered level by level.
func (d *distributions) job(random *rand.Rand) Job {
	n := max(drawInteger(d.tasks, random), 1)
	parents := d.dag(n, random)
	job := Job{Tasks: make([]Task, n)}
	for i := range job.Tasks {
		job.Tasks[i] = Task{
			Label:    &Label{Name: taskName(i+1, parents[i]), Number: i + 1, Precedences: parents[i]},
			Duration: float64(drawInteger(d.duration, random)),
			Demand: &Demand{
				CPU:       d.cpu.edge(random.Float64()),
				Mem:       d.mem.edge(random.Float64()),
				Instances: max(drawInteger(d.instances, random), 1),
			},
		}
	}
	return job
}

// dag draws the dependencies of n tasks: the numbers, from 1, of those that each waits for, ascending.
func (d *distributions) dag(n int, random *rand.Rand) [][]int {
	parents := make([][]int, n)
	if n == 1 {
		return parents
	}
	length := min(max(drawInteger(d.length[min(n, maxLengthKey)], random), 1), n)
	size := d.levels(n, length, random)
	for first, l := 0, 0; l+1 < length; l++ {
		next := first + size[l]
		children := min((3*size[l+1]+4*size[l]-1)/(4*size[l]), size[l+1]) // ceil(3/4 · |next| / |this|)
		for parent := first; parent < next; parent++ {
			for _, child := range random.Perm(size[l+1])[:children] {
				parents[next+child] = append(parents[next+child], parent+1) // ascending
			}
		}
		first = next
	}
	return parents
}

// levels distributes n tasks over the levels of a critical path: one on each, and the rest as drawn.
func (d *distributions) levels(n, length int, random *rand.Rand) []int {
	size := make([]int, length)
	for l := range size {
		size[l] = 1
	}
	table := d.level[min(length, maxLevelKey)]
	for range n - length {
		size[min(max(drawInteger(table, random), 1), length)-1]++
	}
	return size
}

// drawInteger draws a whole number: the tables' bins end at whole numbers, and what is negative means 0.
func drawInteger(d *distribution, random *rand.Rand) int {
	return int(max(math.Ceil(d.draw(random)), 0))
}

// taskName writes kind, number and precedences: M for a task that waits for none, R for one, J for more.
func taskName(number int, precedences []int) string {
	kind := "M"
	switch {
	case len(precedences) == 1:
		kind = "R"
	case len(precedences) > 1:
		kind = "J"
	}
	parts := []string{kind + strconv.Itoa(number)}
	for _, p := range precedences {
		parts = append(parts, strconv.Itoa(p))
	}
	return strings.Join(parts, "_")
}
