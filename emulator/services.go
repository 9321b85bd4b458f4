package emulator

import (
	"testbed/emulator/hostload"
	"testbed/emulator/machines/carrier/agent"
	"testbed/emulator/verify/across"
)

// tellers are the services of an agent by which a controller measures on its machine.
func tellers(services agent.Services) agent.Services {
	services[across.Service] = across.Serve
	services[hostload.Service] = hostload.Serve
	return services
}
