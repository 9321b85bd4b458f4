package profile

import (
	"cmp"
	"math"
	"slices"
	"time"

	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// Origin says what a program's argument is.
type Origin uint8

// The origins of arguments.
const (
	Builtin   Origin = iota // the function is no program
	Synthetic               // bytes of the size that the workload says
	Payload                 // files, whose sizes the workload does not say
	Previous                // the results of the tasks that it waits for; the workload's argument where there are none
)

// Coverage is what a profile knows of a workload's tasks whose functions are programs.
type Coverage struct {
	Tasks   int      // of programs
	Known   int      // that were measured themselves
	Beyond  int      // of the others, those whose argument is smaller or larger than any measured
	Missing []string // functions of which it knows nothing, ascending
}

// Measure notes at each task of a program what the profile tells of it, or nothing where it knows nothing of the
// function: what was measured of the task itself, or else the function's medians at the size of its argument. Between
// two sizes it interpolates linearly; what is beyond them is taken as the nearest.
//
// A duration is the function's median at that size in either case: that of a single invocation would have the host's
// noise of one moment. It is what a program takes on that host; no node's speed or load divides it.
func (p *Profile) Measure(jobs []workload.Job, origin func(function string) Origin) Coverage {
	var c Coverage
	functions, known := map[string]*Function{}, map[placeOf]*Task{}
	for i := range p.Functions {
		functions[p.Functions[i].Name] = &p.Functions[i]
	}
	for i := range p.Tasks {
		known[placeOf{p.Tasks[i].Job, p.Tasks[i].Task}] = &p.Tasks[i]
	}
	for i := range jobs {
		job := &jobs[i]
		job.Tasks = slices.Clone(job.Tasks) // repetitions of a job share them
		for k := range job.Tasks {
			task := &job.Tasks[k]
			task.Program, task.Measured = false, nil
			from := origin(task.Function)
			if from == Builtin {
				continue
			}
			task.Program = true
			c.Tasks++
			f := functions[task.Function]
			if f == nil {
				c.Missing = append(c.Missing, task.Function)
				continue
			}
			if of := known[placeOf{job.Name, k}]; of != nil && of.Function == f.Name && len(of.States) == len(task.States) {
				c.Known++
				task.Measured = measured(of.Argument, of.Result, f.at(of.Argument).Duration.Median, of.States)
				continue
			}
			size, beyond := f.argument(job, k, from)
			if beyond {
				c.Beyond++
			}
			in := f.at(size)
			task.Measured = measured(size, in.Result, in.Duration.Median, fit(in.States, job, task))
		}
	}
	slices.Sort(c.Missing)
	c.Missing = slices.Compact(c.Missing)
	return c
}

func measured(argument, result int64, took time.Duration, states []State) *workload.Measured {
	m := &workload.Measured{Argument: argument, Result: result, Duration: took}
	for _, s := range states {
		m.States = append(m.States, workload.Resized(s))
	}
	return m
}

// argument is the size of a task's argument, and whether it is beyond those measured.
func (f *Function) argument(job *workload.Job, task int, from Origin) (size int64, beyond bool) {
	t := &job.Tasks[task]
	size = t.Argument
	switch {
	case from == Payload:
		return f.middle(), false
	case from == Previous && len(t.After) > 0:
		size = 0
		for _, a := range t.After {
			if before := job.Tasks[a].Measured; before != nil {
				size = units.Add(size, before.Result)
			} else {
				size = units.Add(size, job.Output(a))
			}
		}
	}
	return size, size < f.Inputs[0].Argument || size > f.Inputs[len(f.Inputs)-1].Argument
}

// middle is the size of argument that as many invocations had less than as more.
func (f *Function) middle() int64 {
	before := 0
	for i := range f.Inputs {
		if before += f.Inputs[i].Invocations; 2*before >= f.Invocations {
			return f.Inputs[i].Argument
		}
	}
	return f.Inputs[len(f.Inputs)-1].Argument
}

// at is what is expected of an argument of that size: of Duration only the median.
func (f *Function) at(size int64) Input {
	i, found := slices.BinarySearchFunc(f.Inputs, size, func(in Input, size int64) int {
		return cmp.Compare(in.Argument, size)
	})
	switch {
	case found:
		return f.Inputs[i]
	case i == 0:
		return f.Inputs[0]
	case i == len(f.Inputs):
		return f.Inputs[i-1]
	}
	a, b := &f.Inputs[i-1], &f.Inputs[i]
	share := float64(size-a.Argument) / float64(b.Argument-a.Argument)
	mix := func(x, y int64) int64 { return x + int64(math.Round(share*float64(y-x))) }
	in := Input{Argument: size, Result: mix(a.Result, b.Result), States: slices.Clone(a.States)}
	in.Duration.Median = time.Duration(mix(int64(a.Duration.Median), int64(b.Duration.Median)))
	for k := range min(len(a.States), len(b.States)) {
		in.States[k] = State{mix(a.States[k].Read, b.States[k].Read), mix(a.States[k].Written, b.States[k].Written)}
	}
	return in
}

// fit gives each of a task's states a size: beyond those of the profile as the workload says, which stay the same.
func fit(states []State, job *workload.Job, task *workload.Task) []State {
	all := make([]State, len(task.States))
	for k, s := range task.States {
		all[k] = State{job.States[s], job.States[s]}
		if k < len(states) {
			all[k] = states[k]
		}
	}
	return all
}
