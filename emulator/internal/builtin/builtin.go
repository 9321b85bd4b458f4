// Package builtin assembles the catalogue of what this program has. A new model, policy, predictor, arrival process,
// runtime or fabric is one package, and one line here.
package builtin

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/dispatch"
	"testbed/emulator/fabric/netem"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/process"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/predict/transport"
	"testbed/emulator/replay"
	"testbed/emulator/topology/ether"
	"testbed/emulator/topology/network/containerlab"
	"testbed/emulator/topology/network/gml"
	"testbed/emulator/topology/network/gns3"
	"testbed/emulator/topology/network/graphml"
	"testbed/emulator/topology/network/kollaps"
	"testbed/emulator/topology/network/mininet"
	"testbed/emulator/topology/network/netlab"
	"testbed/emulator/topology/network/nodelink"
	"testbed/emulator/topology/network/rtt"
	"testbed/emulator/topology/network/sndlib"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload/alibaba"
	"testbed/emulator/workload/azure"
	"testbed/emulator/workload/hour"
	"testbed/emulator/workload/spar"
	"testbed/emulator/workload/wfformat"
)

// Catalogue is what can be chosen, and what more is given besides.
func Catalogue(more ...catalogue.Section) *catalogue.Catalogue {
	return catalogue.New(append([]catalogue.Section{
		synth.Section(),
		ether.Section(),
		graphml.Section(),
		gml.Section(),
		nodelink.Section(),
		containerlab.Section(),
		netlab.Section(),
		gns3.Section(),
		mininet.Section(),
		kollaps.Section(),
		sndlib.Section(),
		rtt.Section(),
		spar.Section(),
		alibaba.Section(),
		azure.Section(),
		wfformat.Section(),
		hour.Section(),
		plan.Section(),
		plan.StoreSection(),
		placement.Section(),
		dispatch.Section(),
		transport.Section(),
		statesim.Section(),
		replay.Section(),
		docker.Section(),
		process.Section(),
		netem.Section(),
		userspace.Section(),
	}, more...)...)
}
