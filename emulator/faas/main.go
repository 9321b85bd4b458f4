package faas

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"

	"testbed/emulator/internal/reaper"
)

// ownMemory is what an agent takes besides states and messages, in bytes.
const ownMemory = 32 << 20

// Main is an agent's process: it reads its configuration from args (one JSON argument as Config.Args
// makes it, or flags), serves, calls ready once both sockets accept connections, and ends at SIGTERM or
// SIGINT. What follows an argument -- is a command that it starts beside itself, such as that of the image
// that the node runs; the agent goes on when that ends. It returns the exit code: 0, 1 for a failure, 2 for
// bad arguments.
func Main(args []string, ready func() error) int {
	var beside []string
	if at := slices.Index(args, "--"); at >= 0 {
		args, beside = args[:at], args[at+1:]
	}
	config, err := parseArgs(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed agent:", err)
		return 2
	}
	// Hundreds of agents share a machine: little garbage is kept, and no more threads than are useful.
	debug.SetGCPercent(50)
	// Buffers that are kept for later are given up where they would come on top of what the budget allows.
	debug.SetMemoryLimit(config.memory()/8*9 + ownMemory)
	if config.Compute == Allotted {
		runtime.GOMAXPROCS(min(runtime.NumCPU(), 2))
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if os.Getpid() == 1 || len(beside) > 0 {
		reaper.General()
		signal.Notify(signals, childSignal)
	}
	agent, err := Start(config)
	var child command
	if err == nil && len(beside) > 0 {
		child, err = startCommand(beside)
	}
	if err == nil && ready != nil {
		err = ready()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "testbed agent %s: %v\n", config.Node, err)
		return 1
	}
	return serve(agent, child, signals)
}

func serve(agent *Agent, child command, signals <-chan os.Signal) int {
	for {
		select {
		case s := <-signals:
			if s == childSignal {
				child.lookAfter()
				reaper.All()
				continue
			}
			_ = agent.Close() // the process ends, and its sockets with it
			return 0
		case err := <-agent.failed:
			fmt.Fprintf(os.Stderr, "testbed agent %s: %v\n", agent.config.Node, err)
			_ = agent.Close()
			return 1
		}
	}
}
