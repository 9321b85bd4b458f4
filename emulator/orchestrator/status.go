package orchestrator

import (
	"context"
	"errors"
	"strings"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/noderuntime"
)

// Status is how a testbed is, in short.
type Status struct {
	Name     string          `json:"name"`
	Phase    string          `json:"phase"` // a journal's, or lost: there is something, and no record that could be read
	Scenario string          `json:"scenario"`
	Nodes    int             `json:"nodes"`
	Alive    int             `json:"alive"`  // of those, as they were started; paused ones are
	Paused   int             `json:"paused"` // of those alive
	Runtime  string          `json:"runtime"`
	Fabric   string          `json:"fabric"`
	Run      *Under          `json:"run,omitempty"` // that is under way
	Created  time.Time       `json:"created"`
	Took     time.Duration   `json:"up_took_ns"`
	Machines []MachineStatus `json:"machines,omitempty"` // of a testbed on several
	Problems []string        `json:"problems"`           // what does not work, in words
}

// MachineStatus is one of several machines that have a testbed, in short.
type MachineStatus struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Nodes int    `json:"nodes"`
	Lost  string `json:"lost,omitempty"` // why it does not answer; empty: it does
}

// MachineStatuses says how the machines of a testbed on several are; none: it is on this one.
func (b *Bed) MachineStatuses() []MachineStatus {
	if b.Journal.Spread == nil {
		return nil
	}
	p := &b.Journal.Spread.Partition
	all, at := make([]MachineStatus, len(p.Machines)), map[string]*MachineStatus{}
	for i, name := range machines.Names(p.Machines) {
		all[i].ID, all[i].Name = p.Machines[i].ID, name
		all[i].Lost = b.silent[all[i].ID]
		at[all[i].ID] = &all[i]
	}
	for _, n := range b.Journal.Nodes {
		m := at[n.Machine]
		m.Nodes++
		if c := b.conditions[n.Name]; c.State == noderuntime.Unreachable {
			m.Lost = c.Why
		}
	}
	return all
}

// leftOn says where something of a testbed may still be.
func leftOn(s *Spread) string {
	var names []string
	for _, m := range s.Left {
		names = append(names, s.Name(m.ID))
	}
	return "something may be left on " + strings.Join(names, ", ") + ": `testbed down` finishes once they are back"
}

// Status looks at the testbed of that name. What cannot be found out is among its problems.
func (h *Host) Status(ctx context.Context, name string) Status {
	s := Status{Name: name, Phase: "lost", Problems: []string{}}
	j, err := h.Store.Read(name)
	if err != nil {
		// Nodes without a journal, or half a directory: `testbed down` removes either.
		if errors.Is(err, ErrJournal) {
			s.Problems = append(s.Problems, err.Error())
		}
		return s
	}
	s.Phase, s.Scenario, s.Nodes, s.Runtime, s.Fabric = string(j.Phase), j.Scenario, len(j.Nodes), j.Runtime, j.Fabric
	s.Created, s.Took = j.Created, j.Took
	if under, busy := h.Store.underWay(name); busy {
		s.Run = &under
	}
	if j.Spread != nil && len(j.Spread.Left) > 0 {
		s.Problems = append(s.Problems, leftOn(j.Spread))
	}
	bed, err := h.open(ctx, j)
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
		return s
	}
	s.Machines = bed.MachineStatuses()
	for _, m := range s.Machines {
		if m.Lost != "" {
			s.Problems = append(s.Problems, m.Lost)
		}
	}
	for _, n := range bed.Nodes() {
		switch n.State {
		case noderuntime.Running:
			s.Alive++
		case noderuntime.Paused:
			s.Alive++
			s.Paused++
		case noderuntime.Unreachable: // its machine is said to be lost
		default:
			s.Problems = append(s.Problems, "node "+n.Name+" is "+string(n.State))
		}
	}
	if j.Phase != Running {
		return s
	}
	if status, err := bed.Fabric.Inspect(ctx); err != nil {
		s.Problems = append(s.Problems, "the fabric: "+err.Error())
	} else {
		for _, station := range status.Stations {
			if !station.Attached {
				s.Problems = append(s.Problems, "station "+station.Name+" is not attached: "+station.Note)
			}
		}
	}
	return s
}
