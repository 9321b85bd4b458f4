package plan

// measured gives a program's invocation what was measured of it, in place of what the workload says.
func (b *Builder) measured(inv *Invocation) {
	task := &b.job.Tasks[inv.Task]
	if !task.Program {
		return
	}
	m := task.Measured
	inv.Program = true
	if m == nil {
		b.plan.Unmeasured = true
		return
	}
	inv.Argument, inv.Result, inv.Took = m.Argument, m.Result, m.Duration
	for k := range inv.States {
		if s := &inv.States[k]; k < len(m.States) {
			s.Bytes, s.Grown = m.States[k].Read, m.States[k].Written-m.States[k].Read
		}
	}
}

// most is the larger of a state's sizes before and after an invocation: what a node has room for.
func (s Access) most() int64 { return s.Bytes + max(0, s.Grown) }

// Takes is how long a computation takes, in s: its operations at a node's speed, in operations/s, which is divided by
// load, from 1; or what a program takes. That was measured where the profile was made, as a whole: how much of it the
// processor worked and how much the program waited nobody knows, and a host that emulates faster and slower nodes
// executes the program as fast for all of them, unless resources are emulated.
func (s *Step) Takes(speed float64, load int) float64 {
	switch {
	case s.Program:
		return s.Took.Seconds()
	case s.Ops == 0:
		return 0
	}
	return float64(s.Ops) * float64(load) / speed
}
