package emulator_test

import (
	"os"
	"testing"

	"testbed/emulator/node"
)

// TestMain lets the test binary be what a testbed is made of: a node, with its agent, and the fabric's process.
func TestMain(m *testing.M) {
	if code, ok := node.Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
