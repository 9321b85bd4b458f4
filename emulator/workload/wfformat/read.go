package wfformat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload/rows"
)

// limits are what is read of a file, which may be anybody's.
var limits = readfile.Limits{Bytes: 256 << 20, Values: 8_000_000}

// maxTasks is how many tasks a workflow may have.
const maxTasks = 100_000

// Trace is a workflow: its tasks, each after those that it waits for.
type Trace struct {
	Name   string
	Tasks  []Task
	Factor float64 // bytes of the job for each byte of the files

	Strange  int // tasks of its execution that it does not specify
	Timeless int // tasks whose runtime the file does not say
	Sizeless int // files whose size it does not say
	Around   int // files that a task reads which does not wait, itself, for the one that writes them

	path string
}

// Task is a task of a workflow.
type Task struct {
	ID       string
	Function string
	Seconds  float64 // runtime times cores
	After    []int   // those that it waits for, ascending
	Edges    []float64
	Input    float64 // bytes of the files that none of these writes
	Output   float64 // bytes of the files that nobody reads who waits for it
}

// Read reads a workflow. The error names the task or the line that is wrong; name is the file's, for messages.
func Read(r io.Reader, name string) (*Trace, error) {
	text, err := readfile.Rest(r, name, limits.Bytes)
	if err != nil {
		return nil, err
	}
	var d document
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if err := readfile.ParseJSON(text, name, limits, &d); err != nil {
		return nil, err
	}
	if err := distinct(text, name); err != nil {
		return nil, err
	}
	d.Workflow.renew()
	spec := d.Workflow.Specification
	if spec == nil || len(spec.Tasks) == 0 {
		return nil, fmt.Errorf("%s: it is no WfFormat: workflow.specification.tasks is empty or not there", name)
	}
	if len(spec.Tasks) > maxTasks {
		return nil, fmt.Errorf("%s: it has more than %d tasks: %w", name, maxTasks, readfile.ErrLimit)
	}
	b := &builder{trace: &Trace{Name: jobName(d.Name, name), Factor: 1}, tasks: spec.Tasks, files: spec.Files}
	if d.Workflow.Execution != nil {
		b.executed = d.Workflow.Execution.Tasks
	}
	if err := b.build(); err != nil {
		var task *ofTask
		if errors.As(err, &task) {
			if at := line(text, task.id); at > 0 {
				return nil, fmt.Errorf("%s:%d: %w", name, at, err)
			}
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b.trace, nil
}

// Load reads the file at a path, which may be compressed.
func Load(path string) (*Trace, error) {
	t, err := rows.Load(path, limits.Bytes, Read)
	if err != nil {
		return nil, err
	}
	t.path = path
	return t, nil
}

// jobName is the workflow's name as a word, or its file's.
func jobName(name, file string) string {
	if word := word(strings.TrimSuffix(name, ".json")); word != "" {
		return word
	}
	if word := word(strings.TrimSuffix(path.Base(file), ".json")); word != "" {
		return word
	}
	return "workflow"
}

var odd = lazy.Regexp(`[^A-Za-z0-9_-]+`)

// word is a name of at most 100 characters with hyphens for those that are not plain.
func word(name string) string {
	name = odd().ReplaceAllString(name, "-")
	return strings.Trim(name[:min(len(name), 100)], "-")
}

// numbered is the end of a task's name that tells it from others of its function.
var numbered = lazy.Regexp(`[_.-]?(ID)?[0-9]+$`)

// function is the name of what a task executes: its program or, where that is not said, its name without the number at
// its end.
func function(program, name string) string {
	for _, candidate := range []string{path.Base(program), numbered().ReplaceAllString(name, ""), name} {
		if word := word(candidate); word != "" {
			return word
		}
	}
	return "task"
}

// errCycle is the error about tasks that wait for one another.
var errCycle = errors.New("it waits for itself, directly or not")
