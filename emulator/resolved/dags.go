package resolved

import (
	"fmt"

	"testbed/emulator/internal/printable"
)

// notesOfDAGs say what a user should know of jobs that are no chains: how many there are, and which of their tasks
// cannot run side by side, for the state that both change has one owner, and travels.
func (e *Scenario) notesOfDAGs() []string {
	var dags []int
	for i := range e.Jobs {
		if !e.Jobs[i].Chain() {
			dags = append(dags, i)
		}
	}
	if len(dags) == 0 {
		return nil
	}
	first := fmt.Sprintf("%d of %s are DAGs, whose branches run side by side", len(dags),
		printable.Count(len(e.Jobs), "job"))
	if !e.Source.Linearize {
		first += "; predictors that know nothing but chains predict nothing, unless linearize: true lets them"
	}
	notes := []string{first}
	for _, m := range e.Models {
		serialised, tasks := 0, 0
		for _, i := range dags {
			p := e.rules[m].Build(e.Jobs, i, e.Placement, e.Sites, e.Access())
			serialised += p.Serialised
			tasks += p.Length
		}
		if serialised > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of their %d tasks wait for another only because both are sent the same "+
				"state, in ascending order of tasks", m, serialised, tasks))
		}
	}
	return notes
}
