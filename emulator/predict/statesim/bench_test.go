package statesim

import (
	"bytes"
	"fmt"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// BenchmarkCampaign has the shape of the campaign that statesim v1.1.1 takes 2.5 s of CPU for: reading a
// trace of about 13,400 rows, then 20 seeds, 2 policies and 4 models of about 350 jobs each on IIoT.
func BenchmarkCampaign(b *testing.B) {
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		b.Fatal(err)
	}
	trace := spar.Synthesize(3650, 1)
	var text bytes.Buffer
	if err := spar.Write(&text, trace); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		read, err := spar.Read(bytes.NewReader(text.Bytes()), "trace")
		if err != nil {
			b.Fatal(err)
		}
		sim, err := New(DefaultConfig(topo, spar.Chains(read, workload.DefaultOptions())))
		if err != nil {
			b.Fatal(err)
		}
		jobs := 0
		for seed := uint64(1); seed <= 20; seed++ {
			for _, policy := range placement.Policies {
				r, err := sim.Replicate(350, seed, policy)
				if err != nil {
					b.Fatal(err)
				}
				jobs += len(r.Jobs)
				for _, m := range plan.Study {
					if _, err := r.Rows(m); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		b.ReportMetric(float64(jobs)/40, "jobs/simulation")
		b.ReportMetric(float64(read.Rows), "rows")
	}
}

func BenchmarkReplication(b *testing.B) {
	topo, pool := synthesized(b, 16749)
	sim, err := New(DefaultConfig(topo, pool))
	if err != nil {
		b.Fatal(err)
	}
	for _, policy := range placement.Policies {
		b.Run("allocation/"+string(policy), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sim.Replicate(500, 1, policy); err != nil {
					b.Fatal(err)
				}
			}
		})
		r, err := sim.Replicate(500, 1, policy)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range plan.Models {
			b.Run(fmt.Sprintf("rows/%s/%s", policy, m), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := r.Rows(m); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkGrowth shows how one replication and its preparation grow with jobs and hosts.
func BenchmarkGrowth(b *testing.B) {
	_, pool := synthesized(b, 340000)
	for _, premises := range []int{4, 40, 400} {
		p := synth.DefaultIIoT()
		p.Premises, p.AtSecond = premises, premises/4
		topo, err := p.Build()
		if err != nil {
			b.Fatal(err)
		}
		var sim *Simulator
		b.Run(fmt.Sprintf("new/hosts=%d", len(topo.Hosts())), func(b *testing.B) {
			for b.Loop() {
				if sim, err = New(DefaultConfig(topo, pool)); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, jobs := range []int{500, 5000, 50000} {
			b.Run(fmt.Sprintf("jobs=%d/hosts=%d", jobs, len(topo.Hosts())), func(b *testing.B) {
				benchmarkGrowth(b, sim, topo, jobs)
			})
		}
	}
}

func benchmarkGrowth(b *testing.B, sim *Simulator, _ *topology.Topology, jobs int) {
	for b.Loop() {
		r, err := sim.Replicate(jobs, 1, placement.LoadNet)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Rows(plan.InEdge); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(r.Jobs)), "jobs")
	}
}
