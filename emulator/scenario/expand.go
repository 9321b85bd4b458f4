package scenario

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// written makes the jobs that are written down, in the order of their arrivals. It fails where a job has no client, or
// where hosts of workload.reference have different speeds.
func (s *Scenario) written() (*JobSet, error) {
	t, err := s.Topology()
	if err != nil {
		return nil, err
	}
	speed, err := s.referenceSpeed(t)
	if err != nil {
		return nil, s.Fault("workload.reference", "name one host", err)
	}
	jobs := make([]workload.Job, 0, s.Workload.Instances())
	random := rand.New(rand.NewPCG(*s.Workload.Seed, 0x636c69656e74))
	for i := range s.Workload.List {
		j := &s.Workload.List[i]
		issuers := s.issuers(t, j)
		if len(issuers) == 0 {
			return nil, s.Fault(jobPath(i), "name one as its client, or in workload.clients",
				fmt.Errorf("no host with an agent can issue the job %s", j.Name))
		}
		client := t.Vertices[issuers[random.IntN(len(issuers))]].Name
		jobs = j.repeat(jobs, client, s.Workload.lasting(j), speed)
	}
	slices.SortStableFunc(jobs, func(a, b workload.Job) int { return cmp.Compare(a.Arrival, b.Arrival) })
	return &JobSet{Jobs: jobs, Pool: len(jobs), Trace: list{s, jobs}}, nil
}

// issuers are the hosts that may issue a job, in the order of their names.
func (s *Scenario) issuers(t *topology.Topology, j *Job) []topology.ID {
	names := s.Workload.Clients
	if j.Client != "" {
		names = []string{j.Client}
	}
	return s.hosts(t, names)
}

// referenceSpeed is the speed of the hosts of workload.reference, in operations/s; 0: none is named.
func (s *Scenario) referenceSpeed(t *topology.Topology) (float64, error) {
	name := s.Workload.Reference
	if name == "" {
		return 0, nil
	}
	speeds, err := placement.Speeds(t, placement.SpeedModel(s.Placement.Speed))
	if err != nil {
		return 0, err
	}
	found, of := 0.0, ""
	for _, id := range t.ByName(t.Hosts()) {
		v := &t.Vertices[id]
		if !matches(v, name) {
			continue
		}
		speed := float64(speeds[id])
		if of != "" && speed != found {
			return 0, fmt.Errorf("the hosts %s and %s have different speeds (placement.speed: %s)",
				of, v.Name, s.Placement.Speed)
		}
		found, of = speed, v.Name
	}
	if of == "" {
		return 0, fmt.Errorf("there is no host of the name, model or class %q", name)
	}
	return found, nil
}

// lasting are those of workload.states that a job uses, in their order.
func (w *Workload) lasting(j *Job) []JobState {
	return slices.DeleteFunc(slices.Clone(w.States), func(s JobState) bool {
		return !slices.ContainsFunc(j.Tasks, func(t JobTask) bool { return slices.Contains(t.States, s.Name) })
	})
}

// repeat adds the job's repetitions, which share all that is the same. States that outlive them come after their own.
// The speed, in operations/s, is the reference's.
func (j *Job) repeat(to []workload.Job, client string, lasting []JobState, speed float64) []workload.Job {
	states := slices.Concat(j.States, lasting)
	job := workload.Job{Name: j.Name, Client: client, Provider: j.Provider, Tasks: j.tasks(states, speed)}
	for i, state := range states {
		job.States = append(job.States, int64(state.Size))
		if len(lasting) > 0 {
			job.Lasting = append(job.Lasting, "")
			if i >= len(j.States) {
				job.Lasting[i] = state.Name
			}
		}
	}
	for k := range j.Count {
		if j.Count > 1 {
			job.Name = j.Name + "." + strconv.Itoa(k+1)
		}
		job.Arrival = j.At + j.Phase + time.Duration(k)*j.Period
		to = append(to, job)
	}
	return to
}

// tasks are the job's, with these states, each after those that it waits for.
func (j *Job) tasks(states []JobState, speed float64) []workload.Task {
	p := j.precedence()
	position := make([]int, len(p.order)) // by index in the file
	numbers := map[string]int{}           // of the states
	for i := range states {
		numbers[states[i].Name] = i
	}
	tasks := make([]workload.Task, len(p.order))
	for at, i := range p.order {
		position[i] = at
		from := &j.Tasks[i]
		t := &tasks[at]
		*t = workload.Task{
			Name: from.Name, Function: from.Function, Argument: int64(from.Argument), Result: int64(from.Result),
		}
		if from.Ops != nil {
			t.Ops = int64(math.Round(*from.Ops))
		} else if from.Time != nil {
			t.Ops = int64(math.Round(from.Time.Seconds() * speed))
		}
		for k, before := range p.after[i] {
			t.After, t.Edges = append(t.After, position[before]), append(t.Edges, int64(from.After[k].Bytes))
			t.Argument += int64(from.After[k].Bytes)
		}
		for _, name := range from.States {
			t.States = append(t.States, numbers[name])
		}
		slices.Sort(t.States)
	}
	return tasks
}

// at is file, line and column of a value, for messages.
func (s *Scenario) at(path string) string {
	return s.place(path).Error() + path
}
