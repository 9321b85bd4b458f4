package replay

import (
	"context"
	"slices"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
)

// Arrival is the process by which chains begin. Its values may be used for several runs.
type Arrival interface {
	// String names the process with its parameters, for the manifest.
	String() string
	// Drive calls start for the chains 0 to len(jobs)-1, jobs being their jobs' indexes in the workload,
	// and returns when all calls have returned. due is when the chain is to begin; zero: at once. When ctx
	// ends it starts no more. OpenLoop does so for processes that know all times beforehand.
	Drive(ctx context.Context, jobs []int, start func(ctx context.Context, chain int, due time.Time))
	// Connections is how many chains of one client are likely to use one pair of nodes at the same time.
	Connections() int
	// Alone says that no chain has another in its way, for none begins while another is under way that could be, so that
	// each has connections of its own, begins as the first did, and can be repeated.
	Alone() bool
	// Alive is how many chains may be under way at one time, at most or, in open loops, as an estimate: overlapping
	// says it of chains that begin at the given times, in s.
	Alive(jobs []int, overlapping func(due []float64) int) int
}

// Timed is an arrival process whose chains begin at times that are known beforehand.
type Timed interface {
	// Due is when the chains begin, by their jobs' indexes in the workload and since the start of all.
	Due(jobs []int) []time.Duration
}

// gapOf is the mean time from one chain that is due to the next; 0: the process knows no times beforehand.
func gapOf(a Arrival, jobs []int) time.Duration {
	timed, is := a.(Timed)
	if !is || len(jobs) < 2 {
		return 0
	}
	due := timed.Due(jobs)
	return (slices.Max(due) - slices.Min(due)) / time.Duration(len(due)-1)
}

// Planned is an arrival process for which it matters what its chains do.
type Planned interface {
	Arrival
	// Of is the process for the chains of these plans, which Drive is called with.
	Of(plans []*plan.Plan) Arrival
}

// Processes is the kind of the catalogue's arrival processes.
var Processes = catalogue.NewKind[Process](catalogue.Arrivals)

// Process makes an arrival process of what a scenario says.
type Process struct {
	New func(Settings) Arrival
}

// Settings are what an arrival process can know.
type Settings struct {
	Times   []time.Duration  // by the job's index in the workload: when the trace has it begin
	Kept    bool             // Times are since the start of the chains; else since any common instant
	Options catalogue.Values // the process's own
	Seed    uint64           // of processes that take a seed
	// Occupied is what a plan's chain occupies, as Occupation has it.
	Occupied func(*plan.Plan) []Resource
}

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return Processes.Of(
		process("sequential", "one after the other", Process{New: func(Settings) Arrival { return Sequential{} }}),
		process("isolated", "side by side where they share no queue, no processor and no client", Process{
			New: func(s Settings) Arrival { return Isolated{Most: int(s.Options.Of("most")), Occupied: s.Occupied} },
		}, catalogue.Option{
			Name: "most", About: "Chains under way at any time, at most", Unit: catalogue.Count, Default: 4, Min: 1, Max: 1000,
		}),
		process("concurrency", "a number of them at any time", Process{New: func(s Settings) Arrival {
			return Concurrent{Users: int(s.Options.Of("clients"))}
		}}, catalogue.Option{
			Name: "clients", About: "Chains that run at any time", Unit: catalogue.Count, Default: 4, Min: 1, Max: 10_000,
		}),
		process("trace", "at the trace's times", Process{New: func(s Settings) Arrival {
			return Trace{Times: s.Times, SpeedUp: s.Options.Of("speedup"), Kept: s.Kept}
		}}, catalogue.Option{
			Name: "speedup", About: "How much faster than in the trace time passes", Default: 1, Min: 0.001, Max: 1e6,
		}),
		poisson(),
	)
}

func process(name, about string, does Process, options ...catalogue.Option) catalogue.Entry[Process] {
	d := catalogue.Description{Name: name, About: about, Options: options}
	return catalogue.Entry[Process]{Description: d, Does: does}
}

func poisson() catalogue.Entry[Process] {
	e := process("poisson", "at random", Process{New: func(s Settings) Arrival {
		return Poisson{Rate: s.Options.Of("rate"), Seed: s.Seed}
	}}, catalogue.Option{
		Name: "rate", About: "Mean number of chains that start, such as 5/s", Unit: catalogue.PerSecond, Default: 1,
	})
	e.Takes = []string{"seed"}
	return e
}
