package orchestrator

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
	"testbed/emulator/noderuntime/several"
)

// island is one of several machines: nodes of a machine in memory, until the way to them is cut.
type island struct {
	noderuntime.Runtime
	mu    sync.Mutex
	cut   chan struct{} // closed: it is
	nodes map[string]bool
}

func (i *island) lost() error {
	select {
	case <-i.cut:
		return control.ErrLost
	default:
		return nil
	}
}

func (i *island) Start(ctx context.Context, specs []noderuntime.Spec, progress func(int)) ([]noderuntime.Node, error) {
	if err := i.lost(); err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, s := range specs {
		i.nodes[s.Node] = true
	}
	return i.Runtime.Start(ctx, specs, progress)
}

func (i *island) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	if err := i.lost(); err != nil {
		return nil, err
	}
	return i.Runtime.Inspect(ctx, nodes)
}

func (i *island) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	found, err := i.Runtime.Find(ctx, testbed)
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.DeleteFunc(found, func(n noderuntime.Node) bool { return !i.nodes[n.Node] }), errors.Join(err, i.lost())
}

func (i *island) Stop(ctx context.Context, nodes []noderuntime.Node) error {
	if err := i.lost(); err != nil {
		return err
	}
	return i.Runtime.Stop(ctx, nodes)
}

// Remove removes those of this machine alone.
func (i *island) Remove(ctx context.Context, testbed string, nodes []noderuntime.Node) error {
	found, err := i.Find(ctx, testbed)
	if err != nil {
		return err
	}
	return i.Stop(ctx, append(found, nodes...))
}

func (i *island) Watch(ctx context.Context, _ []noderuntime.Node) (string, error) {
	select {
	case <-i.cut:
		return "", control.ErrLost
	case <-ctx.Done():
		return "", nil
	}
}

// archipelago are machines a and b.
type archipelago struct {
	machine *fake.Machine
	islands map[string]*island
	begun   int
	refuse  error
	ended   []string // machines that were asked to remove what they have
}

func (a *archipelago) Begin(
	_ context.Context, testbed string, s *Spread, _ Parted, _ func(string),
) (*Carried, error) {
	if a.refuse != nil {
		return nil, a.refuse
	}
	a.begun++
	return a.carried(testbed, s), nil
}

func (a *archipelago) Open(testbed string, s *Spread, _ Parted) (*Carried, error) {
	return a.carried(testbed, s), nil
}

func (a *archipelago) carried(testbed string, s *Spread) *Carried {
	var list []several.Machine
	for _, m := range s.Partition.Machines {
		list = append(list, several.Machine{ID: m.ID, Made: noderuntime.Made{Runtime: a.islands[m.ID]}})
	}
	return &Carried{Runtime: several.New("docker", list), Fabric: a.machine.Fabric("userspace", testbed),
		At: func(id string) remote.Opener { return ferry{a.islands[id]} },
		Lost: func(ctx context.Context) error {
			for id, i := range a.islands {
				select {
				case <-i.cut:
					return carrier.On(machines.Machine{ID: id}, control.ErrLost)
				default:
				}
			}
			select {
			case <-a.islands["b"].cut:
				return carrier.On(machines.Machine{ID: "b"}, control.ErrLost)
			case <-ctx.Done():
				return nil
			}
		}}
}

// ferry is the way to the agent of an island.
type ferry struct{ to *island }

// Open connects to nobody, or fails where the way is cut.
func (f ferry) Open(string) (net.Conn, error) {
	if err := f.to.lost(); err != nil {
		return nil, err
	}
	here, there := net.Pipe()
	_ = there.Close()
	return here, nil
}

func (a *archipelago) End(
	ctx context.Context, testbed string, _ *Spread, on []machines.Machine, nodes []noderuntime.Node,
) (left []carrier.Unfit, err error) {
	for _, m := range on {
		a.ended = append(a.ended, m.ID)
		var own []noderuntime.Node
		for _, n := range nodes {
			if n.Machine == m.ID {
				n.Machine = ""
				own = append(own, n)
			}
		}
		if err := a.islands[m.ID].Remove(ctx, testbed, own); err != nil {
			left = append(left, carrier.Unfit{Machine: m, Why: err.Error()})
		}
	}
	return left, a.machine.Fabric("userspace", testbed).Close(ctx)
}

