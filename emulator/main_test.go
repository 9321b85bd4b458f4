package emulator_test

import (
	"fmt"
	"os"
	"testing"

	"testbed/emulator"
	"testbed/emulator/faas"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/noderuntime/process"
)

// TestMain lets the test binary be what a testbed is made of: a node, with its agent, and the fabric's process.
func TestMain(m *testing.M) {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == process.InitCommand {
		rest, err := process.Init(args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "tb-node:", err)
			os.Exit(1)
		}
		args = rest
	}
	if len(args) > 0 {
		switch args[0] {
		case faas.AgentCommand:
			os.Exit(faas.Main(args[1:], process.Ready))
		case emulator.FabricCommand:
			os.Exit(userspace.Main(args[1:]))
		}
	}
	os.Exit(m.Run())
}
