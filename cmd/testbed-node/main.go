// Command testbed-node is what nodes and a testbed's fabric run. The controller has it built in, starts it, and needs
// no other one: it is of no use by itself.
package main

import (
	"fmt"
	"os"

	"testbed/emulator/node"
)

func main() {
	code, ok := node.Main(os.Args[1:])
	if !ok {
		fmt.Fprintln(os.Stderr, "testbed-node is started by testbed: run that")
		code = 2
	}
	os.Exit(code)
}
