package transport

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// star is hosts around a switch, each with a link of its own of some delay, one way.
func star(t *testing.T, delays ...time.Duration) (*topology.Topology, []topology.ID) {
	t.Helper()
	net := topology.New("star")
	add := func(v topology.Vertex) topology.ID {
		id, err := net.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	hub := add(topology.Vertex{Name: "hub", Kind: topology.Switch})
	var hosts []topology.ID
	for i, d := range delays {
		name := string(rune('a' + i))
		shape := topology.Shape{Rate: 100 * units.Gbps, Delay: d}
		host := add(topology.Vertex{Name: name})
		link := add(topology.Vertex{Name: "link_" + name, Kind: topology.Link, Shape: [2]topology.Shape{shape, shape}})
		net.Join(host, link, 0)
		net.Join(link, hub, 0)
		hosts = append(hosts, host)
	}
	return net, hosts
}

// A read takes as long as the slower of the two replicas that it asks; a write two round trips to the second nearest of
// three. Times of messages are next to nothing here.
func TestReplicas(t *testing.T) {
	const ms = time.Millisecond
	net, hosts := star(t, 0, 10*ms, 30*ms, 20*ms)
	several := &plan.Repositories{Replicas: 3, Delay: func(_, node topology.ID) float64 { return float64(node) }}
	for i, id := range hosts[1:] {
		several.Nodes = append(several.Nodes, plan.Named{ID: id, Name: string(rune('b' + i))})
	}
	job := workload.Job{Name: "j", States: []int64{1000}, Tasks: []workload.Task{
		{Function: "f", States: []int{0}}, {Function: "g", States: []int{0}, After: []int{0}},
	}}
	place := &placement.Placement{Client: hosts[:1], Node: [][]topology.ID{{hosts[0], hosts[0]}}}
	sites := plan.Sites{Central: hosts[1], Repositories: several}
	for name, c := range map[string]struct {
		replicas    int
		read, write float64 // s
		copies      int64   // of the state that cross the network for one task
	}{
		"1": {1, 0.020, 0.020, 2},
		"2": {2, 0.060, 0.120, 4},
		"3": {3, 0.060, 0.080, 5},
	} {
		several.Replicas = c.replicas
		p := rule(plan.InEdge).Build([]workload.Job{job}, 0, place, sites, plan.ByWorker)
		got := predictions(t, net, bare(), []*plan.Plan{p})[0]
		if want := 2 * (c.read + c.write); math.Abs(got.Total-want) > 1e-4 {
			t.Errorf("%s replicas: %.6f s, want %.6f s", name, got.Total, want)
		}
		for i, s := range p.Steps {
			want := map[plan.Role]float64{plan.Read: c.read, plan.Write: c.write}[s.Role]
			if took := got.Steps[i].End - got.Steps[i].Start; math.Abs(took-want) > 1e-4 {
				t.Errorf("%s replicas, %s: %.6f s, want %.6f s", name, s.Role, took, want)
			}
		}
		if len(got.Parts) != len(p.Steps) || len(got.Steps) != len(p.Steps) {
			t.Errorf("%s replicas: %d parts and %d steps of %d", name, len(got.Parts), len(got.Steps), len(p.Steps))
		}
		// Each way leads through two links: two queues.
		if want := 2 * c.copies * 1000 * 2; got.Traffic != want {
			t.Errorf("%s replicas: a traffic of %d, want %d", name, got.Traffic, want)
		}
	}
}
