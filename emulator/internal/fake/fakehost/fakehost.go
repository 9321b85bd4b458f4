// Package fakehost is a host of testbeds on a machine in memory: for tests of the library and of the command line,
// which need neither privileges nor time.
package fakehost

import (
	"context"
	"path/filepath"

	"testbed/emulator"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/orchestrator"
)

// Scenario is a small one, in YAML: three hosts at a switch, two chains of each of two models, all of it done within
// a tenth of a second.
const Scenario = `name: tiny
description: Three hosts at a switch
topology:
  nodes:
    cam: {class: camera, memory: 256MiB, cpu: 1}
    nuc: {class: nuc, memory: 16GiB, cpu: 4}
    server: {class: server, memory: 16GiB, cpu: 8}
    gw: {kind: switch}
  links:
    - {name: wifi, class: wlan, endpoints: [cam, gw], rate: 50Mbps, delay: 2ms}
    - {name: lan1, class: lan, endpoints: [nuc, gw], rate: 1Gbps, delay: 500us}
    - {name: lan2, class: lan, endpoints: [server, gw], rate: 1Gbps, delay: 500us}
workload:
  synth: {kind: spar, jobs: 30}
  jobs: 2
  functions: 2
  max-length: 2
  clients: [camera]
  ops-factor: 1e3
  arg-factor: 1e3
  state-factor: 1e3
models: [in-function, in-client]
replay: {timeout: 30s, disturbed: {then: keep, share: 1}}
`

// New is a host whose record is in dir, on a machine on which nothing runs.
func New(dir string) (*fake.Machine, *emulator.Host) {
	m := fake.New()
	return m, On(m, dir)
}

// On is a host on a machine, whose record is in dir.
func On(m *fake.Machine, dir string) *emulator.Host {
	fine := func(context.Context) error { return nil }
	return &emulator.Host{Version: "test", Host: &orchestrator.Host{
		Store: orchestrator.Store(filepath.Join(dir, "store")), Key: filepath.Join(dir, "key"), Subnet: m.Subnet,
		Runtimes: []orchestrator.RuntimeOption{{Runtime: m.Runtime("process"), Supported: fine}, engine(m)},
		Fabrics: []orchestrator.FabricOption{{Name: "userspace", Supported: fine, New: func(_, testbed string) fabric.Fabric {
			return m.Fabric("userspace", testbed)
		}, Testbeds: func() ([]string, error) { return m.Networks(), nil }}},
	}}
}

// engine is the runtime docker, whose engine answers unless fake.Engine fails.
func engine(m *fake.Machine) orchestrator.RuntimeOption {
	o := orchestrator.RuntimeOption{Runtime: m.Runtime("docker"), Endpoint: func() string { return "fake://engine" }}
	o.Supported = func(context.Context) error { return m.Failure(fake.Engine) }
	o.EngineID = func(context.Context) (string, error) { return "fake", m.Failure(fake.Engine) }
	o.For = func(context.Context, string, string) (orchestrator.RuntimeOption, error) {
		return o, m.Failure(fake.Engine)
	}
	return o
}
