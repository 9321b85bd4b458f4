// Package wfformat reads and writes WfFormat, the JSON of WfCommons: a workflow with its tasks, the files that they
// read and write, and how long each took. A file holds one workflow, which is one job.
package wfformat

import (
	"bytes"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
)

// factor is the option's name.
const factor = "size-factor"

// Section is this package's part of the catalogue: the format.
func Section() catalogue.Section {
	return workload.Formats.Of(catalogue.Entry[workload.Format]{
		Description: catalogue.Description{
			Name: "wfformat", About: "WfCommons' JSON of one workflow, WfFormat 1.5 and 1.6, and older ones that have its keys",
			Options: []catalogue.Option{{Name: factor, Unit: catalogue.Number, Default: 1, Min: 1e-9, Max: 1e3,
				About: "Bytes of the job for each byte of the workflow's files"}},
		},
		Does: workload.Format{Load: load, Detect: detect, Write: Write},
	})
}

func load(path string, options catalogue.Values) (workload.Trace, error) {
	t, err := Load(path)
	if err != nil {
		return nil, err
	}
	t.Factor = options.Of(factor)
	return t, nil
}

// detect says whether a file begins as an object in JSON that has a workflow.
func detect(head []byte) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"), []byte("{")) {
		return false
	}
	return bytes.Contains(head, []byte(`"workflow"`)) || bytes.Contains(head, []byte(`"schemaVersion"`))
}
