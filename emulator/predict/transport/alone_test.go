package transport

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// cell is a shared medium with hosts of uneven rates on cables behind it, and a far one: what chains of the study meet.
func cell(t testing.TB, hosts int) (*topology.Topology, []topology.ID) {
	t.Helper()
	net := topology.New("cell")
	add := func(v topology.Vertex) topology.ID {
		id, err := net.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	shaped := func(name string, kind topology.LinkType, rate units.BitRate, delay time.Duration) topology.ID {
		shape := topology.Shape{Rate: rate, Delay: delay}
		return add(topology.Vertex{Name: name, Kind: topology.Link, LinkType: kind, Shape: [2]topology.Shape{shape, shape}})
	}
	medium := shaped("medium", topology.Shared, 300*units.Mbps, 300*time.Microsecond)
	center := add(topology.Vertex{Name: "center", Kind: topology.Switch})
	net.Join(medium, center, 0)
	var ids []topology.ID
	for i := range hosts {
		host := add(topology.Vertex{Name: fmt.Sprintf("host%d", i)})
		ids = append(ids, host)
		if i%2 == 0 {
			net.Join(host, medium, 100*time.Microsecond)
			continue
		}
		rate, delay := units.BitRate(10+i*i*7)*units.Mbps, time.Duration(i*i)*700*time.Microsecond
		link := shaped(fmt.Sprintf("link%d", i), topology.Duplex, rate, delay)
		net.Join(host, link, 0)
		net.Join(link, center, 0)
	}
	return net, ids
}

// chains are plans without branches among hosts, drawn from the seed: calls with and without states elsewhere.
func chains(hosts []topology.ID, count int, seed uint64) []*plan.Plan {
	random := rand.New(rand.NewPCG(seed, 0))
	host := func() topology.ID { return hosts[random.IntN(len(hosts))] }
	size := func() int64 { return random.Int64N(1 << (3 + random.IntN(20))) }
	plans := make([]*plan.Plan, count)
	for i := range plans {
		p := &plan.Plan{Job: fmt.Sprintf("j_%d", i), Index: i, Model: plan.External, Client: host()}
		pair := 0
		add := func(s plan.Step) {
			if len(p.Steps) > 0 {
				s.After = []int{len(p.Steps) - 1}
			}
			p.Steps = append(p.Steps, s)
		}
		for task := range 1 + random.IntN(4) {
			worker, load := host(), 1+random.IntN(3)
			p.Invocations = append(p.Invocations, plan.Invocation{Task: task, Load: load})
			exchange := pair
			pair++
			add(plan.Step{Role: plan.Request, Task: task, From: p.Client, To: worker, Bytes: size(), Pair: exchange})
			var writes []plan.Step
			for range random.IntN(3) {
				at, bytes := host(), size()
				add(plan.Step{Role: plan.Read, Task: task, From: at, To: worker, Bytes: bytes, Pair: pair})
				write := plan.Step{Role: plan.Write, Task: task, From: worker, To: at, Bytes: bytes, Pair: pair}
				writes = append(writes, write)
				pair++
			}
			ops := random.Int64N(1000)
			add(plan.Step{Kind: plan.Compute, Role: plan.Execute, Task: task, From: worker, To: worker, Ops: ops, Pair: pair})
			pair++
			for _, w := range writes {
				add(w)
			}
			add(plan.Step{Role: plan.Response, Task: task, From: worker, To: p.Client, Bytes: size(), Pair: exchange})
		}
		plans[i] = p
	}
	return plans
}

// exactly is a prediction to the last bit: its times, and a hash of its steps and of their parts. Its processing has
// what the FaaS adds, as it had when the golden file was written.
func exactly(p *predict.Prediction, of *plan.Plan) string {
	h, processing := fnv.New64a(), 0.0
	put := func(v any) { _ = binary.Write(h, binary.LittleEndian, v) } // a hash takes everything
	for i, s := range p.Steps {
		parts := p.Parts[i]
		put(int64(s.Index))
		put([]float64{s.Start, s.End})
		put([]int64{parts.Propagation, parts.Serialisation, parts.SlowStart, parts.RoundTrip, parts.Host, parts.Processing})
		if of.Steps[i].Kind == plan.Compute {
			processing += s.End - s.Start
		}
	}
	return fmt.Sprintf("%s %016x %016x %016x %d %016x", p.Job, math.Float64bits(p.Total), math.Float64bits(p.Network),
		math.Float64bits(processing), p.Traffic, h.Sum64())
}

// A chain alone takes what it took before chains under way at the same time were predicted together, to the last bit.
// The golden file is of that time; it is not to be written anew.
func TestAlone(t *testing.T) {
	var b strings.Builder
	net, hosts := cell(t, 9)
	for _, fresh := range []bool{true, false} {
		for _, restart := range []bool{false, true} {
			for _, limited := range []bool{false, true} {
				o := DefaultOptions()
				o.Fresh, o.IdleRestart, o.PerMessage, o.Overhead = fresh, restart, 123*time.Microsecond, 77*time.Microsecond
				o.HostRate = 8 * units.Gbps
				if limited {
					o.ReceiveWindow, o.MaxReceiveWindow = 3*units.MiB, 3*units.MiB
				}
				e, err := New(net, func(id topology.ID) float64 { return 1000 + 100*float64(id) }, o)
				if err != nil {
					t.Fatal(err)
				}
				plans := chains(hosts, 40, 3)
				all, err := e.Predict(plans)
				if err != nil {
					t.Fatal(err)
				}
				for i := range all {
					near(t, "what is beside network and processing", all[i].Total-all[i].Network-all[i].Processing,
						float64(len(plans[i].Invocations))*o.Overhead.Seconds(), 1e-9)
					fmt.Fprintf(&b, "fresh=%v restart=%v limited=%v %s\n", fresh, restart, limited, exactly(&all[i], plans[i]))
				}
			}
		}
	}
	const file = "testdata/alone.golden"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(want), "\n")
	for i, got := range strings.Split(b.String(), "\n") {
		if i >= len(lines) || got != lines[i] {
			t.Fatalf("line %d: %s", i+1, got)
		}
	}
}
