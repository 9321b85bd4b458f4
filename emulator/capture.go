package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"testbed/emulator/capture"
	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
)

// CaptureOptions say what Capture captures; see capture.Options.
type CaptureOptions struct {
	capture.Options
	Expression string // of the filter; see capture.Filter
}

// Capture writes the packets at nodes and links, selected as by Select; none: at all nodes. It goes on until ctx ends,
// which is no error. A run that is under way is told of it, and by whom.
func (b *Bed) Capture(ctx context.Context, origin string, names []string, o CaptureOptions) (*capture.Result, error) {
	network, err := b.Network()
	if err != nil {
		return nil, err
	}
	sources, err := b.sources(ctx, network, names)
	if err != nil {
		return nil, err
	}
	if o.Filter, err = capture.NewFilter(o.Expression, b.addressesOf); err != nil {
		return nil, input(err)
	}
	if err := input(o.Ring.Check()); err != nil {
		return nil, err
	}
	if err := b.Note(ctx, origin, orchestrator.Capture, "packets were captured"); err != nil {
		return nil, err
	}
	if o.Program == "" {
		o.Program = "testbed " + b.host.Version
	}
	return capture.Run(ctx, sources, o.Options)
}

// addressesOf are those that a node's name stands for in a filter: its own, and those that the scenario gives it
// besides.
func (b *Bed) addressesOf(name string) []netip.Addr {
	n, err := b.Network()
	if err != nil {
		return nil
	}
	return addressesIn(n, name)
}

func addressesIn(n fabric.Network, name string) (all []netip.Addr) {
	aliases := n.Topology.Aliases()
	for _, s := range n.Stations {
		if n.Topology.Vertices[s.ID].Name == name || aliases[s.ID] == name {
			all = append(all, s.Addr.Addr(), fabric.Addr6(s.Addr).Addr())
			for _, further := range s.Addresses {
				all = append(all, further.Addr())
			}
			return all
		}
	}
	return nil
}

// sources are where the packets of what names stand for are seen.
func (b *Bed) sources(ctx context.Context, n fabric.Network, names []string) (all []capture.From, err error) {
	if len(names) == 0 {
		names = []string{"*"}
	}
	kinds := []topology.Kind{topology.Host, topology.Cloud, topology.Link}
	if len(names) == 1 && names[0] == "*" {
		kinds = kinds[:2]
	}
	ids, err := Select(n.Topology, names, kinds...)
	if err != nil {
		return nil, fmt.Errorf("%w (packets are seen at nodes and links)", err)
	}
	var nodes []capturedNode
	var links []topology.ID
	for _, id := range ids {
		v := &n.Topology.Vertices[id]
		if v.Kind == topology.Link {
			links = append(links, id)
			continue
		}
		node, err := b.Node(v.Name)
		if errors.Is(err, noderuntime.ErrNoSuchNode) && len(ids) > 1 {
			continue // one that is dead, of several
		}
		if err != nil {
			return nil, err
		}
		device := capture.Device{NetNS: node.Namespace(), Name: fabric.Interface, Of: "node " + v.Name}
		nodes = append(nodes, capturedNode{device, capture.Interface{Name: v.Name,
			Description: fmt.Sprintf("%s of node %s, both directions, as packets pass it", fabric.Interface, v.Name)}})
	}
	if all, err = b.nodeSources(ctx, nodes); err != nil {
		return nil, err
	}
	if len(links) > 0 {
		from, err := b.linkSource(ctx, n.Topology, links)
		if err != nil {
			return nil, err
		}
		all = append(all, *from)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("none of %s runs: %w", strings.Join(names, ", "), noderuntime.ErrNoSuchNode)
	}
	return all, nil
}

// capturedNode is a node's interface.
type capturedNode struct {
	capture.Device
	capture.Interface
}

// nodeSources are where nodes' packets are seen: on the machines that have them.
func (b *Bed) nodeSources(ctx context.Context, nodes []capturedNode) (all []capture.From, err error) {
	on := map[string]int{} // machine: index of its source
	var devices []capture.Devices
	for _, n := range nodes {
		machine := n.NetNS.Machine
		i, known := on[machine]
		if !known {
			i = len(all)
			on[machine] = i
			all, devices = append(all, capture.From{}), append(devices, nil)
		}
		devices[i] = append(devices[i], n.Device)
		all[i].Interfaces = append(all[i].Interfaces, n.Interface)
	}
	var clocks map[string]func(time.Duration) time.Duration
	if f, several := b.Fabric.(fabric.Clocked); several && len(all) > 0 {
		if clocks, err = f.Clocks(ctx); err != nil {
			return nil, fmt.Errorf("the machines' clocks: %w", err)
		}
	}
	for machine, i := range on {
		if machine == "" {
			all[i].Source = devices[i]
			continue
		}
		clock := clocks[machine]
		if clock == nil {
			return nil, fmt.Errorf("the fabric does not tell of the clock of machine %s", b.MachineName(machine))
		}
		all[i].Source = capture.Far{Agent: b.At(machine), Machine: b.MachineName(machine), Devices: devices[i], Clock: clock}
	}
	return all, nil
}

// linkSource is where packets are seen that leave the queues of links.
func (b *Bed) linkSource(ctx context.Context, t *topology.Topology, links []topology.ID) (*capture.From, error) {
	from := &capture.From{}
	var queues []fabric.QueueName
	for _, id := range links {
		v := &t.Vertices[id]
		for dir := range 2 {
			if dir == 1 && v.LinkType != topology.Duplex {
				break
			}
			users := fabric.Users(t, topology.Channel{Link: id, Dir: dir})
			queues = append(queues, fabric.QueueName{Link: v.Name, Dir: dir})
			i := capture.Interface{Name: v.Name}
			if v.LinkType == topology.Duplex {
				i.Name += " from " + users
			}
			i.Description = fmt.Sprintf("link %s, what comes from %s", v.Name, users)
			from.Interfaces = append(from.Interfaces, i)
		}
	}
	when := ""
	switch f := b.Fabric.(type) {
	case fabric.Tapper:
		when, from.Source = ", when it has left the link's queue", capture.Queues{Fabric: f, Names: queues}
	case fabric.Visible:
		devices, err := f.Devices(ctx, queues)
		if err != nil {
			return nil, fmt.Errorf("asking the fabric of %s: %w", b.Journal.Testbed, err)
		}
		var all capture.Devices
		for i, d := range devices {
			all = append(all, capture.Device{NetNS: d.NetNS, Name: d.Name, Of: "link " + queues[i].Link, Sent: true})
		}
		when, from.Source = ", when it has left the link's queue and its delay is over", all
	default:
		return nil, fmt.Errorf("the fabric %s shows no packets: capture at nodes: %w", b.Fabric.Name(),
			fabric.ErrNotSupported)
	}
	for i := range from.Interfaces {
		from.Interfaces[i].Description += when
	}
	return from, nil
}
