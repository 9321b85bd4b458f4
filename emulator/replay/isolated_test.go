package replay

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// occupying is a process whose chains occupy the nodes given.
func occupying(most int, nodes [][]topology.ID) Arrival {
	plans := make([]*plan.Plan, len(nodes))
	for i := range plans {
		plans[i] = &plan.Plan{Index: i}
	}
	return Isolated{Most: most, Occupied: func(p *plan.Plan) (all []Resource) {
		for _, n := range nodes[p.Index] {
			all = append(all, Resource{Node: n})
		}
		return all
	}}.Of(plans)
}

// TestIsolatedChainsShareNothing drives random chains and holds what is under way at each instant against the rule.
func TestIsolatedChainsShareNothing(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 0))
		chains, most := 1+random.IntN(120), 1+random.IntN(12)
		nodes, hold := make([][]topology.ID, chains), make([]time.Duration, chains)
		for i := range nodes {
			hold[i] = time.Duration(1+random.IntN(3000)) * time.Millisecond
			for range random.IntN(5) {
				nodes[i] = append(nodes[i], topology.ID(random.IntN(3+random.IntN(20))))
			}
		}
		runs, took := drive(t, occupying(most, nodes), make([]int, chains), 100*time.Hour,
			func(i int) time.Duration { return hold[i] })
		if len(runs) != chains {
			t.Fatalf("seed %d: %d of %d chains", seed, len(runs), chains)
		}
		var sum time.Duration
		for i, a := range runs {
			alive := 1
			sum += hold[i]
			for j, b := range runs {
				if i == j || a.begin >= b.end || b.begin >= a.end {
					continue
				}
				if a.begin >= b.begin {
					alive++
				}
				if slices.ContainsFunc(nodes[i], func(n topology.ID) bool { return slices.Contains(nodes[j], n) }) {
					t.Fatalf("seed %d: chains %d and %d, which share a node, run side by side", seed, i, j)
				}
			}
			if alive > most {
				t.Fatalf("seed %d: %d chains at a time, %d are allowed", seed, alive, most)
			}
		}
		if took > sum {
			t.Errorf("seed %d: it took %v, longer than one after the other (%v)", seed, took, sum)
		}
	}
}

func TestIsolatedBeginsWhatIsFree(t *testing.T) {
	// The second waits for the first; the third need not; the fourth would, for the limit.
	nodes := [][]topology.ID{{1, 2}, {2, 3}, {4}, {5}}
	runs, took := drive(t, occupying(2, nodes), make([]int, 4), time.Hour, second)
	var begins []time.Duration
	for _, r := range runs {
		begins = append(begins, r.begin)
	}
	if want := []time.Duration{0, time.Second, 0, time.Second}; !slices.Equal(begins, want) || took != 2*time.Second {
		t.Errorf("chains begin at %v, not %v, and took %v", begins, want, took)
	}
}

// TestIsolatedDoesNotStarve has a chain that needs both nodes wait behind an endless line for each of them.
func TestIsolatedDoesNotStarve(t *testing.T) {
	nodes := [][]topology.ID{{1}, {1, 2}}
	for i := range 400 {
		nodes = append(nodes, []topology.ID{topology.ID(2 - i%2)})
	}
	hold := func(i int) time.Duration { return time.Second + time.Duration(i%3)*100*time.Millisecond }
	runs, _ := drive(t, occupying(4, nodes), make([]int, len(nodes)), time.Hour, hold)
	before := 0
	for _, r := range runs[2:] {
		if r.begin < runs[1].begin {
			before++
		}
	}
	if before < patience-2 || before > patience+2 {
		t.Errorf("%d chains began before one that came first; its patience is %d", before, patience)
	}
}

func TestIsolatedEndsWithItsContext(t *testing.T) {
	runs, took := drive(t, occupying(3, make([][]topology.ID, 50)), make([]int, 50), 2500*time.Millisecond, second)
	if len(runs) != 9 || took != 2500*time.Millisecond {
		t.Errorf("%d runs took %v", len(runs), took)
	}
	if runs, _ := drive(t, occupying(3, nil), nil, time.Hour, second); len(runs) != 0 {
		t.Error("chains out of nothing")
	}
	if _, took := drive(t, Isolated{Most: 9}, make([]int, 3), time.Hour, second); took != 3*time.Second {
		t.Errorf("chains of which nothing is known took %v", took)
	}
}

// TestOccupation: a and b are stations of one medium, c and d are behind cables, all at one switch.
func TestOccupation(t *testing.T) {
	g := topology.New("occupied")
	add := func(name string, kind topology.Kind, link topology.LinkType, rate float64) topology.ID {
		v := topology.Vertex{Name: name, Kind: kind, LinkType: link}
		v.Shape[0].Rate = units.BitRate(rate)
		v.Shape[1].Rate = v.Shape[0].Rate
		id, err := g.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a, b := add("a", topology.Host, 0, 0), add("b", topology.Host, 0, 0)
	c, d := add("c", topology.Host, 0, 0), add("d", topology.Host, 0, 0)
	hub := add("switch", topology.Switch, 0, 0)
	medium := add("medium", topology.Link, topology.Shared, 1e6)
	cable, free := add("cable", topology.Link, topology.Duplex, 1e6), add("free", topology.Link, topology.Duplex, 0)
	for _, ends := range [][2]topology.ID{
		{a, medium}, {b, medium}, {medium, hub}, {c, cable}, {cable, hub}, {d, free}, {free, hub},
	} {
		g.Join(ends[0], ends[1], 0)
	}
	occupied := Occupation(g)
	call := func(client, worker, repository topology.ID) []Resource {
		return occupied(&plan.Plan{Client: client, Steps: []plan.Step{
			{Role: plan.Request, From: client, To: worker},
			{Role: plan.Read, From: repository, To: worker},
			{Kind: plan.Compute, Role: plan.Execute, From: worker, To: worker},
			{Role: plan.Response, From: worker, To: client},
		}})
	}
	queue := func(link topology.ID, dir int) Resource {
		return Resource{Queue: topology.Channel{Link: link, Dir: dir}, Node: -1}
	}
	for name, one := range map[string]struct{ got, want []Resource }{
		"over the medium": {call(a, b, b), []Resource{{Node: a}, queue(medium, 0), {Node: b}}},
		"over medium, cable": {call(a, c, c), []Resource{
			{Node: a}, queue(medium, 0), queue(cable, 1), queue(cable, 0), {Node: c},
		}},
		"without a rate":      {call(d, d, d), []Resource{{Node: d}}},
		"with a repository":   {call(d, d, c), []Resource{{Node: d}, queue(cable, 0), queue(cable, 1)}},
		"at one's own worker": {call(c, c, c), []Resource{{Node: c}}},
	} {
		if !slices.Equal(one.got, one.want) {
			t.Errorf("%s: %+v, not %+v", name, one.got, one.want)
		}
	}
}
