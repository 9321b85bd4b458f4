// Package orchestrator turns a scenario into a running testbed and back: it computes the desired state,
// applies it through a node runtime and a fabric, verifies it, and tears it down. Its journal is written
// before anything else is touched; names suffice where the journal is lost.
package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"

	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
)

// ErrNotRunning is wrapped by errors about a testbed that is not up.
var ErrNotRunning = errors.New("not running")

// ErrExists is wrapped by the error of an Up whose testbed is up already.
var ErrExists = errors.New("up already")

// Host is what an orchestrator works with: where testbeds are recorded, and the implementations of the
// two seams that this program has.
type Host struct {
	Store    Store
	Key      string // file of the host's key, see DefaultKey; empty: none
	Runtimes []RuntimeOption
	Fabrics  []FabricOption
}

// RuntimeOption is one implementation of the runtime seam, in the order in which `auto` tries them. The
// members about an engine are nil where it has none.
type RuntimeOption struct {
	noderuntime.Runtime
	Supported func(context.Context) error // nil or why not
	Endpoint  func() string               // address of the engine that is used
	// EngineID is what the engine that is used knows itself by, whatever way leads to it.
	EngineID func(context.Context) (string, error)
	// For is the same runtime with the engine that was recorded by its Endpoint and EngineID, whatever the
	// environment says by now. It fails where that one does not answer, or another one in its place.
	For func(ctx context.Context, endpoint, id string) (RuntimeOption, error)
	// Foreign names what looks like nodes of a testbed, of any where the name is empty, is none of those given,
	// and cannot be proved to be testbed's. It is left alone.
	Foreign func(ctx context.Context, testbed string, nodes []noderuntime.Node) ([]string, error)
}

// engine is the endpoint that the option uses now; empty: it has none.
func (o RuntimeOption) engine() string {
	if o.Endpoint == nil {
		return ""
	}
	return o.Endpoint()
}

// engineID is what that engine knows itself by; empty: it has none, or cannot be asked.
func (o RuntimeOption) engineID(ctx context.Context) string {
	if o.EngineID == nil {
		return ""
	}
	id, err := o.EngineID(ctx)
	if err != nil {
		return ""
	}
	return id
}

// FabricOption is one implementation of the fabric seam, in the order in which `auto` tries them.
type FabricOption struct {
	Name      string
	Supported func(context.Context) error
	New       func(dir, testbed string) fabric.Fabric
	Testbeds  func() ([]string, error) // that something of this fabric is there of; nil: they cannot be listed
}

// ErrUnknownOption is wrapped by errors about a runtime or fabric that does not exist.
var ErrUnknownOption = errors.New("unknown")

// runtime picks the runtime named, or for auto the first that this host supports.
func (h *Host) runtime(ctx context.Context, name string) (RuntimeOption, error) {
	var refused []error
	for _, o := range h.Runtimes {
		if name != "auto" && name != o.Name() {
			continue
		}
		err := o.Supported(ctx)
		if err == nil {
			return o, nil
		}
		refused = append(refused, fmt.Errorf("runtime %s: %w", o.Name(), err))
	}
	if len(refused) == 0 {
		return RuntimeOption{}, fmt.Errorf("runtime %s: %w; there are %s", name, ErrUnknownOption, h.runtimeNames())
	}
	return RuntimeOption{}, errors.Join(refused...)
}

// runtimeOf is the runtime that has a testbed's nodes, with its engine.
func (h *Host) runtimeOf(ctx context.Context, j *Journal) (RuntimeOption, error) {
	for _, o := range h.Runtimes {
		if o.Name() != j.Runtime {
			continue
		}
		if j.Engine != "" && o.For != nil {
			return o.For(ctx, j.Engine, j.EngineID)
		}
		if err := o.Supported(ctx); err != nil {
			return o, fmt.Errorf("runtime %s: %w", o.Name(), err)
		}
		return o, nil
	}
	return RuntimeOption{}, fmt.Errorf("runtime %s: %w; there are %s", j.Runtime, ErrUnknownOption, h.runtimeNames())
}

// fabric picks the fabric named, or for auto the first that this host supports.
func (h *Host) fabric(ctx context.Context, name, testbed string) (fabric.Fabric, error) {
	var refused []error
	for _, o := range h.Fabrics {
		if name != "auto" && name != o.Name {
			continue
		}
		err := o.Supported(ctx)
		if err == nil {
			return o.New(h.Store.Dir(testbed), testbed), nil
		}
		refused = append(refused, fmt.Errorf("fabric %s: %w", o.Name, err))
	}
	if len(refused) == 0 {
		return nil, fmt.Errorf("fabric %s: %w; there are %s", name, ErrUnknownOption, h.fabricNames())
	}
	return nil, errors.Join(refused...)
}

func (h *Host) runtimeNames() string {
	names := []string{"auto"}
	for _, o := range h.Runtimes {
		names = append(names, o.Name())
	}
	return strings.Join(names, ", ")
}

