package resolved

import (
	"os"
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// payloadBytes are the files that clients' nodes have for programs' arguments from a model's first chain to its last:
// of each function as many, the largest, as the client has invocations of it. Of files that cannot be read that is told
// elsewhere.
func (e *Scenario) payloadBytes(plans []*plan.Plan) map[topology.ID]int64 {
	type use struct {
		client   topology.ID
		function string
	}
	calls := map[use]int{}
	for _, p := range plans {
		for i := range p.Invocations {
			if f := e.program(p.Invocations[i].Function); f != nil && f.Payload != "" {
				calls[use{p.Client, f.Name}]++
			}
		}
	}
	sums := map[topology.ID]int64{}
	sizes := map[string][]int64{}
	for of, n := range calls {
		if _, known := sizes[of.function]; !known {
			sizes[of.function] = e.payloadSizes(of.function)
		}
		sums[of.client] = units.Add(sums[of.client], largest(slices.Clone(sizes[of.function]), n))
	}
	return sums
}

// payloadSizes are the sizes of the files that a function gets as arguments.
func (e *Scenario) payloadSizes(function string) (all []int64) {
	f := e.program(function)
	if f == nil {
		return nil
	}
	files, err := e.Source.Payloads(f)
	if err != nil {
		return nil
	}
	for _, path := range files {
		if info, err := os.Stat(path); err == nil {
			all = append(all, info.Size())
		}
	}
	return all
}
