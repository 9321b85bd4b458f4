package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
)

// host is a host that exists in memory only, and fails where told.
type host struct {
	failStart, failApply, failRemove error
	nodes                            map[string][]noderuntime.Node // by testbed
	networks                         map[string]fabric.Network
	journalAtStart                   *Journal
	store                            Store
	engines                          map[string]string // the IDs of those that answer, by address
	asked                            []string          // addresses that were used
	engine                           error             // why the runtime cannot be had at the moment
}

// option is the runtime "process" with the engine at an address.
func (f *host) option(endpoint string, supported func(context.Context) error) RuntimeOption {
	return RuntimeOption{Runtime: fakeRuntime{f, "process"}, Supported: supported,
		Endpoint: func() string { return endpoint },
		EngineID: func(context.Context) (string, error) {
			f.asked = append(f.asked, endpoint)
			return f.engines[endpoint], nil
		},
		For: func(ctx context.Context, other, id string) (RuntimeOption, error) {
			o := f.option(other, supported)
			is, err := o.EngineID(ctx)
			if err == nil && is != id {
				err = errOtherEngine
			}
			return o, errors.Join(err, supported(ctx))
		},
	}
}

var errOtherEngine = errors.New("another engine")

var errPlanted = errors.New("planted")

func newFake(t *testing.T) (*host, *Host) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	fake := &host{
		nodes:    map[string][]noderuntime.Node{},
		networks: map[string]fabric.Network{},
		store:    Store(filepath.Join(t.TempDir(), "store")),
	}
	fine := func(context.Context) error { return nil }
	lacking := func(context.Context) error { return fmt.Errorf("no engine: %w", noderuntime.ErrNotSupported) }
	engine := func(context.Context) error { return fake.engine }
	return fake, &Host{Store: fake.store,
		Key: filepath.Join(t.TempDir(), "state", "key"),
		Runtimes: []RuntimeOption{
			{Runtime: fakeRuntime{fake, "absent"}, Supported: lacking},
			fake.option("unix:///environment", engine),
		},
		Fabrics: []FabricOption{{Name: "userspace", Supported: fine,
			New: func(_, testbed string) fabric.Fabric { return fakeFabric{fake, testbed} }}},
	}
}

type fakeRuntime struct {
	*host
	name string
}

func (f fakeRuntime) Name() string { return f.name }

func (f fakeRuntime) Start(_ context.Context, specs []noderuntime.Spec, _ func(int)) ([]noderuntime.Node, error) {
	f.journalAtStart, _ = f.store.Read(specs[0].Testbed)
	for i, s := range specs {
		n := noderuntime.Node{Testbed: s.Testbed, Node: s.Node, PID: 100 + i, Start: 7,
			NetNS: fmt.Sprint("/proc/", 100+i, "/ns/net"), Inode: uint64(1000 + i)}
		f.nodes[s.Testbed] = append(f.nodes[s.Testbed], n)
	}
	return f.nodes[specs[0].Testbed], f.failStart
}

func (f fakeRuntime) Inspect(_ context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	all := make([]noderuntime.Condition, len(nodes))
	for i, n := range nodes {
		all[i] = noderuntime.Condition{State: noderuntime.Dead, Node: n}
		if slices.Contains(f.nodes[n.Testbed], n) {
			all[i].State = noderuntime.Running
		}
	}
	return all, nil
}

func (f fakeRuntime) Stop(_ context.Context, nodes []noderuntime.Node) error {
	for _, n := range nodes {
		f.nodes[n.Testbed] = slices.DeleteFunc(f.nodes[n.Testbed], func(o noderuntime.Node) bool { return o == n })
	}
	return nil
}

func (f fakeRuntime) Find(_ context.Context, testbed string) ([]noderuntime.Node, error) {
	if testbed != "" {
		return f.nodes[testbed], nil
	}
	var all []noderuntime.Node
	for _, n := range f.nodes {
		all = append(all, n...)
	}
	return all, nil
}

func (f fakeRuntime) Exec(context.Context, noderuntime.Node, []string, noderuntime.Stdio) (int, error) {
	return 0, nil
}

func (f fakeRuntime) Remove(_ context.Context, testbed string, _ []noderuntime.Node) error {
	if f.failRemove != nil {
		return f.failRemove
	}
	delete(f.nodes, testbed)
	return nil
}

type fakeFabric struct {
	*host
	testbed string
}

func (f fakeFabric) Name() string { return "userspace" }
func (f fakeFabric) Apply(_ context.Context, want fabric.Network) error {
	f.networks[f.testbed] = want
	return f.failApply
}
func (f fakeFabric) Inspect(context.Context) (fabric.Status, error) { return fabric.Status{}, nil }
func (f fakeFabric) Close(context.Context) error {
	delete(f.networks, f.testbed)
	return nil
}

func requestOf(t *testing.T, name string) Request {
	t.Helper()
	graph, _ := cell(t)
	node := func(s Station, control string) NodeConfig { return NodeConfig{Args: []string{s.Name, control}} }
	return Request{Testbed: name, Scenario: "cell", Resolved: []byte("name: cell\n"), Topology: graph,
		Runtime: "auto", Fabric: "auto", TCP: TCP{Congestion: "cubic"}, Node: node}
}