func (h *Host) fabricNames() string {
	names := []string{"auto"}
	for _, o := range h.Fabrics {
		names = append(names, o.Name)
	}
	return strings.Join(names, ", ")
}

// Testbed is a testbed that is up.
type Testbed struct {
	Journal  *Journal
	Runtime  noderuntime.Runtime
	Fabric   fabric.Fabric
	Stations []Station

	store Store
	nodes map[string]noderuntime.Node
	byID  map[topology.ID]Station
}

// Open finds a testbed that is up. Where name is empty and exactly one is up, it takes that one.
func (h *Host) Open(ctx context.Context, name string) (*Testbed, error) {
	if name == "" {
		var err error
		if name, err = h.only(); err != nil {
			return nil, err
		}
	}
	journal, err := h.Store.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("testbed %s: %w; `testbed ls` shows what is up", name, ErrNotRunning)
	}
	if errors.Is(err, ErrJournal) {
		return nil, fmt.Errorf("testbed %s: %w: remove what is left of it with `testbed down --name %s`", name, err, shell.Quote(name))
	}
	if err != nil {
		return nil, err
	}
	if journal.Phase != Running {
		return nil, fmt.Errorf("testbed %s is %s, not running: remove what is left of it with `testbed down --name %s`: %w",
			name, journal.Phase, shell.Quote(name), ErrNotRunning)
	}
	option, err := h.runtimeOf(ctx, journal)
	if err != nil {
		return nil, err
	}
	node := option.Runtime
	net, err := h.fabric(ctx, journal.Fabric, name)
	if err != nil {
		return nil, err
	}
	conditions, err := node.Inspect(ctx, journal.nodes())
	if err != nil {
		return nil, err
	}
	return newTestbed(h.Store, journal, node, net, noderuntime.Alive(conditions)), nil
}

// only is the name of the one testbed there is.
func (h *Host) only() (string, error) {
	names, err := h.Store.Names()
	switch {
	case err != nil:
		return "", err
	case len(names) == 1:
		return names[0], nil
	case len(names) == 0:
		return "", fmt.Errorf("no testbed: %w; start one with `testbed up SCENARIO`", ErrNotRunning)
	}
	return "", fmt.Errorf("several testbeds are up: choose one of %v with --name", names)
}

func newTestbed(store Store, j *Journal, node noderuntime.Runtime, net fabric.Fabric, alive []noderuntime.Node) *Testbed {
	t := &Testbed{Journal: j, Runtime: node, Fabric: net, store: store,
		nodes: map[string]noderuntime.Node{}, byID: map[topology.ID]Station{}}
	for _, n := range alive {
		t.nodes[n.Node] = n
	}
	return t
}

// Attach tells an opened testbed its topology, which gives the vertices their addresses.
func (t *Testbed) Attach(graph *topology.Topology) error {
	stations, err := Stations(graph)
	if err != nil {
		return err
	}
	t.Stations = stations
	for _, s := range stations {
		t.byID[s.ID] = s
	}
	return nil
}

// ScenarioFile is the copy of the scenario, all defaults resolved, that the testbed was made from.
func (t *Testbed) ScenarioFile() string { return filepath.Join(t.dir(), "scenario.yaml") }

func (t *Testbed) dir() string { return t.store.Dir(t.Journal.Testbed) }

// Node finds a running node by name.
func (t *Testbed) Node(name string) (noderuntime.Node, error) {
	n, ok := t.nodes[name]
	if !ok {
		return noderuntime.Node{}, fmt.Errorf("node %s of testbed %s: %w; `testbed inspect` lists them", name, t.Journal.Testbed, noderuntime.ErrNoSuchNode)
	}
	return n, nil
}

// AnyNode finds a node of the testbed by name, whether it runs or has died.
func (t *Testbed) AnyNode(name string) (noderuntime.Node, error) {
	for _, n := range t.Journal.Nodes {
		if n.Name == name {
			return n.node(t.Journal.Testbed), nil
		}
	}
	return t.Node(name)
}

// Dead lists the nodes of the journal that do not run any more.
func (t *Testbed) Dead() []string {
	var dead []string
	for _, n := range t.Journal.Nodes {
		if _, ok := t.nodes[n.Name]; !ok {
			dead = append(dead, n.Name)
		}
	}
	return dead
}

// Agent is the control connection to a vertex's FaaS.
func (t *Testbed) Agent(id topology.ID) *faas.Client {
	name := t.byID[id].Name
	return newAgent(t.store.control(t.Journal.Testbed, name), t.nodes[name], name)
}

// newAgent is the connection to the agent that is a node's first process: no other is talked to, whatever is at the
// socket's place, where the node may put what it likes.
func newAgent(control string, n noderuntime.Node, name string) *faas.Client {
	return faas.NewClient(control, faas.WithNode(name), faas.WithPeerPID(n.PID))
}

// Address is a vertex's address in the emulated network.
func (t *Testbed) Address(id topology.ID) netip.Addr { return t.byID[id].Addr }
