package orchestrator

import (
	"context"
	"errors"
	"time"

	"testbed/emulator/noderuntime"
)

// Status is how a testbed is, in short.
type Status struct {
	Name     string        `json:"name"`
	Phase    string        `json:"phase"` // a journal's, or lost: there is something, and no record that could be read
	Scenario string        `json:"scenario"`
	Nodes    int           `json:"nodes"`
	Alive    int           `json:"alive"`  // of those, as they were started; paused ones are
	Paused   int           `json:"paused"` // of those alive
	Runtime  string        `json:"runtime"`
	Fabric   string        `json:"fabric"`
	Run      *Under        `json:"run,omitempty"` // that is under way
	Created  time.Time     `json:"created"`
	Took     time.Duration `json:"up_took_ns"`
	Problems []string      `json:"problems"` // what does not work, in words
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
	bed, err := h.open(ctx, j)
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
		return s
	}
	for _, n := range bed.Nodes() {
		switch n.State {
		case noderuntime.Running:
			s.Alive++
		case noderuntime.Paused:
			s.Alive++
			s.Paused++
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
