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
	name := fmt.Sprintf("job %s, largest task %s with mem %g", job, task.Name, task.Mem)
	if s.Workload.Trace == "" {
		return name
	}
	path := s.resolvePath(s.Workload.Trace)
	f, err := readfile.Open(path, spar.MaxSize)
	if err != nil {
		return name
	}
	defer f.Close()
	if line, err := spar.FindRow(f, job, task); err == nil && line > 0 {
		return fmt.Sprintf("%s:%d: %s", path, line, name)
	}
	return name
}
