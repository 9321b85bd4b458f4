package wfformat

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"

	"testbed/emulator/workload/rows"
)

// document is a file, of which only what is used is named.
type document struct {
	Name          string   `json:"name"`
	Description   string   `json:"description,omitempty"`
	SchemaVersion string   `json:"schemaVersion"`
	Workflow      workflow `json:"workflow"`
}

type workflow struct {
	Specification *specification `json:"specification,omitempty"`
	Execution     *execution     `json:"execution,omitempty"`
	Tasks         []older        `json:"tasks,omitempty"` // up to 1.4
}

type specification struct {
	Tasks []task `json:"tasks"`
	Files []file `json:"files"`
}

type execution struct {
	Makespan   float64    `json:"makespanInSeconds"`
	ExecutedAt string     `json:"executedAt"`
	Tasks      []executed `json:"tasks"`
}

type task struct {
	Name     string   `json:"name"`
	ID       string   `json:"id"`
	Parents  []string `json:"parents"`
	Children []string `json:"children"`
	Inputs   []string `json:"inputFiles"`
	Outputs  []string `json:"outputFiles"`
}

type file struct {
	ID    string   `json:"id"`
	Bytes *float64 `json:"sizeInBytes"`
}

type executed struct {
	ID      string   `json:"id"`
	Runtime *float64 `json:"runtimeInSeconds"`
	Cores   *float64 `json:"coreCount,omitempty"`
	Command command  `json:"command"`
}

type command struct {
	Program string `json:"program,omitempty"`
}

// older is a task of versions before 1.5, which say all of it in one place.
type older struct {
	task
	Runtime   *float64 `json:"runtimeInSeconds"`
	Runtime13 *float64 `json:"runtime"` // 1.3
	Cores     *float64 `json:"coreCount"`
	Cores13   *float64 `json:"cores"`
	Command   command  `json:"command"`
	Files     []struct {
		Link  string   `json:"link"`
		ID    string   `json:"id"`
		Name  string   `json:"name"`
		Bytes *float64 `json:"sizeInBytes"`
		Size  *float64 `json:"size"` // 1.3
	} `json:"files"`
}

// renew says an older workflow as 1.5 does.
func (w *workflow) renew() {
	if w.Specification != nil || len(w.Tasks) == 0 {
		return
	}
	spec, exec := &specification{}, &execution{}
	known := map[string]bool{}
	for i := range w.Tasks {
		o := &w.Tasks[i]
		t := o.task
		t.ID = cmp.Or(t.ID, t.Name)
		for _, f := range o.Files {
			id := cmp.Or(f.ID, f.Name)
			if !known[id] {
				known[id] = true
				spec.Files = append(spec.Files, file{id, first(f.Bytes, f.Size)})
			}
			if f.Link == "output" {
				t.Outputs = append(t.Outputs, id)
			} else {
				t.Inputs = append(t.Inputs, id)
			}
		}
		spec.Tasks = append(spec.Tasks, t)
		exec.Tasks = append(exec.Tasks, executed{t.ID, first(o.Runtime, o.Runtime13), first(o.Cores, o.Cores13), o.Command})
	}
	w.Specification, w.Execution, w.Tasks = spec, exec, nil
}

// first is the first that there is.
func first(values ...*float64) *float64 {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// quantity is a number that may be absent, if it is not negative and at most 1e15; what it is, is for errors.
func quantity(what string, v *float64, absent float64) (float64, error) {
	if v == nil {
		return absent, nil
	}
	if !(*v >= 0 && *v <= 1e15) {
		return 0, fmt.Errorf("the %s %g is negative or above 1e15", what, *v)
	}
	return *v, nil
}

// ofTask is an error about a task.
type ofTask struct {
	id  string
	err error
}

func (e *ofTask) Error() string { return fmt.Sprintf("task %s: %v", rows.Quote(e.id), e.err) }
func (e *ofTask) Unwrap() error { return e.err }

// named is an error about a task.
func named(id string, err error) error { return &ofTask{id, err} }

// line is where a text says the ID of a task, from 1; 0: it is not found.
func line(text []byte, id string) int {
	const longest = 500 // bytes
	quoted, err := json.Marshal(id)
	if err != nil || len(quoted) > longest {
		return 0
	}
	said := regexp.MustCompile(`"(?:id|name)"\s*:\s*` + regexp.QuoteMeta(string(quoted))).FindIndex(text)
	if said == nil {
		return 0
	}
	return 1 + bytes.Count(text[:said[0]], []byte("\n"))
}
