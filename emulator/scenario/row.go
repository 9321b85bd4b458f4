package scenario

import (
	"fmt"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload/spar"
)

// Row names, for messages, the row of the trace that makes the largest argument or state of a job: by file
// and line, where the trace comes from a file.
func (s *Scenario) Row(trace *spar.Trace, job string) string {
	if trace == nil {
		return job
	}
	task, ok := trace.Largest(job, s.Workload.options().Factors)
	if !ok {
		return job
	}
	return s.at(job, task, fmt.Sprintf("job %s, largest task %s with mem %g", job, task.Name, task.Mem))
}

// taskRow is Row for a task of a job, by its name.
func (s *Scenario) taskRow(trace *spar.Trace, job, name string) string {
	text := fmt.Sprintf("job %s, task %s", job, name)
	if task, ok := trace.Find(job, name); ok {
		return s.at(job, task, text)
	}
	return text
}

// at puts the file and line of a task's row before a text, where the trace comes from a file.
func (s *Scenario) at(job string, task spar.Task, text string) string {
	if s.Workload.Trace == "" {
		return text
	}
	path := s.resolvePath(s.Workload.Trace)
	f, err := readfile.Open(path, spar.MaxSize)
	if err != nil {
		return text
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	if line, err := spar.FindRow(f, job, task); err == nil && line > 0 {
		return fmt.Sprintf("%s:%d: %s", path, line, text)
	}
	return text
}
