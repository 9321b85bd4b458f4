package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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

// newMachine is a host on a machine in memory, and a testbed "one" that is up on it.
func newMachine(t *testing.T) (*fake.Machine, *Host, *Bed) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	m := fake.New()
	fine := func(context.Context) error { return nil }
	h := &Host{Store: Store(filepath.Join(t.TempDir(), "store")), Key: filepath.Join(t.TempDir(), "key"), Subnet: m.Subnet,
		Runtimes: []RuntimeOption{{Runtime: m.Runtime("process"), Supported: fine}},
		Fabrics: []FabricOption{{Name: "userspace", Supported: fine, New: func(_, testbed string) fabric.Fabric {
			return m.Fabric("userspace", testbed)
		}}}}
	bed, err := h.Up(t.Context(), requestFor(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Down(context.Background(), "one", nil); err != nil {
			t.Error(err)
		}
		if !m.Empty() {
			t.Error("something is left after down")
		}
	})
	return m, h, bed
}

// requestFor is a request whose nodes are without agents.
func requestFor(t *testing.T, name string) Request {
	r := requestOf(t, name)
	r.Node = func(s Station, _ string) NodeConfig { return NodeConfig{} }
	return r
}

// queue is what is in force of the first queue of a link.
func queue(t *testing.T, b *Bed, link string) fabric.QueueStatus {
	t.Helper()
	status, err := b.Fabric.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range status.Queues {
		if q.Link == link && q.Dir == 0 {
			return q
		}
	}
	t.Fatalf("no queue of %s in %+v", link, status.Queues)
	return fabric.QueueStatus{}
}

// setRate is a change of the first direction of the link "line".
func setRate(r units.BitRate) func(*fabric.Network) error {
	return func(n *fabric.Network) error {
		id, _ := n.Topology.Lookup("line")
		n.Topology.Vertices[id].Shape[0].Rate = r
		return nil
	}
}

// delays is an overlay that sets the delay of that queue, and takes "gw" down.
func delays(t *testing.T, b *Bed, d time.Duration) fabric.Overlay {
	t.Helper()
	n, err := b.Origin()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := n.Topology.Lookup("line")
	was := n.Topology.Vertices[id].Shape[0]
	now := was
	now.Delay = d
	return fabric.Overlay{Queues: []fabric.QueueOverlay{{Channel: topology.Channel{Link: id}, Was: was, Now: now}}}
}

