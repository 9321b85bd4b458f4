package resolved

import (
	"fmt"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/profile"
)

// KeepFirst leaves those of the chains that are replayed that come first, so many; 0: all.
func (e *Scenario) KeepFirst(chains int) {
	if chains > 0 && chains < len(e.Sample) {
		e.Sample = e.Sample[:chains]
	}
}

// measure notes at the tasks what the scenario's profile tells of programs. Placement is done by then: a profile moves
// no function.
func (e *Scenario) measure() error {
	if !e.Source.Programs() {
		return nil
	}
	of, err := e.Source.LoadProfile()
	if err != nil {
		return e.at("profile", err)
	}
	if of == nil {
		of = &profile.Profile{}
	}
	e.measureStarts(of)
	c := of.Measure(e.Jobs, e.Source.Origin)
	switch {
	case e.Source.Profile == "" && c.Tasks > 0:
		e.Notes = append(e.Notes, "without a profile nothing is predicted of functions that are programs: "+
			"`testbed profile` makes one")
	case len(c.Missing) > 0:
		e.Notes = append(e.Notes, fmt.Sprintf("the profile %s tells nothing of %s, so that nothing is predicted: "+
			"make it again with `testbed profile`", e.Source.Profile, strings.Join(c.Missing, ", ")))
	case c.Known < c.Tasks:
		e.Notes = append(e.Notes, fmt.Sprintf("the profile %s was made with %d of %s of programs; "+
			"of the others it tells by the size of their argument, which in %d is beyond what was measured",
			e.Source.Profile, c.Known, printable.Count(c.Tasks, "task"), c.Beyond))
	}
	return nil
}
