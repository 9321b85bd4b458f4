package scenario

import "fmt"

// checkProgramStates refuses states of which programs and functions that are built in have one together: what is built
// in changes bytes, and knows nothing of a program's keys.
func (d *decoder) checkProgramStates(f *File) {
	type user struct {
		function string
		program  bool
	}
	lasting := map[string]user{} // by a state's name: the first that uses it
	outlives := map[string]bool{}
	for i := range f.Workload.States {
		outlives[f.Workload.States[i].Name] = true
	}
	for i := range f.Workload.List {
		job := &f.Workload.List[i]
		own := map[string]user{}
		for k := range job.Tasks {
			t := &job.Tasks[k]
			me := user{function: t.Function}
			if me.function == "" {
				me.function = t.Name
			}
			of := f.Function(me.function)
			me.program = of != nil && of.Program()
			for n, state := range t.States {
				known := own
				if outlives[state] {
					known = lasting
				}
				first, used := known[state]
				if !used {
					known[state] = me
				} else if first.program != me.program && !d.full() {
					d.failAt(fmt.Sprintf("%s.states[%d]", join(fmt.Sprintf("workload.jobs[%d].tasks", i), t.Name), n),
						"give each a state of its own, or make both programs",
						"the state %q is used by %s, %s, and by %s, %s", state, first.function, kindOf(first.program), me.function,
						kindOf(me.program))
				}
			}
		}
	}
}

func kindOf(program bool) string {
	if program {
		return "a program"
	}
	return "which is built in"
}
