package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/urfave/cli/v2"

	"testbed/emulator/experiment"
	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/fabric/netem"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/process"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
)

// FabricCommand is the hidden command that makes the binary the process that carries a testbed's packets.
const FabricCommand = "fabric-process"

// newHost knows the runtimes and fabrics that this program has, in the order in which `auto` tries them.
func newHost(s *State) *orchestrator.Host {
	node := process.New(s.Binary, nil)
	node.Dir = orchestrator.DefaultStore.NodeDir
	h := &orchestrator.Host{
		Store: orchestrator.DefaultStore,
		Key:   orchestrator.DefaultKey,
		Fabrics: []orchestrator.FabricOption{{
			Name: netem.Name, Supported: netem.Supported, New: netem.New,
		}, {
			Name:      "userspace",
			Supported: userspaceSupported,
			Testbeds:  userspace.Testbeds,
			New: func(dir, testbed string) fabric.Fabric {
				return userspace.New(dir, testbed, []string{s.Binary, FabricCommand})
			},
		}},
	}
	h.Runtimes = []orchestrator.RuntimeOption{dockerOption(newDocker(s, h)), {Runtime: node, Supported: node.Supported}}
	return h
}

// userspaceSupported says why the userspace fabric cannot be had; nil where it can. A missing device file is
// no reason: the fabric makes it.
func userspaceSupported(context.Context) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("it needs Linux: %w", fabric.ErrNotSupported)
	}
	file, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	switch {
	case err == nil:
		return file.Close()
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return fmt.Errorf("%w: %w; run it with sudo, or load the tun module: modprobe tun", fabric.ErrNotSupported, err)
}

// openExperiment finds the testbed that a command is about, and works out the scenario it was made from.
func openExperiment(c *cli.Context, s *State) (*orchestrator.Testbed, *experiment.Experiment, error) {
	bed, err := newHost(s).Open(c.Context, c.String("name"))
	if err != nil {
		return nil, nil, err
	}
	e, err := prepare(s, bed.ScenarioFile())
	if err != nil {
		return nil, nil, err
	}
	return bed, e, bed.Attach(e.Topology)
}

// request is what the orchestrator needs to bring an experiment up.
func request(s *State, e *experiment.Experiment, testbed string) (orchestrator.Request, error) {
	if err := e.Scenario.MakeAbsolute(); err != nil {
		return orchestrator.Request{}, err
	}
	resolved, err := e.Scenario.Resolved()
	if err != nil {
		return orchestrator.Request{}, err
	}
	sc := e.Scenario
	return orchestrator.Request{
		Testbed: testbed, Scenario: sc.Name, File: sc.Path(), Resolved: resolved, Topology: e.Topology,
		TCP:     orchestrator.TCP{Congestion: sc.TCP.Congestion, SlowStartAfterIdle: sc.TCP.SlowStartAfterIdle},
		Seed:    sc.Seed,
		Runtime: sc.Runtime, Fabric: sc.Fabric, Version: s.Version, Prove: true,
		Node: func(station orchestrator.Station, control string) orchestrator.NodeConfig {
			return nodeConfig(e, station, control)
		},
	}, nil
}

// nodeConfig is what a station's node runs and what it may use.
func nodeConfig(e *experiment.Experiment, station orchestrator.Station, control string) orchestrator.NodeConfig {
	v := &e.Topology.Vertices[station.ID]
	image, agent := e.Scenario.ImageOf(v)
	node := orchestrator.NodeConfig{Image: image}
	if agent {
		config := faas.Config{Node: station.Name, Control: control, Compute: e.Scenario.Replay.Compute, Speed: agentSpeed(e, station.ID),
			Memory: e.AgentMemory(station.ID)}
		if timeout := e.Scenario.Replay.Timeout; timeout > faas.DefaultStall {
			config.Stall = timeout // a link may be down for as long as a chain may wait
		}
		node.Args = append([]string{faas.AgentCommand}, config.Args()...)
	}
	if e.Scenario.Resources == "emulate" {
		node.Limits = noderuntime.Limits{CPU: v.CPU, Memory: v.Memory}
	}
	return node
}

// agentSpeed is what a node's agent is told: the cloud executes nothing, and any speed will do.
func agentSpeed(e *experiment.Experiment, id topology.ID) float64 {
	if speed, ok := e.Speeds[id]; ok {
		return float64(speed)
	}
	return 1
}
