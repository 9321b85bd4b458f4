package fake

import (
	"context"
	"errors"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
)

// network is what is in force: what the fabric would read back, whoever made it so.
type network struct {
	queues   []fabric.QueueStatus
	stations []attached
	parted   [][]string
}

// attached is a station as the fabric knows it.
type attached struct {
	name  string
	inode uint64 // of the namespace that it is attached in; 0: in none
}

// connected is one testbed's network as a fabric.
type connected struct {
	*Machine
	name, testbed string
}

// Fabric is the fabric seam of the machine, by whatever name, for one testbed.
func (m *Machine) Fabric(name, testbed string) fabric.Fabric { return connected{m, name, testbed} }

// KillFabric ends what carries a testbed's packets.
func (m *Machine) KillFabric(testbed string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.networks, testbed)
}

// Tamper changes what is in force of a testbed's network by hand: any of its queues.
func (m *Machine) Tamper(testbed string, change func(queues []fabric.QueueStatus)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.networks[testbed]; n != nil {
		change(n.queues)
	}
}

// Parted says of which groups of hosts no packet reaches another at the moment.
func (m *Machine) Parted(testbed string) [][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.networks[testbed]; n != nil {
		return n.parted
	}
	return nil
}

// Networks names the testbeds that have a network.
func (m *Machine) Networks() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for name := range m.networks {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Name is what the fabric is called.
func (n connected) Name() string { return n.name }

// Apply puts a network in force.
func (n connected) Apply(ctx context.Context, want fabric.Network) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := errors.Join(n.failure(Apply), context.Cause(ctx)); err != nil {
		return err
	}
	now := n.networks[n.testbed]
	if now == nil {
		now = &network{}
		n.networks[n.testbed] = now
	}
	queues := fabric.Wanted(want)
	if err := n.failure(Half); err != nil {
		for i := range queues[:len(queues)/2] {
			if i < len(now.queues) {
				now.queues[i] = queues[i]
			}
		}
		return err
	}
	now.queues, now.stations, now.parted = queues, nil, nil
	for _, group := range want.Partition {
		var names []string
		for _, id := range group {
			names = append(names, want.Topology.Vertices[id].Name)
		}
		now.parted = append(now.parted, names)
	}
	var absent []string
	for _, s := range want.Stations {
		name := want.Topology.Vertices[s.ID].Name
		a := attached{name: name, inode: s.NetNS.Inode}
		if !n.lives(name, s.NetNS.Inode) {
			a.inode, absent = 0, append(absent, name)
		}
		now.stations = append(now.stations, a)
	}
	n.done(Apply)
	if len(absent) > 0 {
		return &fabric.AbsentError{Stations: absent}
	}
	return nil
}

// lives says whether a node runs in a namespace.
func (n connected) lives(name string, inode uint64) bool {
	node := n.nodes[key{n.testbed, name}]
	return node != nil && node.state != noderuntime.Dead && node.Inode == inode
}

// Inspect reads back what is in force.
func (n connected) Inspect(context.Context) (fabric.Status, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.networks[n.testbed]
	if now == nil {
		return fabric.Status{}, fabric.ErrNotRunning
	}
	if err := n.failure(Inspect); err != nil {
		return fabric.Status{}, err
	}
	status := fabric.Status{Queues: slices.Clone(now.queues)}
	for _, s := range now.stations {
		one := fabric.StationStatus{Name: s.name, Attached: s.inode != 0 && n.lives(s.name, s.inode)}
		if !one.Attached {
			one.Note = "its namespace is not there"
		}
		status.Stations = append(status.Stations, one)
	}
	return status, nil
}

// Close removes the network.
func (n connected) Close(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.failure(Close); err != nil {
		return err
	}
	delete(n.networks, n.testbed)
	n.done(Close)
	return nil
}

// Watch ends when the network does.
func (n connected) Watch(ctx context.Context) error {
	for ticker := time.NewTicker(time.Millisecond); ; {
		n.mu.Lock()
		there := n.networks[n.testbed] != nil
		n.mu.Unlock()
		if !there {
			return fabric.ErrNotRunning
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
