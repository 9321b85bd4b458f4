package faas

import (
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/workload"
)

// benchmarkCalls measures invocations from the client's agent, a thousand to a chain, over loopback.
func benchmarkCalls(b *testing.B, m plan.Model, argument int64, states []int64) {
	c := newCluster(b, Allotted)
	tasks := make([]workload.Task, 1000)
	for i := range tasks {
		tasks[i] = workload.Task{Function: "empty", Argument: argument}
		if i > 0 {
			tasks[i].After = []int{i - 1}
		}
		for s := range states {
			tasks[i].States = append(tasks[i].States, s)
		}
	}
	p := placed(1)
	for len(p.Node[0]) < len(tasks) {
		p.Node[0] = append(p.Node[0], 1)
	}
	full := c.spec(b, []workload.Job{{Name: "j", Tasks: tasks, States: states}}, m, p)
	if err := full.Seed(b.Context(), c.client); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= len(tasks) {
		spec := *full
		spec.Invocations = full.Invocations[:min(left, len(tasks))]
		result, err := c.agents[0].runChain(b.Context(), &spec)
		if err != nil || result.Error != "" {
			b.Fatal(err, result.Error)
		}
	}
}

func BenchmarkEmptyFunction(b *testing.B) { benchmarkCalls(b, plan.InFunction, 0, nil) }

func BenchmarkArgument300kB(b *testing.B) { benchmarkCalls(b, plan.InFunction, 300_000, nil) }

func BenchmarkCarried300kB(b *testing.B) { benchmarkCalls(b, plan.InClient, 0, []int64{300_000}) }

func BenchmarkLocal300kB(b *testing.B) { benchmarkCalls(b, plan.InFunction, 0, []int64{300_000}) }

func BenchmarkRepository300kB(b *testing.B) { benchmarkCalls(b, plan.External, 0, []int64{300_000}) }
