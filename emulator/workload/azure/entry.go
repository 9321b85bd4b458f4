// Package azure reads the Azure Functions invocation trace of 2021 as it is published: a row for each invocation, with
// its end and its duration. What it does not say, bytes and processors, are options.
package azure

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// The options' names.
const (
	argument = "argument"
	result   = "result"
)

// Section is this package's part of the catalogue: the format.
func Section() catalogue.Section {
	const most = 1 << 30
	return workload.Formats.Of(catalogue.Entry[workload.Format]{
		Description: catalogue.Description{
			Name: "azure", About: "invocations of Azure Functions in 2021: rows of " + RowFormat,
			Options: []catalogue.Option{
				{Name: argument, Unit: catalogue.Bytes, Default: 10_000, Max: most,
					About: "Bytes that an invocation takes, of which the trace says nothing"},
				{Name: result, Unit: catalogue.Bytes, Default: 10_000, Max: most,
					About: "Bytes that an invocation returns, of which the trace says nothing"},
			},
		},
		Does: workload.Format{Load: load, Detect: detect},
	})
}

func load(path string, options catalogue.Values) (workload.Trace, error) {
	t, err := Load(path)
	if err != nil {
		return nil, err
	}
	t.Argument, t.Result = int64(options.Of(argument)), int64(options.Of(result))
	return t, nil
}

// detect says whether the first row of a file names the columns, or is one of the format.
func detect(head []byte) bool {
	row := rows.First(head)
	if row == RowFormat {
		return true
	}
	var f [columns]string
	if rows.Split(row, f[:]) != columns {
		return false
	}
	_, _, err := times(f[:])
	return err == nil && f[0] != "" && f[1] != ""
}
