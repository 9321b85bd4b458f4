package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
	"testbed/emulator/internal/statefile"
	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
)

// cleaning bounds the removal of what a failed Up made. Of several machines one may have to be waited for until it is
// known to be lost.
const cleaning = 3 * time.Minute

// Up makes a testbed and returns when every node's FaaS is ready and every link is shaped. On an error or
// a cancelled ctx it removes what it made.
func (h *Host) Up(ctx context.Context, r Request) (b *Bed, err error) {
	if err := CheckName(r.Testbed); err != nil {
		return nil, err
	}
	stations, err := stationsIn(h.subnet(), r.Topology, nil)
	if err != nil {
		return nil, err
	}
	option, net, err := h.choose(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := h.Check(r); err != nil {
		return nil, err
	}
	began := time.Now()
	if r.Run == "" {
		r.Run = fmt.Sprintf("%s-%d", began.UTC().Format("20060102T150405.000000000"), os.Getpid())
	}
	release, err := h.Store.acquire(ctx, r.Testbed)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := h.vacant(ctx, r.Testbed, option.Runtime); err != nil {
		return nil, err
	}
	journal := &Journal{Testbed: r.Testbed, Phase: Starting, Runtime: r.Runtime, Fabric: r.Fabric, Spread: r.Spread,
		Scenario: r.Scenario, File: r.File, Created: began.UTC(), Controller: os.Getpid(), Version: r.Version, Run: r.Run,
		Secret: h.newSecret(r.Testbed, r.Run)}
	if r.Spread == nil {
		journal.Runtime, journal.Engine, journal.EngineID = option.Name(), option.engine(), option.engineID(ctx)
		journal.Fabric = net.Name()
	}
	if err := h.Store.Write(journal); err != nil {
		return nil, errors.Join(err, h.Store.Remove(r.Testbed)) // nothing else was made yet
	}
	defer func() {
		var begun *BegunError
		if err != nil && r.Spread != nil && b.Runtime == nil && !errors.As(err, &begun) {
			err = errors.Join(err, h.Store.Remove(r.Testbed)) // whoever has the machines keeps what is there
		} else if err != nil {
			// The context may be what failed: undo without it.
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
			defer cancel()
			err = errors.Join(err, h.remove(clean, r.Testbed, false, r.progress))
		}
	}()
	b = newBed(h, journal, option.Runtime, net, nil)
	if r.Spread != nil {
		if err := b.beginSpread(ctx, r); err != nil {
			return b, err
		}
	}
	return b, b.bringUp(ctx, r, stations, began)
}

// choose picks a request's runtime and fabric, and tries them where the request says so. Several machines have their
// own, which this host need not have.
func (h *Host) choose(ctx context.Context, r Request) (RuntimeOption, fabric.Fabric, error) {
	if r.Spread != nil && h.Several == nil {
		return RuntimeOption{}, nil, errNoSeveral
	}
	if r.Spread != nil {
		return RuntimeOption{}, nil, nil
	}
	option, err := h.runtime(ctx, r.Runtime)
	if err != nil {
		return option, nil, err
	}
	net, err := h.fabric(ctx, r.Fabric, r.Testbed, r.Topology.Traced())
	if err == nil && r.Try != nil {
		err = r.Try(ctx, h.Store, option.Name(), net.Name())
	}
	return option, net, err
}

// bringUp starts the nodes of a testbed that has nothing but a journal, and joins them.
func (b *Bed) bringUp(ctx context.Context, r Request, stations []Station, began time.Time) error {
	if err := b.store.keep(r); err != nil {
		return err
	}
	configs := r.configs(b.store, stations)
	if err := b.host.clearDisk(r.Testbed); err != nil {
		return fmt.Errorf("removing what an earlier testbed had on disk: %w", err)
	}
	hosts, err := b.host.scratch(r.Testbed, stations, images(configs) && r.Spread == nil)
	if err != nil {
		return err
	}
	specs := b.specs(stations, configs, hosts)
	r.progress(fmt.Sprintf("starting %s (%s)", printable.Count(len(stations), "node"), b.Runtime.Name()))
	nodes, err := b.start(ctx, r, specs)
	if err != nil {
		return err
	}
	b.Journal.Nodes = records(r.Topology, stations, configs, nodes, r.Spread)
	b.Journal.IPv6 = r.IPv6
	// Before anything enters a node it is known by what only it is.
	if err := b.store.Write(b.Journal); err != nil {
		return err
	}
	if err := b.prove(ctx, r, specs); err != nil {
		return err
	}
	r.progress(fmt.Sprintf("joining %s by %s (%s)", printable.Count(len(stations), "node"),
		printable.Count(len(r.Topology.Links()), "link"), b.Fabric.Name()))
	want := r.network(b.host.subnet(), stations, spaces(nodes))
	if err := b.Fabric.Apply(ctx, want); err != nil {
		return fmt.Errorf("making the network: %w", err)
	}
	first := snapshot{history{Schema: journalSchema, Revision: 1}, want}
	err = errors.Join(b.store.writeSnapshot(networkFile, first), b.store.writeSnapshot(originFile, first))
	if err != nil {
		return err
	}
	b.attach(want)
	b.Journal.Phase, b.Journal.Took = Running, time.Since(began)
	return b.store.Write(b.Journal)
}

// keep stores the scenario of a request.
func (s Store) keep(r Request) error {
	resolved, dir := r.Resolved, s.Dir(r.Testbed)
	if r.Keep != nil {
		var err error
		if resolved, err = r.Keep(dir); err != nil {
			return err
		}
	}
	return statefile.Replace(filepath.Join(dir, scenarioFile), resolved, private)
}

// start starts nodes, and says which run.
func (b *Bed) start(ctx context.Context, r Request, specs []noderuntime.Spec) ([]noderuntime.Node, error) {
	if r.Password {
		if err := b.givePassword(specs); err != nil {
			return nil, err
		}
	}
	nodes, err := b.Runtime.Start(ctx, specs, func(ready int) {
		r.progress(fmt.Sprintf("starting %s (%s): %d/%d", printable.Count(len(specs), "node"), b.Runtime.Name(), ready,
			len(specs)))
	})
	if err != nil {
		return nil, fmt.Errorf("starting the nodes: %w", err)
	}
	for _, n := range nodes {
		b.conditions[n.Node] = noderuntime.Condition{State: noderuntime.Running, Node: n}
	}
	return nodes, nil
}

// specs are the nodes of some stations, whose configurations are in the same order.
func (b *Bed) specs(stations []Station, configs []NodeConfig, hosts string) []noderuntime.Spec {
	j := b.Journal
	specs := make([]noderuntime.Spec, len(stations))
	for i, s := range stations {
		c := configs[i]
		specs[i] = noderuntime.Spec{Testbed: j.Testbed, Node: s.Name, Dir: b.store.NodeDir(j.Testbed, s.Name), HostsAt: hosts,
			Args: c.Args, Image: c.Image, Without: c.Without, Limits: c.Limits, Machine: j.Spread.on(s.Name), Run: j.Run,
			Secret: j.Secret}
	}
	return specs
}

// spaces are the nodes' network namespaces, by the nodes' names.
func spaces(nodes []noderuntime.Node) map[string]netns.Ref {
	all := map[string]netns.Ref{}
	for _, n := range nodes {
		all[n.Node] = n.Namespace()
	}
	return all
}

// vacant fails where the testbed is there already, in whatever state.
func (h *Host) vacant(ctx context.Context, testbed string, node noderuntime.Runtime) error {
	journal, err := h.Store.Read(testbed)
	if err == nil && journal.Phase == Running {
		return fmt.Errorf("testbed %s is %w: take it down with `testbed down --name %s`, or give this one another --name",
			testbed, ErrExists, shell.Quote(testbed))
	}
	var left []noderuntime.Node
	if node != nil { // several machines are asked when they have agents
		var findErr error
		if left, findErr = node.Find(ctx, testbed); findErr != nil {
			return findErr
		}
	}
	if !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
		return fmt.Errorf("something is left of an earlier testbed %s: remove it with `testbed down --name %s`: %w",
			testbed, shell.Quote(testbed), ErrExists)
	}
	return nil
}

// acquire takes the testbed's lock, waiting a little for another process to finish with it.
func (s Store) acquire(ctx context.Context, testbed string) (func(), error) {
	wait, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return s.lock(wait, testbed)
}

// records are the journal's nodes: stations with their configurations, and the nodes that run.
func records(
	t *topology.Topology, stations []Station, configs []NodeConfig, nodes []noderuntime.Node, spread *Spread,
) []NodeRecord {
	running := map[string]noderuntime.Node{}
	for _, n := range nodes {
		running[n.Node] = n
	}
	out := make([]NodeRecord, len(stations))
	for i, s := range stations {
		v := t.Vertices[s.ID]
		out[i] = NodeRecord{Name: s.Name, Kind: v.Kind.String(), Class: v.Class, Addr: s.Addr.String(),
			Addr6:  s.Addr6.String(),
			Config: configs[i].digest(), Machine: spread.on(s.Name)}
		out[i].is(running[s.Name])
	}
	return out
}

// is takes down which node is the record's.
func (n *NodeRecord) is(node noderuntime.Node) {
	n.PID, n.Start, n.NetNS, n.Inode, n.Container = node.PID, node.Start, node.NetNS, node.Inode, node.Container
}
