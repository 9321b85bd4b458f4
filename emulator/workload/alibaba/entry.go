// Package alibaba reads batch_task.csv of Alibaba's cluster trace v2018 as it is published: nine columns and no header,
// a row for each task of a job, whose name says for which others it waits.
package alibaba

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Section is this package's part of the catalogue: the format.
func Section() catalogue.Section {
	return workload.Formats.Of(catalogue.Entry[workload.Format]{
		Description: catalogue.Description{
			Name: "alibaba", About: "batch_task.csv of Alibaba's cluster trace v2018: rows of " + RowFormat,
		},
		Does: workload.Format{Load: load, Detect: detect, Write: Write},
	})
}

func load(path string, _ catalogue.Values) (workload.Trace, error) {
	t, err := Load(path)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// detect says whether the first row of a file is one of the format, or names its columns.
func detect(head []byte) bool {
	row := rows.First(head)
	var f [columns]string
	if rows.Split(row, f[:]) != columns {
		return false
	}
	if row == RowFormat {
		return true
	}
	_, err := (&reader{}).parse(row)
	return err == nil
}