func TestUpdateIsInForceAndPersistedOrNeither(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *fake.Machine, *Bed) (mend func()){
		"the fabric refuses": func(_ *testing.T, m *fake.Machine, _ *Bed) func() {
			m.Fail(fake.Apply, errPlanted)
			return func() { m.Fail(fake.Apply, nil) }
		},
		"the fabric fails half-way": func(_ *testing.T, m *fake.Machine, _ *Bed) func() {
			m.Fail(fake.Half, errPlanted)
			return func() { m.Fail(fake.Half, nil) }
		},
		"the journal's disk is full": func(t *testing.T, _ *fake.Machine, b *Bed) func() {
			// What is to be written meets a directory in its place, which root cannot replace either.
			path := filepath.Join(b.dir(), "."+stagedFile+".new", "x")
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			return func() { _ = os.RemoveAll(filepath.Dir(path)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, b := newMachine(t)
			before := queue(t, b, "line")
			mend := spoil(t, m, b)
			if err := b.Update(t.Context(), "test", setRate(7*units.Mbps)); err == nil {
				t.Fatal("no error")
			}
			mend()
			n := b.mustNetwork(t)
			if id, _ := n.Topology.Lookup("line"); n.Topology.Vertices[id].Shape[0].Rate != before.Rate {
				t.Error("it is persisted")
			}
			// Half of a change may be in force until the next one: whatever that is, it makes all as wanted.
			if err := b.Update(t.Context(), "test", func(*fabric.Network) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if now := queue(t, b, "line"); now != before {
				t.Errorf("in force %+v, want %+v", now, before)
			}
		})
	}
}

func TestEventsAreALayerAboveTheBase(t *testing.T) {
	_, h, b := newMachine(t)
	ctx := t.Context()
	lease, err := b.Begin(ctx, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	defer lease.End()
	p := newPlayer(t, b)
	base := queue(t, b, "line")
	p.Play(ctx, time.Now(), []Moment{{Overlay: delays(t, b, 70*time.Millisecond)}}, failPlayed(t))
	// Another process changes the same link, and another property of it.
	other, err := h.Open(ctx, "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Update(ctx, "link set line rate=7Mbps", setRate(7*units.Mbps)); err != nil {
		t.Fatal(err)
	}
	if q := queue(t, b, "line"); q.Delay != 70*time.Millisecond || q.Rate != 7*units.Mbps {
		t.Errorf("after the change in force: %+v; want both the event and the change", q)
	}
	p.Play(ctx, time.Now(), []Moment{{Overlay: delays(t, b, 90*time.Millisecond)}}, failPlayed(t))
	if q := queue(t, b, "line"); q.Delay != 90*time.Millisecond || q.Rate != 7*units.Mbps {
		t.Errorf("after the next event in force: %+v; want both the event and the change", q)
	}
	if err := p.Restore(ctx); err != nil {
		t.Fatal(err)
	}
	if q := queue(t, b, "line"); q.Delay != base.Delay || q.Rate != 7*units.Mbps {
		t.Errorf("after the run in force: %+v; want the change alone", q)
	}
	changes, err := lease.Changes()
	if err != nil || len(changes) != 1 || changes[0].Origin != "link set line rate=7Mbps" || time.Since(changes[0].Time) > time.Hour ||
		!strings.Contains(fmt.Sprint(changes[0].What), "line (from gw): rate 7Mbps, was 10Mbps") {
		t.Errorf("changes %+v, %v", changes, err)
	}
}

func failPlayed(t *testing.T) func(Played) {
	return func(p Played) {
		if p.Err != nil {
			t.Error(p.Err)
		}
	}
}

// A run that was killed leaves its events in force: whoever comes next ends them.
func TestEventsOfAKilledRunEnd(t *testing.T) {
	for name, next := range map[string]func(*testing.T, *Bed) error{
		"another run": func(t *testing.T, b *Bed) error {
			lease, err := b.Begin(t.Context(), "run-2")
			if err == nil {
				lease.End()
			}
			return err
		},
		"a change": func(t *testing.T, b *Bed) error {
			return b.Update(t.Context(), "test", func(*fabric.Network) error { return nil })
		},
		"apply": func(t *testing.T, b *Bed) error {
			_, err := b.Reconcile(t.Context(), "test", requestFor(t, "one"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, b := newMachine(t)
			before := queue(t, b, "line")
			lease, err := b.Begin(t.Context(), "run-1")
			if err != nil {
				t.Fatal(err)
			}
			newPlayer(t, b).Play(t.Context(), time.Now(), []Moment{{Overlay: delays(t, b, 70*time.Millisecond)}}, failPlayed(t))
			lease.End() // as the end of its process does
			if err := next(t, b); err != nil {
				t.Fatal(err)
			}
			if q := queue(t, b, "line"); q != before {
				t.Errorf("in force %+v, want %+v", q, before)
			}
		})
	}
}

func TestOneRunAtATime(t *testing.T) {
	_, h, b := newMachine(t)
	first, err := b.Begin(t.Context(), "iiot-1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Begin(t.Context(), "iiot-2"); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "iiot-1") {
		t.Errorf("a second run: %v; want the first one's name", err)
	}
	if s := h.Status(t.Context(), "one"); s.Run == nil || s.Run.Run != "iiot-1" {
		t.Errorf("status %+v", s)
	}
	r := requestFor(t, "one")
	r.Node = func(Station, string) NodeConfig { return NodeConfig{Image: "another"} }
	if _, err := other.Reconcile(t.Context(), "test", r); !errors.Is(err, ErrBusy) {
		t.Errorf("nodes are replaced beneath a run: %v", err)
	}
	first.End()
	second, err := other.Begin(t.Context(), "iiot-2")
	if err != nil {
		t.Fatal(err)
	}
	second.End()
}

// `down` ends all that holds the testbed: nothing makes its network again, and nothing changes another of its name.
func TestDownEndsTheRevision(t *testing.T) {
	m, h, b := newMachine(t)
	ctx := t.Context()
	p := newPlayer(t, b)
	overlay := delays(t, b, 70*time.Millisecond)
	late := map[string]func() error{
		"restore": func() error { return p.Restore(ctx) },
		"an event": func() (err error) {
			p.Play(ctx, time.Now(), []Moment{{Overlay: overlay}}, func(played Played) { err = played.Err })
			return err
		},
		"a change": func() error { return b.Update(ctx, "test", setRate(units.Mbps)) },
		"apply":    func() error { _, err := b.Reconcile(ctx, "test", requestFor(t, "one")); return err },
		"a run":    func() error { _, err := b.Begin(ctx, "late"); return err },
	}
	if err := h.Down(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	for name, do := range late {
		if err := do(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s after down: %v", name, err)
		}
		if !m.Empty() {
			t.Fatalf("%s after down made something again", name)
		}
	}
	again, err := h.Up(ctx, requestFor(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	before := queue(t, again, "line")
	for name, do := range late {
		if err := do(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s of the earlier testbed: %v", name, err)
		}
		if now := queue(t, again, "line"); now != before {
			t.Fatalf("%s of the earlier testbed changed this one: %+v", name, now)
		}
	}
}

// Nothing changes a network while another holds the testbed's lock.
func TestEveryChangeTakesTheLock(t *testing.T) {
	_, h, b := newMachine(t)
	p := newPlayer(t, b)
	overlay := delays(t, b, 70*time.Millisecond)
	before := queue(t, b, "line")
	release, err := h.Store.acquire(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for name, do := range map[string]func() error{
		"an event": func() (err error) {
			p.Play(ctx, time.Now().Add(-time.Hour), []Moment{{Overlay: overlay}}, func(played Played) { err = played.Err })
			if ctx.Err() != nil && err == nil {
				err = ctx.Err() // not even begun
			}
			return err
		},
		"a change": func() error { return b.Update(ctx, "test", setRate(units.Mbps)) },
		"apply":    func() error { _, err := b.Reconcile(ctx, "test", requestFor(t, "one")); return err },
		"a run":    func() error { _, err := b.Begin(ctx, "x"); return err },
		"down":     func() error { return h.Down(ctx, "one", nil) },
	} {
		if err := do(); err == nil {
			t.Errorf("%s went on while another changed the testbed", name)
		}
	}
	if now := queue(t, b, "line"); now != before {
		t.Errorf("in force %+v, want %+v", now, before)
	}
}

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

// asWanted opens the testbed anew and compares what is with what a request wants.
func asWanted(t *testing.T, h *Host, r Request) {
	t.Helper()
	b, err := h.Open(t.Context(), r.Testbed)
	if err != nil {
		t.Fatal(err)
	}
	found, err := b.Compare(t.Context(), r)
	if err != nil || found.structural() || len(found.Links)+len(found.Wanted) > 0 || found.Fabric != "" {
		t.Errorf("not as wanted: %+v, %v", found, err)
	}
	status, err := b.Fabric.Inspect(t.Context())
	if err != nil || len(status.Stations) != len(r.Topology.Attached()) {
		t.Errorf("%d stations, %v", len(status.Stations), err)
	}
	for _, s := range status.Stations {
		if !s.Attached {
			t.Errorf("%s is not attached", s.Name)
		}
	}
	if nodes := b.Nodes(); len(nodes) != len(status.Stations) {
		t.Errorf("%d nodes", len(nodes))
	}
	for _, n := range b.Nodes() {
		if n.State != noderuntime.Running {
			t.Errorf("%s is %s", n.Name, n.State)
		}
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
	if !slices.Equal(found.Start, []string{"new1", "new2"}) || !slices.Equal(found.Stop, []string{"b"}) || len(found.Replace) > 0 {
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

// The reason of a run's end is that the testbed was taken down, not that its first node died.
func TestWatchSaysWhatHasHappened(t *testing.T) {
	m, h, b := newMachine(t)
	watched := make(chan error, 1)
	go func() { watched <- b.Watch(t.Context()) }()
	if err := h.Down(t.Context(), "one", nil); err != nil {
		t.Fatal(err)
	}
	if err := <-watched; !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "was taken down") {
		t.Errorf("watching while it is taken down: %v", err)
	}
	b, err := h.Up(t.Context(), requestFor(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	go func() { watched <- b.Watch(t.Context()) }()
	m.Kill("one", "server")
	if err := <-watched; err == nil || !strings.Contains(err.Error(), "node server of testbed one has died") {
		t.Errorf("watching while a node dies: %v", err)
	}
}

func TestStatusTellsTheTruth(t *testing.T) {
	m, h, _ := newMachine(t)
	expect := func(alive, paused int, problem string) {
		t.Helper()
		s := h.Status(t.Context(), "one")
		if s.Alive != alive || s.Paused != paused || s.Nodes != 3 || (problem == "") != (len(s.Problems) == 0) ||
			!strings.Contains(strings.Join(s.Problems, "\n"), problem) {
			t.Errorf("%+v; want %d alive, %d paused, %q", s, alive, paused, problem)
		}
	}
	expect(3, 0, "")
	m.Pause("one", "b")
	expect(3, 1, "")
	m.KillFabric("one")
	expect(3, 1, "the fabric: nothing carries the network")
	m.Kill("one", "a")
	expect(2, 1, "node a is dead")
	if err := m.Restart("one", "server"); err != nil {
		t.Fatal(err)
	}
	expect(1, 1, "node server is restarted")
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
	if err != nil || len(found) != 3 || slices.ContainsFunc(found, func(n noderuntime.Node) bool { return n.Node == "new" }) {
		t.Errorf("%+v run, %v", found, err)
	}
}
