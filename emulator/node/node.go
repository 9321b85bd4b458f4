// Package node is what runs below the controller: the first process of each node, with its FaaS agent, and the process
// that carries a testbed's packets. There are hundreds of them, so they are kept clear of the controller's machinery.
package node

import (
	"fmt"
	"os"

	"testbed/emulator/faas"
	"testbed/emulator/faas/function"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/noderuntime/process"
)

// Main becomes the process that the arguments, without the program's name, ask for, and returns its exit code.
// It must be called first of all. ok is false where they ask for none of them.
func Main(args []string) (code int, ok bool) {
	if len(args) > 0 && args[0] == process.InitCommand {
		rest, err := process.Init(args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "tb-node:", err)
			return 1, true
		}
		args = rest
	}
	if len(args) == 0 {
		return 0, false
	}
	switch args[0] {
	case faas.AgentCommand:
		return faas.Main(args[1:], process.Ready), true
	case function.Command:
		return function.Main(), true
	case userspace.Command:
		return userspace.Main(args[1:]), true
	}
	return 0, false
}
