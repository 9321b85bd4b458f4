package faas

import (
	"fmt"
	"slices"
)

// Needs is what the agent of a stateful instance's node was told of its functions, and another's must have been told as
// well before the instance can be served there. It is the controller's to tell, before a run.
type Needs struct {
	Programs []string `json:"programs,omitempty"` // those of the functions that are programs
	Lives    []string `json:"lives,omitempty"`    // those whose instances start and end
}

func (n *Needs) validate(s *Stateful) error {
	for _, name := range slices.Concat(n.Programs, n.Lives) {
		if !slices.Contains(s.Functions, name) {
			return fmt.Errorf("instance %.150s needs function %.100q, which is none of its own", s.ID, name)
		}
	}
	return nil
}

// needs are an instance's, by what this agent was told.
func (a *Agent) needs(s *Stateful) (n Needs) {
	for _, name := range s.Functions {
		if a.installed.has(name) {
			n.Programs = append(n.Programs, name)
		}
		if a.known.told(s, name) {
			n.Lives = append(n.Lives, name)
		}
	}
	return n
}

// has says whether the agent was told of a program.
func (p *installed) has(function string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[function] != nil
}

// told says whether the agent was told how instances live of a function of a stateful instance. That one's ID is the
// chains' series and a name of two parts; see NameInstances.
func (k *known) told(s *Stateful, function string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.lives[lived{seriesOf(seriesOf(s.ID)), function}] != nil
}

// meets fails where this agent was not told what an instance needs: its calls would be refused here.
func (a *Agent) meets(coming *Arrival) error {
	here := a.needs(&coming.Stateful)
	for _, name := range coming.Needs.Programs {
		if !slices.Contains(here.Programs, name) {
			return unprepared("is a program", name)
		}
	}
	for _, name := range coming.Needs.Lives {
		if !slices.Contains(here.Lives, name) {
			return unprepared("has instances that start and end", name)
		}
	}
	return nil
}

// unprepared says why a node cannot have a function.
func unprepared(is, function string) error {
	return fmt.Errorf("function %s %s, and this node was not told of it: a run prepares nodes that execute functions "+
		"(placement.hosts), and those that its events let functions move to; name it there", function, is)
}
