package orchestrator

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func TestReconcileMendsWhatItObserves(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, *fake.Machine){
		"a queue changed by hand": func(_ *testing.T, m *fake.Machine) {
			m.Tamper("one", func(q []fabric.QueueStatus) { q[0].Delay, q[1].Rate, q[1].Down = time.Second, units.Kbps, true })
		},
		"the fabric killed": func(_ *testing.T, m *fake.Machine) { m.KillFabric("one") },
		"a node killed":     func(_ *testing.T, m *fake.Machine) { m.Kill("one", "a") },
		"all nodes killed": func(_ *testing.T, m *fake.Machine) {
			for _, n := range []string{"a", "b", "server"} {
				m.Kill("one", n)
			}
		},
		"a node restarted": func(t *testing.T, m *fake.Machine) {
			if err := m.Restart("one", "server"); err != nil {
				t.Fatal(err)
			}
		},
		"everything at once": func(t *testing.T, m *fake.Machine) {
			m.Kill("one", "a")
			if err := m.Restart("one", "server"); err != nil {
				t.Fatal(err)
			}
			m.KillFabric("one")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, h, b := newMachine(t)
			before := h.Status(t.Context(), "one")
			if len(before.Problems) > 0 {
				t.Fatalf("problems before anything has happened: %v", before.Problems)
			}
			damage(t, m)
			if found, err := b.Compare(t.Context(), requestFor(t, "one")); err != nil ||
				!found.structural() && len(found.Links) == 0 && found.Fabric == "" {
				t.Errorf("nothing is seen: %+v, %v", found, err)
			}
			b, err := h.Open(t.Context(), "one")
			if err != nil {
				t.Fatal(err)
			}
			// What is alive goes on beside what is dead.
			if err := b.Update(t.Context(), "test", setRate(7*units.Mbps)); err != nil {
				t.Error(err)
			}
			if _, err := b.Reconcile(t.Context(), "test", requestFor(t, "one")); err != nil {
				t.Fatal(err)
			}
			if after := h.Status(t.Context(), "one"); len(after.Problems) > 0 || after.Alive != before.Nodes {
				t.Errorf("after apply: %+v", after)
			}
			asWanted(t, h, requestFor(t, "one"))
		})
	}
}

func TestHostsAndLinksComeAndGo(t *testing.T) {
	m, h, b := newMachine(t)
	was := map[string]NodeRecord{}
	for _, n := range b.Journal.Nodes {
		was[n.Name] = n
	}
	r := requestFor(t, "one")
	graph := topology.New("cell") // without b, with two more behind a link of their own, in another order
	add := func(v topology.Vertex) topology.ID {
		id, err := graph.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	gw := add(topology.Vertex{Name: "gw", Kind: topology.Switch})
	for _, name := range []string{"new1", "server", "a", "new2"} {
		link := add(topology.Vertex{Name: name + "-gw", Kind: topology.Link, LinkType: topology.Duplex,
			Shape: [2]topology.Shape{{Rate: units.Mbps}, {Rate: units.Mbps}}})
		graph.Join(add(topology.Vertex{Name: name}), link, 0)
		graph.Join(link, gw, 0)
	}
	r.Topology = graph
	found, err := b.Reconcile(t.Context(), "apply", r)
	if err != nil {
		t.Fatal(err)
	}
	started := slices.Equal(found.Start, []string{"new1", "new2"})
	if !started || !slices.Equal(found.Stop, []string{"b"}) || len(found.Replace) > 0 {
		t.Errorf("found %+v", found)
	}
	asWanted(t, h, r)
	b, err = h.Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]bool{}
	for _, n := range b.Journal.Nodes {
		if old, ok := was[n.Name]; ok && (n.Addr != old.Addr || n.Start != old.Start) {
			t.Errorf("%s goes on as %+v, and was %+v", n.Name, n, old)
		}
		if addresses[n.Addr] {
			t.Errorf("%s is given twice", n.Addr)
		}
		addresses[n.Addr] = true
		hosts, err := os.ReadFile(h.Store.hostsPath("one"))
		if err != nil || !strings.Contains(string(hosts), n.Addr+" "+n.Name) {
			t.Errorf("%s is not in %s, %v", n.Name, hosts, err)
		}
	}
	if _, err := b.Reconcile(t.Context(), "apply", requestFor(t, "one")); err != nil {
		t.Fatal(err)
	}
	asWanted(t, h, requestFor(t, "one"))
	_ = m
}

// Whatever fails half-way, the next apply goes on from there.
func TestReconcileConvergesAfterAFailure(t *testing.T) {
	for _, point := range []string{fake.Start, fake.Stop, fake.Look, fake.Apply, fake.Half} {
		t.Run(point, func(t *testing.T) {
			m, h, b := newMachine(t)
			m.Kill("one", "a")
			m.Fail(point, errPlanted)
			if _, err := b.Reconcile(t.Context(), "test", requestFor(t, "one")); !errors.Is(err, errPlanted) {
				t.Errorf("no failure: %v", err)
			}
			m.Fail(point, nil)
			b, err := h.Open(t.Context(), "one")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Reconcile(t.Context(), "test", requestFor(t, "one")); err != nil {
				t.Fatal(err)
			}
			asWanted(t, h, requestFor(t, "one"))
		})
	}
}

// An apply that is killed while it starts nodes leaves some that no record knows: the next one ends them.
func TestStraysOfAKilledApplyEnd(t *testing.T) {
	m, h, b := newMachine(t)
	specs := []noderuntime.Spec{{Testbed: "one", Node: "new", Dir: t.TempDir(), HostsAt: h.Store.hostsPath("one")}}
	if _, err := b.Runtime.Start(t.Context(), specs, nil); err != nil {
		t.Fatal(err)
	}
	m.Kill("one", "a") // so that there is something to do about nodes
	if _, err := b.Reconcile(t.Context(), "test", requestFor(t, "one")); err != nil {
		t.Fatal(err)
	}
	found, err := b.Runtime.Find(t.Context(), "one")
	stray := func(n noderuntime.Node) bool { return n.Node == "new" }
	if err != nil || len(found) != 3 || slices.ContainsFunc(found, stray) {
		t.Errorf("%+v run, %v", found, err)
	}
}
