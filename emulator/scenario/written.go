package scenario

import (
	"time"

	"testbed/emulator/units"
)

// Job is a job written down, with its repetitions.
type Job struct {
	// Name of the job. Where it comes several times, a dot and a number from 1 follow it: inspection.1.
	Name string `yaml:"name,required,names" pattern:"node"`
	// Who issues the job: name, class or model of a host. Of several hosts workload.seed draws one, which issues all of
	// the job's repetitions. Absent: one of workload.clients is drawn.
	Client string `yaml:"client,names"`
	// Who offers the functions, where several do. Models that keep a client's state with the provider cannot share it
	// between two.
	Provider string `yaml:"provider,names" pattern:"node"`
	// When the first repetition arrives, from the start of each model's chains as events are, with replay.arrival: trace.
	// Other arrival processes have times of their own, and take the jobs in the order in which they arrive here.
	At time.Duration `yaml:"at" default:"0s" max:"24h"`
	// How often the job comes.
	Count int `yaml:"count" default:"1" min:"1" max:"100000"`
	// Time from one repetition to the next, such as 100ms. Absent: all arrive at once.
	Period time.Duration `yaml:"period" min:"1us" max:"24h"`
	// How far into a period each repetition arrives, so that jobs of one period do not come all at once: repetition k,
	// from 0, arrives at at + phase + k · period.
	Phase time.Duration `yaml:"phase" with:"period" max:"24h"`
	// The job's states by name, with their sizes: {model: 1MB}. Each repetition has states of its own; those that outlive
	// it are workload.states.
	States []JobState `yaml:"states,keyed" pattern:"node" min:"1" max:"1000"`
	// The job's tasks by name, in any order. Those that wait for nobody begin when the job does.
	Tasks []JobTask `yaml:"tasks,keyed,required" pattern:"node" min:"1" max:"10000"`
}

// JobState is a state of a job written down.
type JobState struct {
	Name string `yaml:",key"`
	// Size, such as 1MB.
	Size units.ByteSize `yaml:"size,short,required" min:"0B" max:"1GiB"`
}

// JobTask is a task of a job written down: one invocation of a function.
type JobTask struct {
	Name string `yaml:",key"`
	// The function that it invokes. Default: one of the task's name.
	Function string `yaml:"function,names" pattern:"node"`
	// Operations of the invocation; they take ops / speed of the node (see placement.speed) where it does nothing else.
	Ops *float64 `yaml:"ops" one:"work of the task" min:"0" max:"1e18"`
	// The same as the time that a host of workload.reference takes where it does nothing else, such as 5ms. Other hosts
	// take as much longer as they are slower. With replay.compute: shared tasks that run at the same time divide the node;
	// with allotted, the study's, a task takes as many times as long as tasks are placed on its node, in all.
	Time *time.Duration `yaml:"time" one:"work of the task"`
	// Bytes that the client sends with the invocation, such as 12kB.
	Argument units.ByteSize `yaml:"argument" default:"0B" min:"0B" max:"1GiB"`
	// Tasks that must be finished first, by name, with the bytes that each sends: {f1: 12kB, f2: 30kB}. A name, or a list
	// of names, is of tasks that are waited for and send nothing.
	After []JobEdge `yaml:"after,keyed,bare" min:"1" max:"10000"`
	// Names of the states that the function reads and changes, the job's or those of workload.states.
	States []string `yaml:"states,names,single" min:"1" max:"1000"`
	// Bytes that the client gets back beside what the tasks that follow take.
	Result units.ByteSize `yaml:"result" default:"0B" min:"0B" max:"1GiB"`
}

// JobEdge is what a task takes from one that it waits for.
type JobEdge struct {
	Task string `yaml:",key"`
	// Bytes, such as 12kB.
	Bytes units.ByteSize `yaml:"bytes,short" default:"0B" min:"0B" max:"1GiB"`
}

// Written says whether the jobs are written down in the scenario, and not drawn from a trace.
func (w *Workload) Written() bool { return len(w.List) > 0 }

// Instances is the number of jobs written down, each repetition counted.
func (w *Workload) Instances() int {
	sum := 0
	for i := range w.List {
		sum += w.List[i].Count
	}
	return sum
}

// resolve names the functions that have no name of their own.
func (j *Job) resolve() {
	for i := range j.Tasks {
		if t := &j.Tasks[i]; t.Function == "" {
			t.Function = t.Name
		}
	}
}
