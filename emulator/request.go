package emulator

import (
	"testbed/emulator/faas"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// request is what the orchestrator needs to bring a scenario up, or to make a testbed that is up as it says.
func (h *Host) request(e *resolved.Scenario, o UpOptions) (*orchestrator.Request, error) {
	sc := e.Source
	name := orDefault(o.Name, sc.Name)
	if err := orchestrator.CheckName(name); err != nil {
		return nil, input(err)
	}
	if err := CheckMemory(e); err != nil {
		return nil, err
	}
	sc.Runtime, sc.Fabric = orDefault(o.Runtime, sc.Runtime), orDefault(o.Fabric, sc.Fabric)
	if err := serverRuntime(e); err != nil {
		return nil, input(err)
	}
	if err := sc.MakeAbsolute(); err != nil {
		return nil, err
	}
	resolved, err := sc.Resolved()
	if err != nil {
		return nil, err
	}
	return &orchestrator.Request{
		Testbed: name, Scenario: sc.Name, File: sc.Path(), Resolved: resolved, Topology: e.Topology,
		TCP:  orchestrator.TCP{Congestion: sc.TCP.Congestion, SlowStartAfterIdle: sc.TCP.SlowStartAfterIdle},
		Seed: sc.Seed, IPv6: sc.IP == 6, ARP: sc.Neighbours == "arp", Routing: routing(sc),
		Runtime: sc.Runtime, Fabric: sc.Fabric, Version: h.Version, Prove: true, Password: e.Sites.Store != nil,
		Try: h.Try, Progress: o.Progress,
		Keep: func(dir string) ([]byte, error) { return keep(sc, dir, resolved) },
		Node: func(station orchestrator.Station, control string) orchestrator.NodeConfig {
			return nodeConfig(e, station, control, h.DiskDir(name, station.Name))
		},
	}, nil
}

// routing is what hosts of a scenario have beside their own addresses.
func routing(sc *scenario.Scenario) map[string]orchestrator.Routing {
	all := map[string]orchestrator.Routing{}
	for name, of := range sc.Routing() {
		r := orchestrator.Routing{Addresses: of.Addresses, Forwards: of.Forwards}
		for _, to := range of.Routes {
			r.Routes = append(r.Routes, orchestrator.RouteTo{To: to.To, Via: to.Via})
		}
		all[name] = r
	}
	return all
}

// largestKept is the size, in bytes, up to which a testbed keeps a copy of a file that its scenario reads: they
// are in memory, as its directory is.
const largestKept = 256 << 20

// keep stores what a scenario reads in a testbed's directory, and returns the scenario that reads the copies. One
// that reads something larger goes on to read that where it is.
func keep(sc *scenario.Scenario, dir string, text []byte) ([]byte, error) {
	kept, err := resolved.KeepInputs(sc, dir, largestKept)
	if err != nil {
		return nil, err
	}
	for _, in := range kept.Inputs {
		if in.File == "" {
			return text, nil
		}
	}
	return kept.Scenario.Resolved()
}

func orDefault(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}

// nodeConfig is what a station's node runs and what it may use. disk is where it keeps what is too much for memory.
func nodeConfig(e *resolved.Scenario, station orchestrator.Station, control, disk string) orchestrator.NodeConfig {
	v := &e.Topology.Vertices[station.ID]
	image, agent := e.Source.ImageOf(v)
	node := orchestrator.NodeConfig{Image: image}
	if agent {
		if store := &e.Source.State.Repository; keeps(e, station.ID) && store.Image != "" {
			// Its own command would be a second server, with no password.
			node.Image, node.Without = store.Image, true
		}
		config := faas.Config{
			Redis: redisConfig(e, station.ID, disk), PasswordFile: passwordFile(e, control),
			Node: station.Name, Control: control, Compute: e.Source.Replay.Compute,
			Speed: agentSpeed(e, station.ID), Memory: e.AgentMemory(station.ID),
		}
		if timeout := e.Source.Replay.Timeout; timeout > faas.DefaultStall {
			config.Stall = timeout // a link may be down for as long as a chain may wait
		}
		node.Args = append([]string{faas.AgentCommand}, config.Args()...)
	}
	if e.Source.Resources == "emulate" {
		node.Limits = noderuntime.Limits{CPU: v.CPU, Memory: v.Memory}
	}
	return node
}

// agentSpeed is what a node's agent is told: the cloud executes nothing, and any speed will do.
func agentSpeed(e *resolved.Scenario, id topology.ID) float64 {
	if speed, ok := e.Speeds[id]; ok {
		return float64(speed)
	}
	return 1
}
