package scenario

import (
	"fmt"
	"iter"
	"slices"

	"testbed/emulator/workload"
)

// list is a workload.Trace of the jobs that are written down.
type list struct {
	scenario *Scenario
	jobs     []workload.Job
}

// Each gives the jobs as they are written.
func (l list) Each(workload.Options) iter.Seq[workload.Job] { return slices.Values(l.jobs) }

// Notes says nothing: of what is written nothing is left out.
func (l list) Notes(workload.Options) []string { return nil }

// Errors are none, for Parse has told them.
func (l list) Errors(int) []error { return nil }

// Stateless says that there are none.
func (l list) Stateless(workload.Options) error {
	return fmt.Errorf("%s: no job is written", l.scenario.at("workload.jobs"))
}

// Row is where a job, or its task, stands in the scenario.
func (l list) Row(job, task string, _ workload.Factors) string {
	i := slices.IndexFunc(l.scenario.Workload.List, func(j Job) bool { return j.Name == job })
	if i < 0 {
		return job
	}
	path := jobPath(i)
	if task != "" {
		path, task = join(path+".tasks", task), ", task "+task
	}
	return fmt.Sprintf("%s: job %s%s", l.scenario.at(path), job, task)
}
