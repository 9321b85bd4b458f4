package faas

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// Main is an agent's process: it reads its configuration from args (one JSON argument as Config.Args
// makes it, or flags), serves, calls ready once both sockets accept connections, and ends at SIGTERM or
// SIGINT. It returns the exit code: 0, 1 for a failure, 2 for bad arguments.
func Main(args []string, ready func() error) int {
	config, err := parseArgs(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed agent:", err)
		return 2
	}
	// Hundreds of agents share a machine: little garbage is kept, and no more threads than are useful.
	debug.SetGCPercent(50)
	if config.Compute == Allotted {
		runtime.GOMAXPROCS(min(runtime.NumCPU(), 2))
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if os.Getpid() == 1 {
		signal.Notify(signals, childSignal)
	}
	agent, err := Start(config)
	if err == nil && ready != nil {
		err = ready()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "testbed agent %s: %v\n", config.Node, err)
		return 1
	}
	return serve(agent, signals)
}

func serve(agent *Agent, signals <-chan os.Signal) int {
	for {
		select {
		case s := <-signals:
			if s == childSignal {
				reap()
				continue
			}
			agent.Close()
			return 0
		case err := <-agent.failed:
			fmt.Fprintf(os.Stderr, "testbed agent %s: %v\n", agent.config.Node, err)
			agent.Close()
			return 1
		}
	}
}
