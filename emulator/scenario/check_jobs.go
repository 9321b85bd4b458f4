package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// maxInstances bounds the jobs written down, each repetition counted.
const maxInstances = 1_000_000

func jobPath(i int) string { return fmt.Sprintf("workload.jobs[%d]", i) }

// checkJobs checks the jobs written down.
func (d *decoder) checkJobs(w *Workload) {
	used := map[string]bool{} // states, by name
	defer func() { d.checkLasting(w, used) }()
	if !w.Written() {
		return
	}
	d.checkDrawn(w)
	names, total := map[string]int{}, 0
	for i := range w.List {
		j, path := &w.List[i], jobPath(i)
		if first, taken := names[j.Name]; taken && j.Name != "" {
			d.failAt(path+".name", "choose another name",
				"the job in line %d has the name %q, too", d.position(jobPath(first)+".name").line, j.Name)
		}
		names[j.Name] = i
		if total += j.Count; total > maxInstances && total-j.Count <= maxInstances {
			d.failAt(path+".count", fmt.Sprintf("write at most %d in all", maxInstances), "there are too many jobs")
		}
		if j.Period > 0 && j.Phase >= j.Period {
			d.failAt(path+".phase", "write less than the period, or move all repetitions by at",
				"the phase of %v is not within the period of %v", j.Phase, j.Period)
		}
		if !d.failed(path) {
			d.checkStates(w, j, path, used)
			d.checkTasks(w, j, path)
		}
	}
}

// checkDrawn refuses what says how jobs are drawn from a trace, or made from its rows.
func (d *decoder) checkDrawn(w *Workload) {
	usual := Workload{Functions: 10, OpsFactor: 100000, ArgFactor: 1e6, StateFactor: 1e6, MinLength: 1,
		Tasks: string(workload.Reached)}
	for _, c := range []struct {
		key   string
		given bool
	}{
		{"trace", w.Trace != ""}, {"format", w.Format != ""}, {"shape", w.Shape != ""},
		{"tasks", w.Tasks != usual.Tasks}, {"stateless", w.Stateless != ""},
		{"synth", w.Synth != nil}, {"draw", w.Draw != ""},
		{"functions", w.Functions != usual.Functions}, {"ops-factor", w.OpsFactor != usual.OpsFactor},
		{"arg-factor", w.ArgFactor != usual.ArgFactor}, {"state-factor", w.StateFactor != usual.StateFactor},
		{"min-length", w.MinLength != usual.MinLength}, {"max-length", w.MaxLength != usual.MaxLength},
		{"from", w.From > 0}, {"until", w.Until > 0}, {"strict", w.Strict},
	} {
		if here := "workload." + c.key; c.given && !d.failed(here) {
			d.failAt(here, "remove it, or let jobs be the number of jobs to draw",
				"it is about the jobs of a trace, and jobs lists others")
		}
	}
}

// checkStates holds a job's states, and those that outlive it, against the tasks that use them.
func (d *decoder) checkStates(w *Workload, j *Job, path string, used map[string]bool) {
	declared := map[string]bool{}
	for i := range w.States {
		declared[w.States[i].Name] = true
	}
	for i := range j.States {
		name := j.States[i].Name
		if declared[name] {
			d.failAt(join(path+".states", name), "choose another name",
				"the name %q is taken: it is one of workload.states", name)
		}
		declared[name] = true
	}
	here := map[string]bool{}
	for i := range j.Tasks {
		at := join(path+".tasks", j.Tasks[i].Name) + ".states"
		d.checkTwice(at, j.Tasks[i].States)
		for k, name := range j.Tasks[i].States {
			if used[name], here[name] = true, true; declared[name] || d.full() {
				continue
			}
			remedy := fmt.Sprintf("give the job states: {%s: SIZE}", name)
			if near, ok := nearest(name, slices.Sorted(maps.Keys(declared))); ok {
				remedy = fmt.Sprintf("did you mean %q?", near)
			}
			d.failAt(fmt.Sprintf("%s[%d]", at, k), remedy, "the job has no state %q", name)
		}
	}
	for i := range j.States {
		if name := j.States[i].Name; !here[name] && !d.failed(path) {
			d.failAt(join(path+".states", name), "remove it, or name it in a task's states", "no task uses the state %q", name)
		}
	}
}

