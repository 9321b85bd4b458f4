package replay

import (
	"context"
	"time"

	"testbed/emulator/catalogue"
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
	// Alive is how many chains may be under way at one time, at most or, in open loops, as an estimate: overlapping
	// says it of chains that begin at the given times, in s.
	Alive(jobs []int, overlapping func(due []float64) int) int
}

// Processes is the kind of the catalogue's arrival processes.
var Processes = catalogue.NewKind[Process](catalogue.Arrivals)

// Process makes an arrival process of what a scenario says.
type Process struct {
	New func(Settings) Arrival
}

// Settings are the parameters of all arrival processes; each takes its own.
type Settings struct {
	Times   []time.Duration // by the job's index in the workload: when the trace has it begin
	Clients int             // chains that run at any time, from 1
	Speedup float64         // how much faster than in the trace time passes, above 0
	Rate    float64         // mean number of chains that start, in 1/s, above 0
	Seed    uint64
}

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return Processes.Of(
		process("sequential", "one after the other", Process{New: func(Settings) Arrival { return Sequential{} }}),
		process("concurrency", "a number of them at any time", Process{New: func(s Settings) Arrival {
			return Concurrent{Users: s.Clients}
		}}, catalogue.Option{Name: "clients", About: "chains that run at any time", Default: 4, Min: 1, Max: 10_000}),
		process("trace", "at the trace's times", Process{New: func(s Settings) Arrival {
			return Trace{Times: s.Times, SpeedUp: s.Speedup}
		}}, catalogue.Option{
			Name: "speedup", About: "how much faster than in the trace time passes", Default: 1, Min: 0.001, Max: 1e6,
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
		return Poisson{Rate: s.Rate, Seed: s.Seed}
	}}, catalogue.Option{Name: "rate", About: "mean number of chains that start", Unit: "1/s", Default: 1})
	e.Seeded = true
	return e
}
