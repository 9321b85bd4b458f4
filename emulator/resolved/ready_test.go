package resolved

import (
	"testing"

	"testbed/emulator/scenario"
)

// ready works out a scenario that was read, with what that has failed with.
func ready(t *testing.T, s *scenario.Scenario, err error) *Scenario {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	e, err := Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