// checkLasting finds states that are to outlive jobs and that no job uses, or no job written down could.
func (d *decoder) checkLasting(w *Workload, used map[string]bool) {
	if !w.Written() && len(w.States) > 0 && !d.failed("workload.jobs") {
		d.failAt("workload.states", "list the jobs that use them", "jobs of a trace have states of their own")
		return
	}
	for i := range w.States {
		if name := w.States[i].Name; !used[name] && !d.failed("workload.jobs") {
			d.failAt(join("workload.states", name), "remove it, or name it in a task's states",
				"no task uses the state %q", name)
		}
	}
}

// checkTasks holds a job's tasks against each other, and their messages against what can be sent.
func (d *decoder) checkTasks(w *Workload, j *Job, path string) {
	names := make([]string, len(j.Tasks))
	outputs := make([]int64, len(j.Tasks))
	for i := range j.Tasks {
		names[i], outputs[i] = j.Tasks[i].Name, int64(j.Tasks[i].Result)
	}
	p := j.precedence()
	for i := range j.Tasks {
		t, here := &j.Tasks[i], join(path+".tasks", names[i])
		input := int64(t.Argument)
		for k, e := range t.After {
			input = units.Add(input, int64(e.Bytes))
			if before := p.after[i][k]; before >= 0 {
				outputs[before] = units.Add(outputs[before], int64(e.Bytes))
				continue
			}
			if d.full() {
				return // to look for the name that was meant takes its time
			}
			others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == t.Name })
			d.failAt(join(here+".after", e.Task), suggest(e.Task, others), "there is no task %q", e.Task)
		}
		if input > plan.MaxMessage {
			d.failAt(here, fmt.Sprintf("let it take %v at most", units.ByteSize(plan.MaxMessage)),
				"argument and edges are %v together, more than one message carries", units.ByteSize(input))
		}
		if t.Time != nil && w.Reference == "" {
			d.failAt(here+".time", "add workload.reference, or write ops",
				"it is not said which host takes that time")
		}
	}
	for i, output := range outputs {
		if output > plan.MaxMessage {
			d.failAt(join(path+".tasks", names[i]), fmt.Sprintf("let it return %v at most", units.ByteSize(plan.MaxMessage)),
				"result and edges are %v together, more than one message carries", units.ByteSize(output))
		}
	}
	d.checkCycle(p, names, path)
}

// checkCycle reports tasks that wait for one another.
func (d *decoder) checkCycle(p precedence, names []string, path string) {
	if len(p.cycle) == 0 {
		return
	}
	ring := make([]string, len(p.cycle))
	for i, task := range p.cycle {
		ring[i] = names[task]
	}
	here := join(join(path+".tasks", ring[0])+".after", ring[1])
	if len(ring) == 2 {
		d.failAt(here, "remove it", "the task %s waits for itself", ring[0])
		return
	}
	d.failAt(here, "remove one of these from the other's after", "tasks wait for one another: %s",
		strings.Join(ring, " waits for "))
}

// checkJobNames holds what jobs written down name against the hosts, and says whether all name their client.
func (d *decoder) checkJobNames(w *Workload, n vocabulary) bool {
	named := w.Written()
	for i := range w.List {
		d.checkHost(jobPath(i)+".client", w.List[i].Client, n)
		named = named && w.List[i].Client != ""
	}
	d.checkHost("workload.reference", w.Reference, n)
	return named
}

// checkReference finds hosts of workload.reference that differ in speed.
func (d *decoder) checkReference(s *Scenario, t *topology.Topology) {
	if _, err := s.referenceSpeed(t); err != nil && !d.failed("workload.reference") && !d.failed("topology") {
		d.failAt("workload.reference", "name one host", "%v", err)
	}
}
