package scenario

import (
	"testbed/emulator/profile"
)

// LoadProfile reads the scenario's profile; nil: it names none.
func (s *Scenario) LoadProfile() (*profile.Profile, error) {
	if s.Profile == "" {
		return nil, nil
	}
	return profile.Load(s.resolvePath(s.Profile))
}

// checkProfile reads the profile, whose errors have its own file and line.
func (d *decoder) checkProfile(s *Scenario) {
	if s.Profile != "" && !s.Programs() {
		d.failAt("profile", "remove it, or say in functions which are programs",
			"it has a meaning for functions that are programs only")
		return
	}
	if _, err := s.LoadProfile(); err != nil {
		d.failAt("profile", "paths are relative to the scenario's file; `testbed profile SCENARIO -o FILE` makes one",
			"%v", err)
	}
}

// Origin is what the function's argument is, if it is a program.
func (f *File) Origin(function string) profile.Origin {
	of := f.Function(function)
	switch {
	case of == nil || !of.Program():
		return profile.Builtin
	case of.Argument == ArgumentPayload:
		return profile.Payload
	case of.Argument == ArgumentPrevious:
		return profile.Previous
	}
	return profile.Synthetic
}
