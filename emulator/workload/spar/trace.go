// Package spar reads, writes and synthesizes workload traces in the format of Spår (Tian et al.,
// "Characterizing and Synthesizing Task Dependencies of Data-Parallel Jobs in Alibaba Cloud", SoCC
// 2019), and turns their jobs, which are DAGs of batch tasks, into chains of stateful functions.
package spar

import (
	"fmt"
	"time"
)

// Trace is a sequence of jobs.
type Trace struct {
	Name      string
	Jobs      []Job
	Malformed []*RowError // rows that are not in the format, the first mostListed; they are left out
	Unlisted  int         // further rows that are not in the format
	Lost      int         // jobs that lost a row because it is not in the format; they are left out
	Dropped   int         // rows of those jobs that are in the format; they are left out
	Skipped   int         // rows whose name carries no DAG; they are left out
	Rows      int         // rows in all, empty lines not counted

	first string // the first row that is not in the format
	file  bool   // Name is the path of a file
}

// Job is one job of a trace, with its tasks in the order of their rows.
type Job struct {
	Number  int           // as in j_NUMBER
	Arrival time.Duration // since the trace's begin
	Tasks   []Task
}

// Task is one row.
type Task struct {
	Name        string  // kind, number, and the numbers it waits for: R7_6
	Number      int     // from 1
	Precedences []int   // numbers of the tasks that must be finished first, as in the name
	Duration    float64 // s
	CPU         float64 // percent of a core
	Mem         float64 // percent of a machine's memory
	Instances   int     // parallel instances
}

// RowError is a row that is not in the format.
type RowError struct {
	File   string
	Line   int // from 1
	Reason string
}

// Error is the usual FILE:LINE: REASON.
func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }
