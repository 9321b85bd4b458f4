// Command testbed emulates edge networks, runs stateful functions on them, and compares what it measures
// with what a simulator predicts.
package main

import (
	"fmt"
	"os"

	"testbed/emulator"
	"testbed/emulator/cli"
	"testbed/emulator/faas"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/noderuntime/process"
)

// version is set by the Makefile.
var version = "unknown"

func main() { os.Exit(start(os.Args[1:])) }

// start becomes what the first argument names: one of the program's own inner processes, which are kept
// clear of the command line's machinery because there are hundreds of them, or the command line.
func start(args []string) int {
	if len(args) > 0 && args[0] == process.InitCommand {
		rest, err := process.Init(args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "tb-node:", err)
			return 1
		}
		args = rest
	}
	if len(args) > 0 {
		switch args[0] {
		case faas.AgentCommand:
			return faas.Main(args[1:], process.Ready)
		case emulator.FabricCommand:
			return userspace.Main(args[1:])
		}
	}
	return cli.Main(cli.NewState(version))
}