// apart is a request over machines a and b: the server is on b, all else on a.
func apart(t *testing.T, name string) Request {
	r := requestFor(t, name)
	r.Runtime, r.Fabric = "docker", "userspace"
	r.Spread = &Spread{Carrier: "swarm", Partition: *machines.Single(r.Topology, machines.Machine{ID: "a", Name: "first"})}
	r.Spread.Partition.Machines = append(r.Spread.Partition.Machines, machines.Machine{ID: "b", Name: "second"})
	r.Spread.Partition.Of["server"] = 1
	return r
}

// newApart is a testbed "far" over two machines.
func newApart(t *testing.T) (*archipelago, *Host, *Bed) {
	t.Helper()
	m, h, _ := newMachine(t)
	a := &archipelago{machine: m, islands: map[string]*island{}}
	for _, id := range []string{"a", "b"} {
		a.islands[id] = &island{Runtime: m.Runtime("docker"), cut: make(chan struct{}), nodes: map[string]bool{}}
	}
	h.Several = a
	h.Runtimes = append(h.Runtimes, RuntimeOption{Runtime: m.Runtime("docker"),
		Supported: func(context.Context) error { return noderuntime.ErrNotSupported }}) // not here
	b, err := h.Up(t.Context(), apart(t, "far"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, i := range a.islands {
			i.cut = make(chan struct{})
		}
		if err := h.Down(context.Background(), "far", nil); err != nil {
			t.Error(err)
		}
	})
	return a, h, b
}

// TestATestbedOverSeveralMachines: its record knows where everything is, and whoever opens it finds it there.
func TestATestbedOverSeveralMachines(t *testing.T) {
	_, h, _ := newApart(t)
	b, err := h.Open(t.Context(), "far")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range b.Nodes() {
		want := "a"
		if n.Name == "server" {
			want = "b"
		}
		if n.Machine != want || n.State != noderuntime.Running {
			t.Errorf("node %s is %s on %q", n.Name, n.State, n.Machine)
		}
		if c, err := b.Node(n.Name); err != nil || c.Machine != want {
			t.Errorf("%+v, %v", c, err)
		}
	}
	s := h.Status(t.Context(), "far")
	want := []MachineStatus{{ID: "a", Name: "first", Nodes: 2}, {ID: "b", Name: "second", Nodes: 1}}
	if !slices.Equal(s.Machines, want) || len(s.Problems) > 0 || s.Alive != 3 {
		t.Errorf("%+v", s)
	}
	asWanted(t, h, apart(t, "far"))
	if here := h.Status(t.Context(), "one"); here.Machines != nil {
		t.Errorf("one machine is said to be several: %+v", here)
	}
}

// TestALostMachine is named by all that look at the testbed; down removes what it reaches and finishes when it is back.
func TestALostMachine(t *testing.T) {
	a, h, b := newApart(t)
	watched := make(chan error, 1)
	go func() { watched <- b.Watch(t.Context()) }()
	close(a.islands["b"].cut)
	if err := <-watched; !errors.Is(err, control.ErrLost) || !strings.Contains(err.Error(), "machine b") {
		t.Errorf("watching: %v", err)
	}
	b, err := h.Open(t.Context(), "far")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reconcile(t.Context(), "test", apart(t, "far")); !errors.Is(err, carrier.ErrUnreachable) {
		t.Errorf("apply: %v", err)
	}
	s := h.Status(t.Context(), "far")
	if s.Alive != 2 || len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "lost") || s.Machines[1].Lost == "" {
		t.Errorf("%+v", s)
	}
	err = h.Down(t.Context(), "far", nil)
	var left *LeftError
	if !errors.As(err, &left) || !errors.Is(err, carrier.ErrUnreachable) || len(left.Machines) != 1 {
		t.Fatalf("down: %v", err)
	}
	j, err := h.Store.Read("far")
	if err != nil || j.Phase != Stopping || len(j.Spread.Left) != 1 || j.Spread.Left[0].ID != "b" {
		t.Fatalf("%+v, %v", j, err)
	}
	p := strings.Join(h.Status(t.Context(), "far").Problems, "\n")
	if !strings.Contains(p, "something may be left on second") {
		t.Errorf("%q", p)
	}
	a.islands["b"].cut, a.ended = make(chan struct{}), nil
	if err := h.Down(t.Context(), "far", nil); err != nil || !slices.Equal(a.ended, []string{"b"}) {
		t.Errorf("%v; %v were asked", err, a.ended)
	}
	if _, err := h.Store.Read("far"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its record is there: %v", err)
	}
}

