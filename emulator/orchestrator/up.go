package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"testbed/emulator/internal/shell"
	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
)

// Request is what Up makes a testbed from.
type Request struct {
	Testbed  string // name, see CheckName
	Scenario string // the scenario's name
	File     string // the scenario's file, absolute
	Resolved []byte // the scenario with all defaults resolved
	Topology *topology.Topology
	TCP      TCP
	Seed     uint64
	Runtime  string // auto or a runtime's name
	Fabric   string // auto or a fabric's name
	Version  string
	Run      string // identifies this bringing up; empty: one is made
	Node     func(s Station, control string) NodeConfig

	Progress func(phase string) // told of each phase; may be nil

	// Prove is whether each node with an agent must have proved, before anything enters it, that its first process
	// is the one that answers at its control socket.
	Prove bool
}

// NodeConfig is what a node runs and what it may use.
type NodeConfig struct {
	Args   []string // that make the testbed's binary the node's agent; none: the node runs without one
	Image  string   // container image of the user's own; empty: the node image
	Limits noderuntime.Limits
}

// Up makes a testbed and returns when every node's FaaS is ready and every link is shaped. On an error or
// a cancelled ctx it removes what it made.
func (h *Host) Up(ctx context.Context, r Request) (t *Testbed, err error) {
	if err := CheckName(r.Testbed); err != nil {
		return nil, err
	}
	began := time.Now()
	stations, err := Stations(r.Topology)
	if err != nil {
		return nil, err
	}
	option, err := h.runtime(ctx, r.Runtime)
	if err != nil {
		return nil, err
	}
	node := option.Runtime
	if r.Run == "" {
		r.Run = fmt.Sprintf("%s-%d", began.UTC().Format("20060102T150405.000000000"), os.Getpid())
	}
	net, err := h.fabric(ctx, r.Fabric, r.Testbed)
	if err != nil {
		return nil, err
	}
	release, err := h.Store.acquire(ctx, r.Testbed)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := h.vacant(ctx, r.Testbed, node); err != nil {
		return nil, err
	}
	journal := &Journal{Testbed: r.Testbed, Phase: Starting, Runtime: node.Name(), Engine: option.engine(), EngineID: option.engineID(ctx),
		Fabric: net.Name(), Scenario: r.Scenario, File: r.File, Created: time.Now().UTC(), Controller: os.Getpid(), Version: r.Version,
		Run: r.Run, Secret: h.newSecret(r.Testbed, r.Run)}
	if err := h.Store.Write(journal); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			// The context may be what failed: undo without it.
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 90*time.Second)
			defer cancel()
			err = errors.Join(err, h.remove(clean, r.Testbed, false, r.progress))
		}
	}()
	configs, images := r.configs(h.Store, stations)
	hosts, err := h.scratch(r.Testbed, stations, r.Resolved, images)
	if err != nil {
		return nil, err
	}
	r.progress(fmt.Sprintf("starting %d nodes (%s)", len(stations), node.Name()))
	specs := make([]noderuntime.Spec, len(stations))
	for i, s := range stations {
		c := configs[i]
		specs[i] = noderuntime.Spec{Testbed: r.Testbed, Node: s.Name, Dir: h.Store.NodeDir(r.Testbed, s.Name), HostsAt: hosts,
			Args: c.Args, Image: c.Image, Limits: c.Limits, Run: r.Run, Secret: journal.Secret}
	}
	nodes, err := node.Start(ctx, specs, func(ready int) {
		r.progress(fmt.Sprintf("starting nodes (%s): %d/%d", node.Name(), ready, len(specs)))
	})
	if err != nil {
		return nil, fmt.Errorf("starting the nodes: %w", err)
	}
	// Before anything enters a node it is known by what only it is.
	journal.Nodes = records(r.Topology, stations, nodes)
	if err := h.Store.Write(journal); err != nil {
		return nil, err
	}
	t = newTestbed(h.Store, journal, node, net, nodes)
	if r.Prove {
		if err := t.prove(ctx, specs); err != nil {
			return nil, err
		}
	}
	spaces := map[string]netns.Ref{}
	for _, n := range nodes {
		spaces[n.Node] = n.Namespace()
	}
	r.progress(fmt.Sprintf("joining %d nodes by %d links (%s)", len(stations), len(r.Topology.Links()), net.Name()))
	want := network(r.Testbed, r.Topology, stations, r.TCP, r.Seed, spaces)
	if err := net.Apply(ctx, want); err != nil {
		return nil, fmt.Errorf("making the network: %w", err)
	}
	if err := h.Store.writeNetwork(want); err != nil {
		return nil, err
	}
	journal.Phase, journal.Took = Running, time.Since(began)
	if err := h.Store.Write(journal); err != nil {
		return nil, err
	}
	return t, t.Attach(r.Topology)
}

// configs are the stations' nodes, and whether any of them runs an image of the user's own.
func (r *Request) configs(store Store, stations []Station) (all []NodeConfig, images bool) {
	for _, s := range stations {
		c := r.Node(s, store.control(r.Testbed, s.Name))
		all, images = append(all, c), images || c.Image != ""
	}
	return all, images
}

func (r *Request) progress(phase string) {
	if r.Progress != nil {
		r.Progress(phase)
	}
}

// vacant fails where the testbed is there already, in whatever state.
func (h *Host) vacant(ctx context.Context, testbed string, node noderuntime.Runtime) error {
	journal, err := h.Store.Read(testbed)
	if err == nil && journal.Phase == Running {
		return fmt.Errorf("testbed %s is %w: take it down with `testbed down --name %s`, or give this one another --name", testbed, ErrExists, shell.Quote(testbed))
	}
	left, findErr := node.Find(ctx, testbed)
	if findErr != nil {
		return findErr
	}
	if !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
		return fmt.Errorf("something is left of an earlier testbed %s: remove it with `testbed down --name %s`: %w", testbed, shell.Quote(testbed), ErrExists)
	}
	return nil
}

// acquire takes the testbed's lock, waiting a little for another process to finish with it.
func (s Store) acquire(ctx context.Context, testbed string) (func(), error) {
	wait, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return s.lock(wait, testbed)
}

func records(t *topology.Topology, stations []Station, nodes []noderuntime.Node) []NodeRecord {
	running := map[string]noderuntime.Node{}
	for _, n := range nodes {
		running[n.Node] = n
	}
	out := make([]NodeRecord, len(stations))
	for i, s := range stations {
		v, n := t.Vertices[s.ID], running[s.Name]
		out[i] = NodeRecord{Name: s.Name, Kind: v.Kind.String(), Class: v.Class, Addr: s.Addr.String(),
			PID: n.PID, Start: n.Start, NetNS: n.NetNS, Inode: n.Inode, Container: n.Container}
	}
	return out
}
