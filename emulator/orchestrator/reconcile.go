package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/noderuntime"
)

// Reconciliation is what Reconcile finds to differ between a testbed that is up and what it should be.
type Reconciliation struct {
	Start   []string            `json:"started"`  // nodes that are new
	Stop    []string            `json:"stopped"`  // nodes that are wanted no more
	Replace []string            `json:"replaced"` // nodes that are dead, or are to run otherwise than they do
	Adopt   []string            `json:"adopted"`  // nodes that were restarted, and are joined to the network again
	Paused  []string            `json:"paused"`   // nodes that somebody has paused; they are left as they are
	Links   []fabric.Difference `json:"links"`    // queues that are not as wanted, as the fabric says
	Wanted  []fabric.Difference `json:"wanted"`   // queues that the request wants otherwise than was wanted before
	Fabric  string              `json:"fabric"`   // why the fabric could not be asked; empty: it could
}

// structural says whether nodes come, go or are replaced.
func (r *Reconciliation) structural() bool {
	return len(r.Start)+len(r.Stop)+len(r.Replace)+len(r.Adopt) > 0
}

// desired is what a request makes of a testbed that is up.
type desired struct {
	Request
	stations []Station
	configs  []NodeConfig
	network  fabric.Network // without the stations' namespaces
	was      snapshot       // what is wanted until now
}

// Reconcile makes a testbed that is up as the request says, and mends what is not as it was made: it compares what
// it observes of nodes and network with what should be. Nodes and links come and go; nodes that stay keep their
// addresses, and go on. What was changed by hand since, or by Update, is as the request says afterwards. Where
// it fails, what was done until then stays, and the next Reconcile goes on from there. While a run is under
// way, no node comes, goes or is replaced: the error wraps ErrBusy.
func (b *Bed) Reconcile(ctx context.Context, origin string, r Request) (found *Reconciliation, err error) {
	err = b.locked(ctx, func() error {
		var d *desired
		if d, found, err = b.compare(ctx, r); err != nil {
			return err
		}
		if under, busy := b.store.underWay(b.Journal.Testbed); busy && found.structural() {
			return fmt.Errorf("testbed %s: nodes would come, go or be replaced, and %w: %s, of process %d; wait for its end",
				b.Journal.Testbed, ErrBusy, under.Run, under.PID)
		}
		return b.carryOut(ctx, origin, d, found)
	})
	return found, err
}

// Compare says what Reconcile would do, and does nothing.
func (b *Bed) Compare(ctx context.Context, r Request) (found *Reconciliation, err error) {
	err = b.locked(ctx, func() error {
		_, found, err = b.compare(ctx, r)
		return err
	})
	return found, err
}

func (b *Bed) compare(ctx context.Context, r Request) (*desired, *Reconciliation, error) {
	d, err := b.desire(r)
	if err != nil {
		return nil, nil, err
	}
	if d.was, err = b.store.readSnapshot(b.Journal.Testbed, networkFile); err != nil {
		return nil, nil, err
	}
	conditions, err := b.Runtime.Inspect(ctx, b.Journal.nodes())
	if err != nil {
		return nil, nil, err
	}
	b.learn(conditions)
	for _, c := range conditions {
		if c.State == noderuntime.Unreachable {
			return nil, nil, fmt.Errorf("testbed %s: %s: an agent that is lost does not come back: `testbed down --name %s` "+
				"removes the testbed: %w", b.Journal.Testbed, c.Why, shell.Quote(b.Journal.Testbed), carrier.ErrUnreachable)
		}
	}
	found := b.compareNodes(d)
	want := fabric.Wanted(d.network)
	found.Wanted = fabric.Changes(d.network, d.was.network)
	status, err := b.Fabric.Inspect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		found.Fabric = err.Error() // it is to be made anew
	} else {
		found.Links = fabric.Differences(want, status.Queues)
	}
	return d, found, nil
}

// desire is what a request means for this testbed.
func (b *Bed) desire(r Request) (*desired, error) {
	r.Testbed = b.Journal.Testbed
	known := map[string]netip.Addr{}
	for _, n := range b.Journal.Nodes {
		addr, err := netip.ParseAddr(n.Addr)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w: %w", n.Name, ErrJournal, err)
		}
		known[n.Name] = addr
	}
	d := &desired{Request: r}
	var err error
	if d.stations, err = stationsIn(b.host.subnet(), r.Topology, known); err != nil {
		return nil, err
	}
	d.configs = r.configs(b.store, d.stations)
	d.network = r.network(b.host.subnet(), d.stations, nil)
	return d, nil
}

func (b *Bed) compareNodes(d *desired) *Reconciliation {
	found := &Reconciliation{}
	recorded := map[string]NodeRecord{}
	for _, n := range b.Journal.Nodes {
		recorded[n.Name] = n
	}
	wanted := map[string]bool{}
	for i, s := range d.stations {
		wanted[s.Name] = true
		n, there := recorded[s.Name]
		c, started := b.conditions[s.Name]
		switch {
		case !there:
			found.Start = append(found.Start, s.Name)
		case !started, c.State == noderuntime.Dead, n.Config != d.configs[i].digest(), n.Machine != d.Spread.on(s.Name):
			found.Replace = append(found.Replace, s.Name)
		case c.State == noderuntime.Restarted:
			found.Adopt = append(found.Adopt, s.Name)
		case c.State == noderuntime.Paused:
			found.Paused = append(found.Paused, s.Name)
		}
	}
	for _, n := range b.Journal.Nodes {
		if !wanted[n.Name] {
			found.Stop = append(found.Stop, n.Name)
		}
	}
	return found
}

