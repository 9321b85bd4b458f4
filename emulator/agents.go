package emulator

import (
	"testbed/emulator/fabric/spread"
	"testbed/emulator/internal/program"
	"testbed/emulator/machines/carrier/agent"
)

// AgentServices are what the agent of a machine offers beside nodes. dirs are the directories that it shares with its
// machine (agent.Dirs).
func AgentServices(dirs []string) agent.Services {
	return tellers(spread.Services(program.At("/proc/self/exe"), dirs...))
}