// TestALostMachineWithoutNodes is named as well: a switch may be all that it has.
func TestALostMachineWithoutNodes(t *testing.T) {
	a, h, b := newApart(t)
	r := apart(t, "far")
	for name := range r.Spread.Partition.Of {
		r.Spread.Partition.Of[name] = 0
	}
	if _, err := b.Reconcile(t.Context(), "test", r); err != nil {
		t.Fatal(err)
	}
	if s := h.Status(t.Context(), "far"); len(s.Problems) > 0 || s.Machines[1].Nodes > 0 || s.Machines[1].Lost != "" {
		t.Fatalf("%+v", s)
	}
	close(a.islands["b"].cut)
	s := h.Status(t.Context(), "far")
	if len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "lost") || s.Machines[1].Lost == "" {
		t.Errorf("%+v", s)
	}
}

// TestForgetGivesALostMachineUp.
func TestForgetGivesALostMachineUp(t *testing.T) {
	a, h, _ := newApart(t)
	close(a.islands["b"].cut)
	if err := h.Forget(t.Context(), "far", nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(h.Store.Dir("far")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its record is there: %v", err)
	}
	a.islands["b"].cut = make(chan struct{})
	if err := a.islands["b"].Remove(t.Context(), "far", nil); err != nil {
		t.Error(err)
	}
}

// TestWhereMachinesAreAnothersNothingIsTouched: a refused Up leaves no record, and removes nothing.
func TestWhereMachinesAreAnothersNothingIsTouched(t *testing.T) {
	a, h, _ := newApart(t)
	a.refuse = ErrExists
	if _, err := h.Up(t.Context(), apart(t, "other")); !errors.Is(err, ErrExists) || len(a.ended) > 0 {
		t.Errorf("%v, and %v were asked to remove it", err, a.ended)
	}
	if _, err := os.Lstat(h.Store.Dir("other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a record: %v", err)
	}
}

// TestWhatCouldNotBeUndoneIsRemoved: by Up itself or, where a machine cannot be asked, by Down, once it is back.
func TestWhatCouldNotBeUndoneIsRemoved(t *testing.T) {
	a, h, _ := newApart(t)
	a.refuse = &BegunError{control.ErrLost}
	_, err := h.Up(t.Context(), apart(t, "other"))
	if !errors.Is(err, control.ErrLost) || !slices.Equal(a.ended, []string{"a", "b"}) {
		t.Errorf("%v, and %v were asked to remove it", err, a.ended)
	}
	if _, err := os.Lstat(h.Store.Dir("other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a record: %v", err)
	}
	close(a.islands["b"].cut)
	if _, err := h.Up(t.Context(), apart(t, "other")); !errors.Is(err, carrier.ErrUnreachable) {
		t.Errorf("%v does not say that something may be left", err)
	}
	a.islands["b"].cut, a.ended = make(chan struct{}), nil
	if err := h.Down(t.Context(), "other", nil); err != nil || !slices.Equal(a.ended, []string{"b"}) {
		t.Errorf("%v, and %v were asked to remove it", err, a.ended)
	}
}

// TestAChangeBelowTheFloorIsRefused, and nothing is changed.
func TestAChangeBelowTheFloorIsRefused(t *testing.T) {
	_, h, b := newApart(t)
	r := apart(t, "far")
	link := crossing(t, &r)
	b.Journal.Spread.Partition.Floor = time.Millisecond
	if err := h.Store.Write(b.Journal); err != nil {
		t.Fatal(err)
	}
	before, err := b.Network()
	if err != nil {
		t.Fatal(err)
	}
	var below *machines.BelowFloorError
	err = b.Update(t.Context(), "test", func(n *fabric.Network) error {
		id, _ := n.Topology.Lookup(link)
		n.Topology.Vertices[id].Shape[0].Delay, n.Topology.Vertices[id].Shape[1].Delay = time.Microsecond, time.Microsecond
		return nil
	})
	if !errors.As(err, &below) {
		t.Errorf("got %v", err)
	}
	if after, err := b.Network(); err != nil || len(fabric.Changes(after, before)) > 0 {
		t.Errorf("%v, %v", fabric.Changes(after, before), err)
	}
}

// crossing names a link between the machines of a request.
func crossing(t *testing.T, r *Request) string {
	t.Helper()
	owners, err := r.Spread.Partition.Owners(r.Topology)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range owners.Crossings(r.Topology) {
		if c.Link != "" {
			return c.Link
		}
	}
	t.Fatal("no link crosses")
	return ""
}

// TestNodesMove where the request has them on another machine.
func TestNodesMove(t *testing.T) {
	a, h, b := newApart(t)
	r := apart(t, "far")
	for name := range r.Spread.Partition.Of {
		r.Spread.Partition.Of[name] = 1
	}
	found, err := b.Reconcile(t.Context(), "test", r)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found.Replace)
	if !slices.Equal(found.Replace, []string{"a", "b"}) { // the server stays
		t.Errorf("%+v", found)
	}
	asWanted(t, h, r)
	for _, n := range b.Nodes() {
		if n.Machine != "b" {
			t.Errorf("node %s is on %s", n.Name, n.Machine)
		}
	}
	if !a.islands["b"].nodes["a"] {
		t.Errorf("machine b has started %v", slices.Collect(maps.Keys(a.islands["b"].nodes)))
	}
}

