package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
	"testbed/emulator/topology"
)

// Bed is a testbed that is up.
type Bed struct {
	Journal *Journal
	Runtime noderuntime.Runtime
	Fabric  fabric.Fabric

	// Machines leads to the agents of other machines, by the machines' IDs; nil: all nodes are of this one.
	Machines func(machineID string) remote.Opener

	host       *Host
	store      Store
	stamp      stamp // of the journal's file when it was read last
	conditions map[string]noderuntime.Condition
	stations   []Station // nil until they are asked for
	byID       map[topology.ID]Station
	absent     []string
	lost       func(context.Context) error // blocks until one of several machines is lost; nil: there is one
	silent     map[string]string           // machines without nodes that do not answer, by their IDs, and why
}

// Open finds a testbed that is up. Where name is empty and exactly one is up, it takes that one.
func (h *Host) Open(ctx context.Context, name string) (*Bed, error) {
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
		return nil, fmt.Errorf("testbed %s: %w: remove what is left of it with `testbed down --name %s`",
			name, err, shell.Quote(name))
	}
	if err != nil {
		return nil, err
	}
	if journal.Phase != Running {
		return nil, fmt.Errorf("testbed %s is %s, not running: remove what is left of it with `testbed down --name %s`: %w",
			name, journal.Phase, shell.Quote(name), ErrNotRunning)
	}
	return h.open(ctx, journal)
}

// open is the testbed of a journal.
func (h *Host) open(ctx context.Context, journal *Journal) (*Bed, error) {
	if journal.Spread != nil {
		return h.openSpread(ctx, journal)
	}
	option, err := h.runtimeOf(ctx, journal)
	if err != nil {
		return nil, err
	}
	net, err := h.fabricOf(journal)
	if err != nil {
		return nil, err
	}
	conditions, err := option.Inspect(ctx, journal.nodes())
	if err != nil {
		return nil, err
	}
	return newBed(h, journal, option.Runtime, net, conditions), nil
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
		return "", noneUp{}
	}
	return "", fmt.Errorf("several testbeds are up: choose one of %s with --name", strings.Join(names, ", "))
}

// noneUp is ErrNotRunning where no testbed was named and none is there.
type noneUp struct{}

func (noneUp) Error() string { return "no testbed is up; start one with `testbed up SCENARIO`" }

func (noneUp) Is(target error) bool { return target == ErrNotRunning }

func newBed(h *Host, j *Journal, node noderuntime.Runtime, net fabric.Fabric, conditions []noderuntime.Condition) *Bed {
	b := &Bed{Journal: j, Runtime: node, Fabric: net, host: h, store: h.Store}
	b.learn(conditions)
	return b
}

// learn takes down how the nodes are.
func (b *Bed) learn(conditions []noderuntime.Condition) {
	b.conditions = map[string]noderuntime.Condition{}
	for _, c := range conditions {
		b.conditions[c.Node.Node] = c
	}
}

// ScenarioFile is the copy of the scenario, all defaults resolved, that the testbed was made from. What it reads
// lies beside it.
func (b *Bed) ScenarioFile() string { return filepath.Join(b.dir(), scenarioFile) }

// LiveFile is where a run on the testbed keeps how it stands; see package live.
func (b *Bed) LiveFile() string { return filepath.Join(b.dir(), "live.json") }

func (b *Bed) dir() string { return b.store.Dir(b.Journal.Testbed) }

// Stations are the hosts with their addresses, in the topology's order.
func (b *Bed) Stations() ([]Station, error) {
	if b.stations != nil {
		return b.stations, nil
	}
	n, err := b.Network()
	if err != nil {
		return nil, err
	}
	return b.attach(n), nil
}

// attach takes the stations from a network.
func (b *Bed) attach(n fabric.Network) []Station {
	b.stations, b.byID = make([]Station, len(n.Stations)), map[topology.ID]Station{}
	aliases := n.Topology.Aliases()
	for i, s := range n.Stations {
		b.stations[i] = Station{ID: s.ID, Name: n.Topology.Vertices[s.ID].Name, Addr: s.Addr.Addr(),
			Addr6: fabric.Addr6(s.Addr).Addr(), Alias: aliases[s.ID]}
		b.byID[s.ID] = b.stations[i]
	}
	return b.stations
}

