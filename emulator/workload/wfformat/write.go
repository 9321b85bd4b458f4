package wfformat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"testbed/emulator/workload"
)

// version is the schema's that is written.
const version = "1.5"

// errOne is the error about more than one job.
var errOne = errors.New("a file in WfFormat has one workflow: the trace must have one job")

// Write writes a trace of one job as a workflow: every task of the job, a file for each edge, for what the client sends
// and for what it gets. States are no part of the format, so that they are tasks.
func Write(w io.Writer, t workload.Trace) error {
	opts := workload.DefaultOptions()
	opts.Shape, opts.Tasks, opts.Stateless = workload.ShapeDAG, workload.All, workload.KeepStateless
	var jobs []workload.Job
	for job := range t.Each(opts) {
		if jobs = append(jobs, job); len(jobs) > 1 {
			return errOne
		}
	}
	if len(jobs) == 0 {
		return errOne
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(said(&jobs[0], opts.Factors.Ops)); err != nil {
		return fmt.Errorf("workflow %s: %w", jobs[0].Name, err)
	}
	return nil
}

// said is a job as a document; a second has so many operations.
func said(job *workload.Job, ops float64) *document {
	spec, exec := &specification{}, &execution{ExecutedAt: "1970-01-01T00:00:00Z"}
	add := func(id string, bytes int64) string {
		size := float64(bytes)
		spec.Files = append(spec.Files, file{id, &size})
		return id
	}
	spec.Tasks = make([]task, len(job.Tasks))
	outputs, sent := job.Outputs(nil), make([]int64, len(job.Tasks))
	for i := range job.Tasks {
		from := &job.Tasks[i]
		t := &spec.Tasks[i]
		*t = task{Name: from.Name, ID: from.Name, Parents: []string{}, Children: []string{}, Inputs: []string{},
			Outputs: []string{}}
		if bytes := from.Input(); bytes > 0 {
			t.Inputs = append(t.Inputs, add(from.Name+"_input", bytes))
		}
		for k, a := range from.After {
			before := &spec.Tasks[a]
			t.Parents, before.Children = append(t.Parents, before.ID), append(before.Children, t.ID)
			id := add(before.ID+"_to_"+t.ID, from.Edge(k))
			before.Outputs, t.Inputs = append(before.Outputs, id), append(t.Inputs, id)
			sent[a] += from.Edge(k)
		}
		seconds, cores := float64(from.Ops)/ops, 1.0
		exec.Makespan += seconds
		exec.Tasks = append(exec.Tasks, executed{from.Name, &seconds, &cores, command{from.Function}})
	}
	for i := range spec.Tasks {
		if bytes := outputs[i] - sent[i]; bytes > 0 {
			spec.Tasks[i].Outputs = append(spec.Tasks[i].Outputs, add(spec.Tasks[i].ID+"_output", bytes))
		}
	}
	return &document{
		Name: job.Name, Description: "makespanInSeconds is the sum of the tasks' runtimes: the workflow was not executed",
		SchemaVersion: version, Workflow: workflow{Specification: spec, Execution: exec},
	}
}