// TestHostileRecordsOfMachines are not believed.
func TestHostileRecordsOfMachines(t *testing.T) {
	_, h, b := newApart(t)
	path := filepath.Join(h.Store.Dir("far"), "journal.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.WriteFile(path, good, 0o600) })
	for name, change := range map[string]func(j *Journal){
		"an option for ssh": func(j *Journal) {
			j.Spread.Carrier = "engines"
			j.Spread.Partition.Machines[0].ID = "ssh://-oProxyCommand=x"
			for i := range j.Nodes {
				j.Nodes[i].Machine = j.Spread.Partition.Machines[min(i, 1)].ID
			}
		},
		"another carrier":        func(j *Journal) { j.Spread.Carrier = "pigeons" },
		"no machines":            func(j *Journal) { j.Spread.Partition.Machines = nil },
		"a machine twice":        func(j *Journal) { j.Spread.Partition.Machines[1].ID = "a" },
		"a node on no machine":   func(j *Journal) { j.Nodes[0].Machine = "c" },
		"a vertex on no machine": func(j *Journal) { j.Spread.Partition.Of["a"] = 7 },
		"left on no machine":     func(j *Journal) { j.Spread.Left = []machines.Machine{{ID: "c"}} },
		"an image":               func(j *Journal) { j.Spread.Image = "--x" },
	} {
		j, err := h.Store.Read("far")
		if err != nil {
			t.Fatal(err)
		}
		change(j)
		if err := h.Store.Write(j); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Store.Read("far"); !errors.Is(err, ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one := *b.Journal // on this machine, and nodes that say otherwise
	one.Spread = nil
	if err := h.Store.Write(&one); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Store.Read("far"); !errors.Is(err, ErrJournal) {
		t.Errorf("nodes on machines of which there are none: %v", err)
	}
	text := strings.Replace(string(good), `"schema": 4`, `"schema": 3`, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Store.Read("far"); !errors.Is(err, ErrJournal) {
		t.Errorf("machines in a record of the version without: %v", err)
	}
}
