package carriertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"testbed/emulator/fabric/spread"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/agent"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/seat"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// TestMain lets the test binary be an agent, a relay, a node or a probe, and sees to machines.
func TestMain(m *testing.M) {
	if os.Args[0] == userspace.ProcessName && len(os.Args) > 2 {
		os.Exit(userspace.Main(os.Args[2:]))
	}
	services := spread.Services(program.At("/proc/self/exe"), agent.Dirs(os.Args[1:])...)
	if code, ok := agent.Main(os.Args[1:], services); ok {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == seat.Command {
		os.Exit(seat.Main(os.Args[2:], secretIn))
	}
	if len(os.Args) == 3 && os.Args[1] == parentCommand {
		os.Exit(parent(os.Args[2]))
	}
	if os.Getpid() == 1 {
		go runtimetest.Reap()
	}
	if code, ok := runtimetest.Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	testenv.UnderMachines()
	testenv.DefaultSignals()
	os.Exit(m.Run())
}

// enginesOf is the carrier of all machines by their sockets.
func enginesOf(t *testing.T, at testenv.Machines) carrier.Carrier {
	t.Helper()
	var sockets []string
	for n := 1; n <= at.Count; n++ {
		sockets = append(sockets, at.Engine(n))
	}
	spec, err := machines.Parse(strings.Join(sockets, ","))
	if err != nil {
		t.Fatal(err)
	}
	c := engines.New(spec.Machines, engines.Options{Program: program.At("/proc/self/exe")})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestEngines(t *testing.T) {
	at := testenv.NewMachines(t)
	Run(t, at, enginesOf(t, at))
}

// TestNodesOnAnotherMachine: the runtime of another machine is one like any other.
func TestNodesOnAnotherMachine(t *testing.T) {
	at := testenv.NewMachines(t)
	c := enginesOf(t, at)
	list, _, err := c.Machines(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	prefix := fmt.Sprintf("t%d-", os.Getpid())
	agents, err := c.Start(context.Background(), Launch(at, prefix+"suite"), list)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := carrier.CloseAll(agents); err != nil {
			t.Error(err)
		}
	})
	next := 0
	runtimetest.Run(t, func(testing.TB) noderuntime.Runtime { // the machines take turns
		next++
		return agents[next%len(agents)].Runtime().Runtime
	}, Inside, prefix)
}
