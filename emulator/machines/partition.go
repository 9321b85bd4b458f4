package machines

import (
	"errors"
	"fmt"
	"time"

	"testbed/emulator/topology"
)

// Partition says which machine carries which node. It is encoded as JSON when it is sent to agents.
type Partition struct {
	Machines []Machine `json:"machines"`
	// Of is, by the name of each host, cloud, switch and exchange, the index of its machine in Machines. Links are in no
	// place of their own: see Owners.
	Of map[string]int `json:"of"`
	// Floor is the least delay of a crossing for which packets can be in time between any two machines.
	Floor time.Duration `json:"floor_ns"`
	// Pairs are floors of single pairs of machines, where they were measured; they come before Floor.
	Pairs []Floor `json:"pairs,omitempty"`
}

// Floor is the least delay of a crossing between two machines, in either direction.
type Floor struct {
	A     int           `json:"a"` // index of a machine
	B     int           `json:"b"` // index of the other one
	Delay time.Duration `json:"delay_ns"`
}

// Single is the partition of a testbed that one machine carries all of.
func Single(t *topology.Topology, m Machine) *Partition {
	p := &Partition{Machines: []Machine{m}, Of: map[string]int{}}
	for i := range t.Vertices {
		if t.Vertices[i].Kind != topology.Link {
			p.Of[t.Vertices[i].Name] = 0
		}
	}
	return p
}

// FloorOf is the least delay of a crossing between two machines.
func (p *Partition) FloorOf(a, b int) time.Duration {
	for _, f := range p.Pairs {
		if f.A == a && f.B == b || f.A == b && f.B == a {
			return f.Delay
		}
	}
	return p.Floor
}

// Hosts are the names of the hosts, and the cloud, of which a machine runs the nodes, in the topology's order.
func (p *Partition) Hosts(t *topology.Topology, machine int) []string {
	var names []string
	for _, id := range t.Attached() {
		name := t.Vertices[id].Name
		if of, known := p.Of[name]; known && of == machine {
			names = append(names, name)
		}
	}
	return names
}

// Validate reports all that keeps the partition from carrying the topology: a node without a machine, a queue that
// is entered on several, a shared medium that is split, a crossing below its floor (a *BelowFloorError each).
func (p *Partition) Validate(t *topology.Topology) error {
	if err := Check(p.Machines); err != nil {
		return err
	}
	var errs []error
	for _, f := range p.Pairs {
		if f.A < 0 || f.B < 0 || f.A >= len(p.Machines) || f.B >= len(p.Machines) || f.A == f.B || f.Delay < 0 {
			errs = append(errs, fmt.Errorf("a floor of %v between machines %d and %d, of %d", f.Delay, f.A, f.B,
				len(p.Machines)))
		}
	}
	owners, err := p.Owners(t)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	return errors.Join(append(errs, p.CheckFloor(t, owners))...)
}

// BelowFloorError is a crossing whose packets cannot be in time.
type BelowFloorError struct {
	Crossing
	Floor    time.Duration
	Machines [2]string // names of the machine that it leaves, and of the one that it leads to
}

func (e *BelowFloorError) Error() string {
	return fmt.Sprintf("%s: packets from %s to %s cross from machine %s to %s after %v at least, less than the %v that "+
		"these need; lengthen the delay, or keep both ends on one machine", e.Crossing.name(), e.From, e.To,
		e.Machines[0], e.Machines[1], e.Delay, e.Floor)
}

// CheckFloor reports the crossings below their floors, joined, a *BelowFloorError each. Where links change while a
// testbed is up, it is asked again, of the topology as it is to be.
func (p *Partition) CheckFloor(t *topology.Topology, o *Owners) error {
	var errs []error
	names := Names(p.Machines)
	for _, c := range o.Crossings(t) {
		if floor := p.FloorOf(c.FromMachine, c.ToMachine); c.Delay < floor {
			errs = append(errs, &BelowFloorError{c, floor, [2]string{names[c.FromMachine], names[c.ToMachine]}})
		}
	}
	return errors.Join(errs...)
}
