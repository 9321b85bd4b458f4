package emulator

import (
	"context"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/netem"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/process"
	"testbed/emulator/orchestrator"
)

// FabricCommand is the hidden command that makes the binary the process that carries a testbed's packets.
const FabricCommand = "fabric-process"

// NewHost is this machine, with the runtimes and fabrics that this program has, in the order in which `auto` tries
// them. binary is this program, which nodes and the fabric run too.
func NewHost(binary, version string) *Host {
	return NewHostAt(orchestrator.DefaultStore, orchestrator.DefaultKey, binary, version)
}

// NewHostAt is NewHost with a directory of its own for the testbeds' records, and a file for the host's key.
func NewHostAt(store orchestrator.Store, key, binary, version string) *Host {
	node := process.New(binary, nil)
	node.Dir = store.NodeDir
	h := &orchestrator.Host{
		Store: store,
		Key:   key,
		Fabrics: []orchestrator.FabricOption{{
			Name: netem.Name, Supported: netem.Supported, New: netem.New,
		}, {
			Name:      "userspace",
			Supported: userspace.Supported,
			Testbeds:  userspace.Testbeds,
			New: func(dir, testbed string) fabric.Fabric {
				return userspace.New(dir, testbed, []string{binary, FabricCommand})
			},
		}},
	}
	// Containers are known by what the host's testbeds signed.
	containers := docker.New(binary, docker.WithSecrets(h.Secrets), docker.WithKey(h.ImageSecret))
	h.Runtimes = []orchestrator.RuntimeOption{dockerOption(containers), {Runtime: node, Supported: node.Supported}}
	return &Host{Host: h, Version: version, Prune: containers.Prune, Try: true}
}

// dockerOption is the runtime of containers as the orchestrator takes it.
func dockerOption(r *docker.Runtime) orchestrator.RuntimeOption {
	return orchestrator.RuntimeOption{Runtime: r, Supported: r.Supported, Endpoint: r.Endpoint, EngineID: r.EngineID, Foreign: r.Foreign,
		For: func(ctx context.Context, endpoint, id string) (orchestrator.RuntimeOption, error) {
			other, err := r.ForEngine(ctx, endpoint, id)
			if err != nil {
				return orchestrator.RuntimeOption{}, err
			}
			return dockerOption(other), nil
		}}
}
