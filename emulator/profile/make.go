package profile

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"testbed/emulator/internal/quantile"
)

// Sample is one invocation that was measured.
type Sample struct {
	Job      string
	Task     int // its index in the job
	Function string
	Argument int64 // bytes
	Result   int64 // bytes
	Duration time.Duration
	States   []State // in the order of the states that the task names
}

// Make puts together what was measured: samples in the order of their execution, and, by function, how long its
// instances took to start. The result depends on nothing else.
func Make(about About, samples []Sample, starts map[string][]time.Duration) *Profile {
	about.Format = Format
	p := &Profile{About: about}
	byFunction := map[string][]Sample{}
	for _, s := range samples {
		byFunction[s.Function] = append(byFunction[s.Function], s)
	}
	for _, name := range slices.Sorted(maps.Keys(byFunction)) {
		f := Function{Name: name, Invocations: len(byFunction[name]), Inputs: inputs(byFunction[name])}
		if of := starts[name]; len(of) > 0 {
			d := distribution(of)
			f.Starts = &d
		}
		p.Functions = append(p.Functions, f)
	}
	p.Tasks = tasks(samples)
	return p
}

// inputs groups invocations of one function by the size of their argument. Where there are more sizes than a profile
// holds, neighbours of about equal number share one.
func inputs(samples []Sample) []Input {
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Argument, b.Argument) })
	sizes := map[int64]bool{}
	for _, s := range samples {
		sizes[s.Argument] = true
	}
	least := 1
	if len(sizes) > maxInputs {
		least = (len(samples) + maxInputs - 1) / maxInputs
	}
	var all []Input
	for len(samples) > 0 {
		n := min(least, len(samples))
		for n < len(samples) && samples[n].Argument == samples[n-1].Argument {
			n++
		}
		all = append(all, input(samples[:n]))
		samples = samples[n:]
	}
	return all
}

// input is what invocations of similar arguments have in common.
func input(samples []Sample) Input {
	in := Input{
		Invocations: len(samples), States: states(samples),
		Argument: median(samples, func(s Sample) int64 { return s.Argument }),
		Result:   median(samples, func(s Sample) int64 { return s.Result }),
	}
	durations := make([]time.Duration, len(samples))
	for i, s := range samples {
		durations[i] = s.Duration
	}
	in.Duration = distribution(durations)
	return in
}

// tasks are the medians of each task of a job, in the order of their first samples.
func tasks(samples []Sample) []Task {
	type key struct {
		job  string
		task int
	}
	var order []key
	of := map[key][]Sample{}
	for _, s := range samples {
		k := key{s.Job, s.Task}
		if of[k] == nil {
			order = append(order, k)
		}
		of[k] = append(of[k], s)
	}
	all := make([]Task, 0, len(order))
	for _, k := range order {
		same := of[k]
		all = append(all, Task{
			Job: k.job, Task: k.task, Function: same[0].Function, States: states(same),
			Argument: median(same, func(s Sample) int64 { return s.Argument }),
			Result:   median(same, func(s Sample) int64 { return s.Result }),
			Duration: time.Duration(median(same, func(s Sample) int64 { return int64(s.Duration) })),
		})
	}
	return all
}

// states are the medians of each state, by position; of a position that only some have, of those that have it.
func states(samples []Sample) []State {
	var all []State
	for k := 0; ; k++ {
		with := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return k >= len(s.States) })
		if len(with) == 0 {
			return all
		}
		all = append(all, State{
			Read:    median(with, func(s Sample) int64 { return s.States[k].Read }),
			Written: median(with, func(s Sample) int64 { return s.States[k].Written }),
		})
	}
}

// median is the lower one: a size that was seen.
func median(samples []Sample, of func(Sample) int64) int64 {
	values := make([]int64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

func distribution(of []time.Duration) Distribution {
	sorted := slices.Sorted(slices.Values(of))
	at := func(p float64) time.Duration { return quantile.Nearest(sorted, p) }
	return Distribution{
		Count: len(sorted), Min: sorted[0], P5: at(0.05), P25: at(0.25), Median: sorted[(len(sorted)-1)/2],
		P75: at(0.75), P95: at(0.95), Max: sorted[len(sorted)-1],
	}
}
