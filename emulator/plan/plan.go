// Package plan turns a placed job into steps, and holds the execution models that say how: an
// execution model is the rule of where a function's state lives and so which bytes travel. Predictors
// evaluate a plan's steps; the FaaS carries out its invocations. Steps are in a partial order, for a
// job may be a DAG.
package plan

import (
	"slices"
	"time"

	"testbed/emulator/dispatch"
	"testbed/emulator/faas/instance"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Kind tells transfers, computations and waits apart.
type Kind uint8

// The kinds of steps.
const (
	Transfer Kind = iota
	Compute
	Wait // for an instance of a function
)

// Role says what a step is for.
type Role uint8

// The roles of steps.
const (
	Request  Role = iota // caller to worker: the argument, with the states that travel along
	Read                 // a state from its repository
	Execute              // the function itself
	Write                // a state back to its repository
	Response             // worker to caller: the result, with the states that travel along
	Start                // until there is an instance for the invocation: in its queue, and for its start
)

func (r Role) String() string {
	return [...]string{"request", "read", "execute", "write", "response", "start"}[r]
}

// Step is one transfer or computation.
type Step struct {
	Kind  Kind
	Role  Role
	Task  int         // index into the job's tasks
	From  topology.ID // transfers: the sender; computations and waits: the node
	To    topology.ID // transfers: the receiver; computations and waits: the node
	Bytes int64       // transfers: payload
	Ops   int64       // computations: operations
	Load  int         // computations: tasks placed on the node
	State int         // Read, Write: index into the job's states; otherwise -1
	// Replicas are, of a Read or Write of a state that has several, the nodes that keep them: see Ways.
	Replicas []topology.ID
	Pair     int   // steps of one number are the two ways of one exchange (statesim adds them as one)
	After    []int // indexes of the steps that must be finished first
	// Program says, of a computation, that it is a program's, which takes Took, however fast or loaded the node is.
	Program bool
	Took    time.Duration
}

// Location says where an invocation finds a state.
type Location uint8

// The locations of states.
const (
	Carried    Location = iota // in the request, and back in the response
	Local                      // in the worker
	Repository                 // at a node that keeps it, read before and written after the function
	Fetched                    // at the node that used it last, read before the function; the worker keeps it
)

// Access is one state that an invocation reads and changes.
type Access struct {
	State    int   // index into the job's states
	Bytes    int64 // its size before the function
	Grown    int64 // by how many bytes it is larger after the function; negative: smaller. 0 but for programs
	Location Location
	Node     topology.ID   // where the value is: client, worker, repository, or the one that used it last
	Replicas []topology.ID // Repository: the nodes that keep replicas, Node the first; nil: there is one value
	ByClient bool          // Repository: the caller reads it before its request, and writes it after the response
	// Contested, of Local: another invocation that may be under way at the same time changes it, too. The function works
	// on a copy, and does it again where the state has another version in the end.
	Contested bool
}

// Invocation is how the FaaS carries out the steps of one task: one request from the caller to the
// worker, which reads the states that are elsewhere, executes, writes them, and responds; or the caller reads them
// before and writes them afterwards. Where workers call each other (Plan.Messages), what comes and goes is no part
// of it.
type Invocation struct {
	Task     int
	Function string
	Caller   topology.ID
	Worker   topology.ID
	Argument int64 // bytes of the request without the states in States
	Result   int64 // bytes of the response without the states in States
	Ops      int64
	Load     int // tasks placed on the worker: the study's divisor of its speed
	States   []Access
	After    []int // indexes of the invocations that must be finished first
	Steps    []int // indexes of its steps, in the order of execution
	// Candidates are the nodes of which a dispatcher picks the worker when the invocation is made; nil: it is Worker.
	Candidates []topology.ID
	// Program says that the function is a program, which takes Took. Where nothing is known of it (Plan.Unmeasured), sizes
	// are those of the workload, which it need not keep to.
	Program bool
	Took    time.Duration

	Instances *instance.Spec // of the function on the worker; nil: there is always one, and no step Start
}

// Written is the state's size after the function, in bytes.
func (s Access) Written() int64 { return s.Bytes + s.Grown }

// Accessor is the node that reads and writes a state in a repository: the worker, or the caller.
func (inv *Invocation) Accessor(s Access) topology.ID {
	if s.ByClient {
		return inv.Caller
	}
	return inv.Worker
}

// Plan is what one job does.
type Plan struct {
	Job         string
	Index       int // of the job in its workload
	Model       Model
	Client      topology.ID
	Length      int     // number of tasks
	Serialised  int     // of them, those that wait for another only because both are sent the same state
	Weight      float64 // how many jobs it stands for, where it is one of a sample; 0: one
	Steps       []Step
	Invocations []Invocation
	StateBytes  []int64 // size of each of the job's states
	Store       *Store  // what keeps states at repositories; nil: the nodes' agents
	// Lasting are, by state, the names of those that outlive the job, of which the client has one for all of its jobs;
	// nil: there are none.
	Lasting []string
	// Dispatch says how workers are picked of the invocations' candidates; nil: they are not.
	Dispatch *dispatch.Choice
	Seed     uint64 // the scenario's, beside Dispatch

	// Messages are those between workers, and between client and workers, where workers call each other. nil: the client
	// calls them all.
	Messages []Message
	Carried  []int // indexes of the states that each of Messages carries, there and on

	// Unmeasured says that a function is a program of which no profile tells: what it takes and the sizes are not known.
	Unmeasured bool
}

// Message is what one invocation sends to another, which begins when all of its messages are there.
type Message struct {
	From, To int   // indexes of invocations; -1: the client
	Bytes    int64 // without the states that it carries
	Step     int   // index of its step, a Request or, to the client, a Response
}

// Critical is the path through the steps that takes longest, first to last: the step that ends last, the one that ended
// last of those for which it waited, and so on. end is when a step has ended, of any clock; it has where known.
func (p *Plan) Critical(end func(step int) (at int64, known bool)) []int {
	last := func(of []int) int {
		best, latest := -1, int64(0)
		for _, i := range of {
			if at, known := end(i); known && (best < 0 || at >= latest) {
				best, latest = i, at
			}
		}
		return best
	}
	all := make([]int, len(p.Steps))
	for i := range all {
		all[i] = i
	}
	var path []int
	for at := last(all); at >= 0 && len(path) < len(all); at = last(p.Steps[at].After) {
		path = append(path, at)
	}
	slices.Reverse(path)
	return path
}

// Repeated is how many bytes cross the network when a write is refused and repeated once: the state, read and written,
// and where the client writes the invocation without it.
func (p *Plan) Repeated(step int) int64 {
	s := &p.Steps[step]
	if s.Role != Write {
		return 0
	}
	sum := int64(0)
	if s.From != s.To {
		sum = units.Mul(2, s.Bytes)
	}
	if len(s.Replicas) > 0 {
		sum = units.Mul(s.Bytes, int64(len(s.Replicas)+Majority(len(s.Replicas))))
	}
	for i := range p.Invocations {
		if inv := &p.Invocations[i]; inv.Task == s.Task && inv.Worker != s.From {
			sum = units.Add(sum, units.Add(inv.Argument, inv.Result))
		}
	}
	return sum
}

// Traffic is the sum over transfers of bytes times hops(from, to).
func (p *Plan) Traffic(hops func(from, to topology.ID) int) int64 {
	var sum int64
	for _, s := range p.Steps {
		if s.Kind != Transfer {
			continue
		}
		for _, way := range s.Ways() {
			if way.From != way.To {
				sum = units.Add(sum, units.Mul(way.Bytes, int64(hops(way.From, way.To))))
			}
		}
	}
	return sum
}