func TestUpAndDown(t *testing.T) {
	fake, h := newFake(t)
	ctx := context.Background()
	bed, err := h.Up(ctx, requestOf(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	if fake.journalAtStart == nil || fake.journalAtStart.Phase != Starting {
		t.Errorf("when the first node starts the journal says %+v: it must be written before", fake.journalAtStart)
	}
	if bed.Journal.Phase != Running || bed.Journal.Runtime != "process" || len(bed.Journal.Nodes) != 3 {
		t.Errorf("journal %+v", bed.Journal)
	}
	network := fake.networks["one"]
	at := netns.Ref{Path: "/proc/100/ns/net", Start: 7, Inode: 1000}
	if all := network.Stations; len(all) != 3 || all[0].NetNS != at || all[0].Addr.String() != "10.64.0.1/16" {
		t.Errorf("the fabric is given %+v", network.Stations)
	}
	if got := network.Stations[0].Sysctls["net/ipv4/tcp_congestion_control"]; got != "cubic" {
		t.Errorf("congestion control %q", got)
	}
	text, err := os.ReadFile(filepath.Join(h.Store.Dir("one"), "hosts"))
	if err != nil || !strings.Contains(string(text), "10.64.0.3 server") {
		t.Errorf("hosts file %q, %v", text, err)
	}
	if _, err := h.Up(ctx, requestOf(t, "one")); !errors.Is(err, ErrExists) {
		t.Errorf("a second up: %v", err)
	}
	if len(fake.nodes["one"]) != 3 {
		t.Error("the refused up disturbed the testbed that is up")
	}
	opened, err := h.Open(ctx, "")
	if err != nil || opened.Journal.Testbed != "one" || len(opened.Dead()) != 0 {
		t.Errorf("open: %+v, %v", opened, err)
	}
	fake.nodes["one"] = fake.nodes["one"][1:]
	if opened, err = h.Open(ctx, "one"); err != nil || !slices.Equal(opened.Dead(), []string{"a"}) {
		t.Errorf("a dead node is not noticed: %v", err)
	}
	for range 2 { // the second finds nothing, and that is no error
		if err := h.Down(ctx, "one", nil); err != nil {
			t.Fatal(err)
		}
	}
	nothingLeft(t, fake, h)
	if _, err := h.Open(ctx, "one"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("open after down: %v", err)
	}
}

func nothingLeft(t *testing.T, fake *host, h *Host) {
	t.Helper()
	if len(fake.nodes) != 0 || len(fake.networks) != 0 {
		t.Errorf("left: nodes %v, networks %v", fake.nodes, fake.networks)
	}
	if _, err := os.Stat(string(h.Store)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the store is left: %v", err)
	}
}

func TestUpUndoesWhatFails(t *testing.T) {
	for name, plant := range map[string]func(*host){
		"nodes":   func(f *host) { f.failStart = errPlanted },
		"network": func(f *host) { f.failApply = errPlanted },
	} {
		fake, h := newFake(t)
		plant(fake)
		if _, err := h.Up(context.Background(), requestOf(t, "one")); !errors.Is(err, errPlanted) {
			t.Errorf("%s: %v", name, err)
		}
		nothingLeft(t, fake, h)
	}
}

func TestDownKeepsTheJournalWhileSomethingIsLeft(t *testing.T) {
	fake, h := newFake(t)
	ctx := context.Background()
	if _, err := h.Up(ctx, requestOf(t, "one")); err != nil {
		t.Fatal(err)
	}
	fake.failRemove = errPlanted
	if err := h.Down(ctx, "one", nil); !errors.Is(err, errPlanted) {
		t.Fatalf("down: %v", err)
	}
	if j, err := h.Store.Read("one"); err != nil || j.Phase != Stopping {
		t.Fatalf("journal %+v, %v", j, err)
	}
	if _, err := h.Open(ctx, "one"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("half a testbed opens: %v", err)
	}
	fake.failRemove = nil
	if err := h.Down(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, fake, h)
}

// Without any record, the nodes' names suffice.
func TestDownFindsWhatHasNoJournal(t *testing.T) {
	fake, h := newFake(t)
	ctx := context.Background()
	fake.nodes["lost"] = []noderuntime.Node{{Testbed: "lost", Node: "pi"}}
	names, err := h.All(ctx)
	if err != nil || !slices.Equal(names, []string{"lost"}) {
		t.Fatalf("all: %v, %v", names, err)
	}
	if _, err := h.Up(ctx, requestOf(t, "lost")); !errors.Is(err, ErrExists) {
		t.Errorf("up over the remains: %v", err)
	}
	if err := h.Down(ctx, "lost", nil); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, fake, h)
}

func TestUnknownAndUnsupportedAreToldApart(t *testing.T) {
	_, h := newFake(t)
	r := requestOf(t, "one")
	r.Runtime = "nonsense"
	if _, err := h.Up(context.Background(), r); !errors.Is(err, ErrUnknownOption) {
		t.Errorf("unknown runtime: %v", err)
	}
	r.Runtime = "absent"
	if _, err := h.Up(context.Background(), r); !errors.Is(err, noderuntime.ErrNotSupported) {
		t.Errorf("unsupported runtime: %v", err)
	}
}
