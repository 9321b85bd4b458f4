package emulator

import (
	"context"
	"path/filepath"

	"testbed/emulator/catalogue"
	"testbed/emulator/doctor"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/program"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
)

// Catalogue is what this program can choose from, by name, and what more is given besides.
func Catalogue(more ...catalogue.Section) *catalogue.Catalogue { return builtin.Catalogue(more...) }

// NewHost is this machine, with the runtimes and fabrics of the catalogue, in the order in which `auto` tries
// them. binary is this program, which nodes and the fabric run too where no node program is built into it.
func NewHost(binary, version string) *Host {
	return NewHostAt(orchestrator.DefaultStore, orchestrator.DefaultKey, binary, version)
}

// NewHostAt is NewHost with a directory of its own for the testbeds' records, and a file for the host's key, beside
// which the node program is kept, and what nodes have on disk.
func NewHostAt(store orchestrator.Store, key, binary, version string) *Host {
	return NewHostOf(Catalogue(), store, key, binary, version)
}

// NewHostOf is NewHostAt with the runtimes and fabrics of any catalogue, from which scenarios choose, too.
func NewHostOf(c *catalogue.Catalogue, store orchestrator.Store, key, binary, version string) *Host {
	small := program.Node(filepath.Dir(key), binary)
	h := &orchestrator.Host{Store: store, Key: key, Disk: filepath.Join(filepath.Dir(key), "disk")}
	host := &Host{Host: h, Version: version, Try: doctor.Trial(c), Catalogue: c}
	for _, f := range fabric.Choices.All(c) {
		h.Fabrics = append(h.Fabrics, orchestrator.FabricOption{
			Name: f.Name, Remedy: f.Remedy, Supported: f.Does.Supported, Testbeds: f.Does.Testbeds, Traces: f.Does.Traces,
			New: func(dir, testbed string) fabric.Fabric { return f.Does.New(dir, testbed, small) },
		})
	}
	for _, r := range noderuntime.Choices.All(c) {
		// Containers are known by what the host's testbeds signed.
		made := r.Does.New(noderuntime.Environment{
			Program: small, Dir: store.NodeDir, Secrets: h.Secrets, Key: h.ImageSecret,
		})
		h.Runtimes = append(h.Runtimes, runtimeOption(made, r.Remedy))
		if host.Prune == nil {
			host.Prune = made.Prune
		}
	}
	h.Several = agents{host: host}
	host.Inventory = host.ask
	return host
}

// runtimeOption is a runtime as the orchestrator takes it.
func runtimeOption(m noderuntime.Made, remedy string) orchestrator.RuntimeOption {
	o := orchestrator.RuntimeOption{Runtime: m.Runtime, Remedy: remedy, Supported: m.Supported, Endpoint: m.Endpoint,
		EngineID: m.EngineID, Foreign: m.Foreign}
	if m.For != nil {
		o.For = func(ctx context.Context, endpoint, id string) (orchestrator.RuntimeOption, error) {
			other, err := m.For(ctx, endpoint, id)
			if err != nil {
				return orchestrator.RuntimeOption{}, err
			}
			return runtimeOption(other, remedy), nil
		}
	}
	return o
}
