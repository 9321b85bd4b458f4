package emulator

import (
	"testbed/emulator/canary"
	"testbed/emulator/capture"
	"testbed/emulator/fabric"
	"testbed/emulator/fabric/spread"
	"testbed/emulator/hostload"
	"testbed/emulator/internal/program"
	"testbed/emulator/machines/carrier/agent"
	"testbed/emulator/verify/across"
)

// AgentServices are what the agent of a machine offers beside nodes. dirs are the directories that it shares with its
// machine (agent.Dirs).
func AgentServices(dirs []string) agent.Services {
	services := spread.Services(program.At("/proc/self/exe"), dirs...)
	services[across.Service] = across.Serve
	services[hostload.Service] = hostload.Serve
	services[capture.Service] = capture.Serve
	services[canary.Service] = canary.Serve(func(testbed, machine string) (fabric.Fabric, string, func() error, error) {
		return spread.Beside(program.At("/proc/self/exe"), dirs, testbed, machine, "canary")
	})
	return services
}
