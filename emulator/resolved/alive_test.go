package resolved

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/replay"
	"testbed/emulator/scenario"
)

// Jobs that are written down begin when that says, from the start of the chains as events do; those of a trace, whose
// times count from any instant, with the first of them.
func TestWrittenTimesAreKept(t *testing.T) {
	const base = `name: x
topology: {nodes: {a: {memory: 1GiB, cpu: 1}, b: {memory: 1GiB, cpu: 1}}, links: [{endpoints: [a, b]}]}
models: [in-function]
replay: {arrival: {kind: trace, speedup: 2}}
`
	const job = "workload: {jobs: [{name: j, client: a, tasks: {f: {ops: 1}}, %s}]}\n"
	for text, want := range map[string][]time.Duration{
		fmt.Sprintf(job, "at: 2s"):                                  {time.Second},
		fmt.Sprintf(job, "at: 2s, count: 2, period: 3s, phase: 1s"): {1500 * time.Millisecond, 3 * time.Second},
		"workload: {synth: spar, jobs: 3, clients: [a]}\n":          nil,
	} {
		s, err := scenario.Parse([]byte(base+text), "x.yaml", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		e, err := Prepare(s)
		if err != nil {
			t.Fatal(err)
		}
		jobs := make([]int, len(e.Sample))
		for i, d := range e.Sample {
			jobs[i] = d.Job
		}
		due := e.Arrival.(replay.Timed).Due(jobs)
		if want == nil && (slices.Min(due) != 0 || slices.Max(due) == 0) || want != nil && !slices.Equal(due, want) {
			t.Errorf("%s: chains begin after %v, want %v", text, due, want)
		}
	}
}
