package emulator_test

import (
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator"
	"testbed/emulator/resolved"
)

// loaded is a scenario's text, worked out; dir is where what it names is.
func loaded(t *testing.T, dir, text string) *resolved.Scenario {
	t.Helper()
	path := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
