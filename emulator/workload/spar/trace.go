// Package spar reads, writes and synthesizes workload traces in the format of Spår (Tian et al.,
// "Characterizing and Synthesizing Task Dependencies of Data-Parallel Jobs in Alibaba Cloud", SoCC
// 2019), and turns their jobs, which are DAGs of batch tasks, into chains of stateful functions.
package spar

import (
	"strconv"
	"time"

	"testbed/emulator/workload/rows"
)

// Trace is a sequence of jobs.
type Trace struct {
	Name      string
	Jobs      []Job
	rows.Left     // rows that are not in the format
	Lost      int // jobs that lost a row because it is not in the format; they are left out
	Dropped   int // rows of those jobs that are in the format; they are left out
	Skipped   int // rows whose name carries no DAG; they are left out
	Rows      int // rows in all, empty lines not counted

	file bool // Name is the path of a file
}

// Job is one job of a trace, with its tasks in the order of their rows.
type Job struct {
	Number  int           // as in j_NUMBER, or any that no other job has
	Label   string        // its name, where that is not j_NUMBER
	Arrival time.Duration // since the trace's begin
	Tasks   []Task
}

// Name is the job's name in the trace.
func (j *Job) Name() string {
	if j.Label != "" {
		return j.Label
	}
	return "j_" + strconv.Itoa(j.Number)
}

// Task is one row. What many rows have in common they share, for a trace has millions.
type Task struct {
	*Label
	*Demand
	Duration float64 // s
}

// Label is a task's name, and what it says.
type Label struct {
	Name        string // kind, number, and the numbers it waits for: R7_6
	Number      int    // from 1
	Precedences []int  // numbers of the tasks that must be finished first, as in the name
}

// Demand is what a task asks of machines.
type Demand struct {
	CPU       float64 // percent of a core
	Mem       float64 // percent of a machine's memory
	Instances int     // parallel instances
}
