// Package record keeps what was measured. A run's directory is the record of truth: samples in line
// protocol, flushed as they come, chains as a table, and a manifest that says under which conditions they
// came about and what is missing. A database is a mirror that may fail without loss.
package record

import (
	"time"

	"testbed/emulator/record/lineprotocol"
)

// ErrTruncated is wrapped by the errors of ReadChains, ReadSteps and ReadSamples, which return all complete
// samples together with it, where a file's last line is cut off.
var ErrTruncated = lineprotocol.ErrTruncated

// Tags say under which conditions a sample was taken.
type Tags struct {
	Run         string
	Testbed     string
	Scenario    string
	Model       string // execution model
	Policy      string // allocation policy
	Fabric      string
	Runtime     string
	ClientClass string // class of the chain's client, e.g. rpi3b+
	Length      int    // of the chain: number of its invocations

	// Factors are what a cell of an experiment is told from others by, by names that are none of the others; nil: the run
	// is of no experiment.
	Factors map[string]string
}

// Times are durations in seconds.
type Times struct {
	Latency    float64 // from the client's start to its end
	Network    float64 // sum of all transfers, of branches side by side those on the critical path
	Processing float64 // sum of all executions, likewise
	Start      float64 // sum of all waits for an instance of a function, its start included, likewise
}

// Overhead is what the FaaS itself took: the rest of the latency.
func (t Times) Overhead() float64 { return t.Latency - t.Network - t.Processing - t.Start }

// Chain is one chain that was carried out, or tried.
type Chain struct {
	Tags
	Time      time.Time // when it ended
	Index     int       // of its job in the workload
	Job       string
	Client    string  // name of the node
	Machine   string  // name of the machine that the client is on; empty: there is one
	Start     int64   // monotonic clock of the host, of several the first, in ns; 0: it did not start
	Measured  Times   // 0 where it failed
	Bytes     int64   // payload of all transfers between different nodes, those that were repeated included
	States    int     // checked
	Lost      int     // states that were lost
	Conflicts int     // updates of states that the client keeps that were refused for their version, and lost
	Retries   int     // writes and executions that were repeated because another invocation had changed their state
	Cold      int     // requests that had to open a connection first
	Scaled    bool    // some functions' instances start and end; else Starts and the times' Start are 0
	Starts    int     // invocations that waited for the start of an instance
	Late      float64 // s that it started after its due time; 0 where the arrival process has none
	Error     string  // why it failed, or what the state checks say; empty: all is well
	Predicted *Times  // nil: not known
	Weight    float64 // how many jobs it stands for, where it is one of a sample; 0: one

	Picked   int // invocations whose worker was picked when they were made
	Foreseen int // of them, those executed by the worker predicted

	Host       *HostLate // nil: not known
	Attempt    int       // which this is, from 1
	Disturbed  bool      // Host.All is more than the replay allows of the latency
	Superseded bool      // it was disturbed and is repeated: it is kept beside the chains and is not one of them

	Programs     []Program // invocations of programs, in their order
	StateDigests []string  // of the programs' states that it left, by their contents
}

// HostLate is by how much the host may have made a chain longer: the times within its own in which the testbed did not
// do what was due, none of them counted twice. They are upper bounds, in s.
type HostLate struct {
	All         float64 // fabric and nodes together
	Fabric      float64 // it did nothing at all, or something was overdue to one of the chain's nodes
	Nodes       float64 // one of the chain's nodes was kept from running
	FabricKnown bool    // it tells of its lateness, or a canary does; else Fabric is 0, and All bounds the nodes' part
}

// Stands is how many jobs the chain stands for: Weight, or one.
func (c *Chain) Stands() float64 {
	if c.Weight > 0 {
		return c.Weight
	}
	return 1
}

// OK says whether the chain came to its end with all of its states.
func (c *Chain) OK() bool { return c.Error == "" && c.Lost == 0 }

// Step is one step of a chain.
type Step struct {
	Tags
	Time      time.Time // when it began
	Chain     int       // index of the chain's job in the workload
	Job       string
	Index     int    // in the plan
	Task      int    // in the job
	Role      string // request, start, read, execute, write, response
	From, To  string // names of the nodes
	Bytes     int64
	Ops       int64
	Offset    float64  // s from the chain's start to its beginning
	Duration  float64  // s
	Remote    float64  // s from its beginning until the repository began to send, or had received; 0: no repository
	Predicted *float64 // s; nil: not known
	Retries   int      // of a write or an execution: how often it was repeated
	Held      float64  // s that a request waited because the instance that it is for was moving
	Moved     int      // how often a request was sent elsewhere, to where that had gone
	Start     float64  // s of the wait for an instance (role start) that it took to start; the rest is its queue

	Superseded bool // of a chain's attempt that is

	// Of nodes on several machines: the names of those, and, where they are two, the most by which what one node tells may
	// be wrong by the other one's clock, in s.
	FromMachine, ToMachine string
	ClockError             float64
}

// Counts say what became of the samples given to a sink: chains and steps. For a database they say what
// became of all lines of samples.lp, and Written are those that it has acknowledged.
type Counts struct {
	Written    int64 `json:"written"`                    // that the file has, not only a buffer
	Dropped    int64 `json:"dropped"`                    // lost: the file has not got them and never will
	Observed   int64 `json:"observed,omitempty"`         // beside those: points of links and of the host that were written
	Unobserved int64 `json:"observed_dropped,omitempty"` // and those of them that were lost

	// Of databases only.
	Retried  int64  `json:"retried,omitempty"`  // requests that were repeated
	Pending  int64  `json:"pending,omitempty"`  // lines that the database has not got yet
	Rejected int64  `json:"rejected,omitempty"` // lines that it has refused
	Message  string `json:"message,omitempty"`  // what the database said last of those
}

// Complete says whether nothing is missing.
func (c Counts) Complete() bool {
	return c.Dropped == 0 && c.Unobserved == 0 && c.Pending == 0 && c.Rejected == 0
}

// Sink takes samples. Its methods may be called from several goroutines.
type Sink interface {
	// Write takes one chain with its steps. An error means that they are lost to this sink.
	Write(chain Chain, steps []Step) error
	// Flush hands on what is buffered.
	Flush() error
	// Counts says what became of the samples so far: chains and steps together.
	Counts() Counts
	// Close flushes and ends the sink.
	Close() error
}

// Observer is implemented by sinks that also take what is sampled at intervals beside the chains.
type Observer interface {
	// Observe takes the points of one sampling instant. Host may be nil: not known on this system.
	Observe(links []Link, host *Host) error
}