// Nodes are the testbed's nodes, as they are.
func (b *Bed) Nodes() []NodeStatus {
	all := make([]NodeStatus, len(b.Journal.Nodes))
	for i, n := range b.Journal.Nodes {
		state := noderuntime.Dead
		if c, ok := b.conditions[n.Name]; ok {
			state = c.State
		}
		all[i] = NodeStatus{NodeRecord: n, State: state}
	}
	return all
}

// NodeStatus is a node as it was started, and how it is now.
type NodeStatus struct {
	NodeRecord
	State     noderuntime.State `json:"state"`
	Addresses []netip.Prefix    `json:"addresses,omitempty"` // further ones, of a network that is up
	Routes    []RouteTo         `json:"routes,omitempty"`
	Forwards  bool              `json:"forwards,omitempty"` // it sends on what is for others
}

// WithRouting are nodes with what a network gives them beside their own addresses.
func WithRouting(nodes []NodeStatus, n fabric.Network) []NodeStatus {
	stations := map[string]*fabric.Station{}
	for i := range n.Stations {
		stations[n.Topology.Vertices[n.Stations[i].ID].Name] = &n.Stations[i]
	}
	for i := range nodes {
		s := stations[nodes[i].Name]
		if s == nil {
			continue
		}
		nodes[i].Addresses, nodes[i].Forwards = s.Addresses, s.Forwards
		for _, r := range s.Routes {
			nodes[i].Routes = append(nodes[i].Routes, RouteTo{r.To, n.Topology.Vertices[r.Via].Name})
		}
	}
	return nodes
}

// Dead lists the nodes that do not run any more as they were started.
func (b *Bed) Dead() []string {
	var dead []string
	for _, n := range b.Nodes() {
		if n.State == noderuntime.Dead || n.State == noderuntime.Restarted {
			dead = append(dead, n.Name)
		}
	}
	return dead
}

// Agent is the control connection to a vertex's FaaS.
func (b *Bed) Agent(id topology.ID) *faas.Client {
	_, _ = b.Stations() // without them there is no such vertex, and no answer
	name := b.byID[id].Name
	return b.agent(name)
}

// agent is the connection to the agent that is a node's first process: no other is talked to, whatever is at the
// socket's place, where the node may put what it likes.
func (b *Bed) agent(name string) *faas.Client {
	socket, n := b.store.control(b.Journal.Testbed, name), b.conditions[name].Node
	if n.Machine == "" {
		return faas.NewClient(socket, faas.WithNode(name), faas.WithPeerPID(n.PID))
	}
	return faas.NewClient(socket, faas.WithNode(name), faas.WithDialer(func(ctx context.Context) (net.Conn, error) {
		return remote.Dial(ctx, b.At(n.Machine), socket, n)
	}))
}

// At opens streams to the agent of another machine. Where the testbed has none, each attempt fails.
func (b *Bed) At(machineID string) remote.Opener {
	if b.Machines == nil {
		return nowhere(machineID)
	}
	return b.Machines(machineID)
}

// nowhere is a machine that has no agent.
type nowhere string

func (n nowhere) Open(string) (net.Conn, error) {
	return nil, fmt.Errorf("machine %s: the testbed has no agent there: %w", string(n), control.ErrLost)
}

// Address is that at which functions of a vertex are called, in the emulated network.
func (b *Bed) Address(id topology.ID) netip.Addr {
	_, _ = b.Stations()
	if b.Journal.IPv6 {
		return b.byID[id].Addr6
	}
	return b.byID[id].Addr
}

// Logs copies what a node has printed to out, and with follow what it goes on to print. A runtime that keeps
// no logs gives an error that wraps noderuntime.ErrNotSupported.
func (b *Bed) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	logger, ok := b.Runtime.(noderuntime.Logger)
	if !ok {
		return fmt.Errorf("the runtime %s keeps no logs: %w", b.Runtime.Name(), noderuntime.ErrNotSupported)
	}
	return logger.Logs(ctx, node, follow, out)
}
