package emulator

import (
	"context"
	"path/filepath"

	"testbed/emulator/doctor"
	"testbed/emulator/fabric"
	"testbed/emulator/fabric/netem"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/program"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/process"
	"testbed/emulator/orchestrator"
)

// NewHost is this machine, with the runtimes and fabrics that this program has, in the order in which `auto` tries
// them. binary is this program, which nodes and the fabric run too where no node program is built into it.
func NewHost(binary, version string) *Host {
	return NewHostAt(orchestrator.DefaultStore, orchestrator.DefaultKey, binary, version)
}

// NewHostAt is NewHost with a directory of its own for the testbeds' records, and a file for the host's key, beside which
// the node program is kept.
func NewHostAt(store orchestrator.Store, key, binary, version string) *Host {
	small := program.Node(filepath.Dir(key), binary)
	node := process.New(small, nil)
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
				return userspace.New(dir, testbed, small, userspace.Command)
			},
		}},
	}
	// Containers are known by what the host's testbeds signed.
	containers := docker.New(small, docker.WithSecrets(h.Secrets), docker.WithKey(h.ImageSecret))
	h.Runtimes = []orchestrator.RuntimeOption{dockerOption(containers), {Runtime: node, Supported: node.Supported}}
	return &Host{Host: h, Version: version, Prune: containers.Prune, Try: doctor.Try}
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
