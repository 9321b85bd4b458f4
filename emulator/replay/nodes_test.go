package replay

import (
	"net/netip"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/faas"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// nodes are agents on loopback: 0 is the client, 1 and 2 are workers, 3 is the central node, 4 the cloud.
type nodes struct {
	agents  []*faas.Agent
	clients []*faas.Client
}

func start(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{}
	for i := range 5 {
		socket := filepath.Join(t.TempDir(), strconv.Itoa(i))
		a, err := faas.Start(faas.Config{Listen: "127.0.0.1:0", Control: socket, Speed: 1e6})
		if err != nil {
			t.Fatal(err)
		}
		c := faas.NewClient(socket)
		t.Cleanup(func() { c.Close(); a.Close() })
		n.agents, n.clients = append(n.agents, a), append(n.clients, c)
	}
	return n
}

// plans makes n chains of three tasks of 1 ms each, for each model.
func plans(n int, models ...plan.Model) [][]*plan.Plan {
	var jobs []workload.Job
	place := &placement.Placement{}
	for i := range n {
		job := workload.Job{Name: "j_" + strconv.Itoa(i), States: []int64{10_000}, Result: 10}
		job.Tasks = []workload.Task{
			{Function: "f", Ops: 1000, Argument: 10, States: []int{0}},
			{Function: "g", Ops: 1000, Argument: 10, After: []int{0}, States: []int{0}},
			{Function: "h", Ops: 1000, Argument: 10, After: []int{1}, States: []int{0}},
		}
		jobs = append(jobs, job)
		place.Client = append(place.Client, 0)
		place.Node = append(place.Node, []topology.ID{1, 2, 1})
	}
	var all [][]*plan.Plan
	for _, m := range models {
		var list []*plan.Plan
		for i := range jobs {
			list = append(list, rule(m).Build(jobs, i, place, plan.Sites{Cloud: 4, Central: 3}, plan.ByWorker))
		}
		all = append(all, list)
	}
	return all
}

func (n *nodes) config(t *testing.T, plans [][]*plan.Plan) (Config, *record.Directory) {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("test", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return Config{
		Plans: plans, Sink: d, Tags: record.Tags{Run: d.Run(), Testbed: "tb"},
		Clients: func(id topology.ID) Agent { return n.clients[id] },
		Address: func(id topology.ID) netip.AddrPort { return n.agents[id].Addr() },
		Name:    func(id topology.ID) (string, string) { return "n" + strconv.Itoa(int(id)), "class" },
	}, d
}

// rule is an execution model of the study's.
func rule(m plan.Model) plan.Rule {
	r, _ := plan.Rules.Find(catalogue.New(plan.Section()), string(m))
	return r
}