// carryOut does what was found. The caller has the testbed's lock.
func (b *Bed) carryOut(ctx context.Context, origin string, d *desired, found *Reconciliation) error {
	if d.Spread != nil {
		b.Journal.Spread = d.Spread.beside(b.Journal.Spread)
		if err := b.store.Write(b.Journal); err != nil {
			return err
		}
	}
	if found.structural() {
		if err := b.replaceNodes(ctx, d, found); err != nil {
			return err
		}
	}
	want := d.network
	spaces := spaces(b.Journal.nodes())
	for i := range want.Stations {
		want.Stations[i].NetNS = spaces[d.stations[i].Name]
	}
	nodes, links := len(d.stations), len(want.Topology.Links())
	d.progress(fmt.Sprintf("joining %s by %s (%s)", printable.Count(nodes, "node"),
		printable.Count(links, "link"), b.Fabric.Name()))
	next := d.was.next(want, Change{Time: time.Now().UTC(), Origin: origin, What: describe(d.was.network, want)})
	var err error
	if found.structural() {
		err = b.rebuild(ctx, next)
	} else {
		err = b.commit(ctx, d.was, next)
	}
	if err != nil {
		return err
	}
	b.attach(want)
	b.Journal.Scenario, b.Journal.File, b.Journal.IPv6 = d.Scenario, d.File, d.IPv6
	// The origin is last: until it is written, Origin tells that this did not come to its end.
	if err := errors.Join(b.store.keep(d.Request), b.store.Write(b.Journal)); err != nil {
		return err
	}
	return b.store.writeSnapshot(originFile, next)
}

// rebuild makes and persists the network of other nodes than before. What it was cannot come back: nodes are gone.
// A failure leaves a snapshot that the next Reconcile makes.
func (b *Bed) rebuild(ctx context.Context, next snapshot) error {
	if err := b.store.writeSnapshot(stagedFile, next); err != nil {
		return err
	}
	staged := filepath.Join(b.dir(), stagedFile)
	if err := os.Rename(staged, filepath.Join(b.dir(), networkFile)); err != nil {
		return err
	}
	return b.put(ctx, next.network)
}

// replaceNodes starts and stops nodes, and keeps the journal such that whatever happens can be undone or gone on
// with: a node that is gone is in it without a process until it is started again.
func (b *Bed) replaceNodes(ctx context.Context, d *desired, found *Reconciliation) error {
	var gone []noderuntime.Node
	for _, n := range b.Journal.nodes() {
		if slices.Contains(found.Stop, n.Node) || slices.Contains(found.Replace, n.Node) {
			gone = append(gone, n)
		}
	}
	strays, err := b.strays(ctx)
	if err != nil {
		return err
	}
	gone = append(gone, strays...)
	hosts, err := b.prepareNodes(d)
	if err != nil {
		return err
	}
	if n, ok := b.Runtime.(noderuntime.Namer); ok {
		if err := n.TellHosts(ctx, hosts); err != nil {
			return fmt.Errorf("telling nodes of one another: %w", err)
		}
	}
	if len(gone) > 0 {
		d.progress(fmt.Sprintf("stopping %s (%s)", printable.Count(len(gone), "node"), b.Runtime.Name()))
		if err := b.Runtime.Stop(ctx, gone); err != nil {
			return fmt.Errorf("stopping nodes: %w", err)
		}
		for _, n := range gone {
			if b.conditions[n.Node].Node == n {
				delete(b.conditions, n.Node)
			}
		}
	}
	if err := b.recordNodes(d); err != nil {
		return err
	}
	stations, configs := d.only(append(slices.Clone(found.Start), found.Replace...))
	if len(stations) > 0 {
		d.progress(fmt.Sprintf("starting %s (%s)", printable.Count(len(stations), "node"), b.Runtime.Name()))
		if _, err := b.start(ctx, d.Request, b.specs(stations, configs, hosts)); err != nil {
			return err
		}
		if err := b.recordNodes(d); err != nil {
			return err
		}
	}
	adopted, same := d.only(found.Adopt)
	specs := b.specs(append(stations, adopted...), append(configs, same...), hosts)
	return b.prove(ctx, d.Request, specs)
}

// strays are nodes of the testbed that no record knows: an apply that was killed had started them.
func (b *Bed) strays(ctx context.Context) ([]noderuntime.Node, error) {
	found, err := b.Runtime.Find(ctx, b.Journal.Testbed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(n noderuntime.Node) bool {
		c, known := b.conditions[n.Node]
		process := c.Node.PID == n.PID && c.Node.Start == n.Start
		return known && (process || n.Container != "" && c.Node.Container == n.Container)
	}), nil
}

// prepareNodes makes the directories of the nodes that are to be, and tells all their addresses.
func (b *Bed) prepareNodes(d *desired) (hosts string, err error) {
	name := b.Journal.Testbed
	if images(d.configs) && b.Journal.Spread == nil {
		if err := b.store.reboundNodes(name, len(d.stations)); err != nil {
			return "", err
		}
	}
	return b.store.hostsPath(name), b.store.makeNodes(name, d.stations)
}

// recordNodes writes down which nodes are wanted, and which run.
func (b *Bed) recordNodes(d *desired) error {
	var running []noderuntime.Node
	for _, c := range b.conditions {
		if c.State != noderuntime.Dead {
			running = append(running, c.Node)
		}
	}
	b.Journal.Nodes = records(d.Topology, d.stations, d.configs, running, b.Journal.Spread)
	b.Journal.IPv6 = d.IPv6
	return b.store.Write(b.Journal)
}

// only are the stations of these names with their configurations, in the topology's order.
func (d *desired) only(names []string) (stations []Station, configs []NodeConfig) {
	for i, s := range d.stations {
		if slices.Contains(names, s.Name) {
			stations, configs = append(stations, s), append(configs, d.configs[i])
		}
	}
	return stations, configs
}
