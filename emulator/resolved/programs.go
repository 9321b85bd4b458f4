package resolved

import (
	"testbed/emulator/scenario"
	"testbed/emulator/workload"
)

// checkPrograms refuses jobs, wherever they come from, in which a program would get what no program has answered, or
// have a state together with a function that is built in: that knows nothing of keys.
func (e *Scenario) checkPrograms() error {
	if !e.Source.Programs() {
		return nil
	}
	for _, d := range e.Sample {
		job := &e.Jobs[d.Job]
		users := map[int]int{} // by state: the first task that uses it
		for i := range job.Tasks {
			t := &job.Tasks[i]
			f := e.program(t.Function)
			if f != nil && f.Argument == scenario.ArgumentPrevious {
				if err := e.checkPrevious(d.Job, t); err != nil {
					return err
				}
			}
			for _, s := range t.States {
				first, used := users[s]
				if !used {
					users[s] = i
				} else if other := &job.Tasks[first]; (e.program(other.Function) == nil) != (f == nil) {
					return e.fault("functions", "make both programs, or both builtin", "job %s: of the functions %s and %s, which "+
						"use one state, one is a program and one is built in", job.Name, other.Function, t.Function)
				}
			}
		}
	}
	return nil
}

// checkPrevious looks at those whose results a program is to get.
func (e *Scenario) checkPrevious(job int, t *workload.Task) error {
	for _, before := range t.After {
		if name := e.Jobs[job].Tasks[before].Function; e.program(name) == nil {
			return e.fault("functions."+t.Function+".argument", "make it a program, or write argument: synthetic",
				"job %s: function %s gets what the functions before have answered (argument: previous), and %s is built in, "+
					"whose answers mean nothing", e.Jobs[job].Name, t.Function, name)
		}
	}
	return nil
}

// program is the user's program that a function is; nil: it is built in.
func (e *Scenario) program(name string) *scenario.Function {
	if f := e.Source.Function(name); f != nil && f.Program() {
		return f
	}
	return nil
}
