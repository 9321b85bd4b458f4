package scenario

import "cmp"

// Migrate is the move of a stateful instance.
type Migrate struct {
	// Name of the function, as in the workload's tasks.
	Function string `yaml:"function,required,names"`
	// Name of the host whose invocations they are.
	Client string `yaml:"client,required,names" pattern:"node"`
	// Name of the host that the function is placed on, where it is on several; without it those on all of them move.
	From string `yaml:"from,names" pattern:"node"`
	// Name of the host that it goes to.
	To string `yaml:"to,required,names" pattern:"node"`
	// How it moves: stop-and-copy holds its invocations until all states are there; pre-copy copies them in rounds
	// while invocations go on, and holds these for the last round.
	Method string `yaml:"method" default:"stop-and-copy" enum:"stop-and-copy|pre-copy"`
	// Rounds of pre-copy that copy while invocations go on, at most.
	Rounds int `yaml:"rounds" default:"8" min:"1" max:"64" when:"method=pre-copy"`
}

// checkMigrate holds a move's names against what there is.
func (d *decoder) checkMigrate(f *File, m *Migrate, path string, n vocabulary) {
	hosts := f.agents(n)
	for key, name := range map[string]string{"client": m.Client, "from": m.From, "to": m.To} {
		here := join(path, key)
		if name == "" || hosts[name] || d.failed(here) || d.uncertain("nodes", name) {
			continue
		}
		d.failAt(here, suggest(name, keys(hosts)), "there is no host with an agent of the name %q", name)
	}
	d.checkMigrated(f, m, join(path, "function"))
}

// checkMigrated holds a move's function against those of the jobs that are written down, where they are.
func (d *decoder) checkMigrated(f *File, m *Migrate, path string) {
	if !f.Workload.Written() || d.failed(path) || d.failed("workload") {
		return
	}
	functions := map[string]bool{}
	for i := range f.Workload.List {
		for _, task := range f.Workload.List[i].Tasks {
			functions[cmp.Or(task.Function, task.Name)] = true
		}
	}
	if !functions[m.Function] {
		d.failAt(path, suggest(m.Function, keys(functions)), "no job has a task of the function %q", m.Function)
	}
}
