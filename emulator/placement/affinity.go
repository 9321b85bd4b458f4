package placement

import (
	"math"
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Affinity is the kind of processor that a function needs and a node has.
type Affinity uint8

// The affinities, in the order in which functions are assigned to them.
const (
	CPU Affinity = iota
	GPU
)

func (a Affinity) String() string {
	if a == GPU {
		return "gpu"
	}
	return "cpu"
}

// AffinityOf is a host's affinity, where the hosts of the model gpu have the GPUs.
func AffinityOf(host *topology.Vertex, gpu string) Affinity {
	if gpu == "" {
		gpu = DefaultGPU
	}
	if host.Model == gpu {
		return GPU
	}
	return CPU
}

// AssignAffinities gives each function an affinity, in proportion to the sums of the nodes' speeds:
// with the functions in the order of their names, CPU takes the first round(n · share), GPU as many
// after those. What rounding leaves over goes to the affinity with the largest sum.
func AssignAffinities(functions []string, sums [2]float64) map[string]Affinity {
	sorted := slices.Sorted(slices.Values(functions))
	sorted = slices.Compact(sorted)
	affinities := make(map[string]Affinity, len(sorted))
	next := 0
	for a, sum := range sums {
		count := math.Round(float64(len(sorted)) * sum / (sums[0] + sums[1]))
		for ; count >= 1 && next < len(sorted); count-- {
			affinities[sorted[next]] = Affinity(a)
			next++
		}
	}
	largest := CPU
	if sums[GPU] > sums[CPU] {
		largest = GPU
	}
	for ; next < len(sorted); next++ {
		affinities[sorted[next]] = largest
	}
	return affinities
}

// functionNames lists the functions f0 ... of the given number and those that the jobs name besides.
func functionNames(jobs []workload.Job, n int) []string {
	var names []string
	if n > 0 {
		names = workload.FunctionNames(n)
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	for i := range jobs {
		for j := range jobs[i].Tasks {
			if name := jobs[i].Tasks[j].Function; !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
