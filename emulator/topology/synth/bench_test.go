package synth

import (
	"fmt"
	"testing"
)

// BenchmarkPaths shows what the computations over all pairs of hosts cost on growing IIoT topologies.
func BenchmarkPaths(b *testing.B) {
	for _, premises := range []int{4, 25, 50, 100} {
		p := DefaultIIoT()
		p.Premises = premises
		topo, err := p.Build()
		if err != nil {
			b.Fatal(err)
		}
		Latencies(topo, DefaultLatencies(), 1)
		hosts := len(topo.Hosts())
		b.Run(fmt.Sprintf("central/hosts=%d", hosts), func(b *testing.B) {
			for b.Loop() {
				if _, err := topo.Central(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("trees/hosts=%d", hosts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				topo.Trees()
			}
		})
		b.Run(fmt.Sprintf("queues/hosts=%d", hosts), func(b *testing.B) {
			for b.Loop() {
				topo.QueueLimits()
			}
		})
		b.Run(fmt.Sprintf("validate/hosts=%d", hosts), func(b *testing.B) {
			for b.Loop() {
				topo.Validate()
			}
		})
	}
}
