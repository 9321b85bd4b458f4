// Command testbed emulates edge networks, runs stateful functions on them, and compares what it measures
// with what a simulator predicts.
package main

import (
	"os"

	"testbed/emulator"
	"testbed/emulator/cli"
	"testbed/emulator/machines/carrier/agent"
	"testbed/emulator/machines/seat"
	"testbed/emulator/node"
)

// version is set by the Makefile.
var version = "unknown"

func main() {
	code, ok := node.Main(os.Args[1:])
	if !ok {
		code, ok = agent.Main(os.Args[1:], emulator.AgentServices(agent.Dirs(os.Args[1:])))
	}
	if !ok && len(os.Args) > 1 && os.Args[1] == seat.Command {
		code, ok = seat.Main(os.Args[2:], emulator.Secrets), true
	}
	if !ok {
		code = cli.Main(cli.NewState(version))
	}
	os.Exit(code)
}
