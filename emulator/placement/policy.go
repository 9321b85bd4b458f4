package placement

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/topology"
)

// Policy is the name of an allocation policy.
type Policy string

// The policies of the study.
const (
	Load    Policy = "load"     // the smallest processing time under the load so far (simulator: ProcOnly)
	LoadNet Policy = "load+net" // the smallest sum of that and of the transfer times (simulator: ProcNet)
)

// Policies are all policies.
var Policies = []Policy{Load, LoadNet}

// ParsePolicy finds a policy by name.
func ParsePolicy(s string) (Policy, error) {
	if p := Policy(strings.ToLower(s)); slices.Contains(Policies, p) {
		return p, nil
	}
	return "", fmt.Errorf("unknown allocation policy %q; write one of %v", s, Policies)
}

// SpeedModel says what a node's speed is taken to be, in operations per second.
type SpeedModel string

// The models of a node's speed.
const (
	// SpeedAsPublished takes the bytes of memory for the speed. The release of the simulator with which
	// the study's figures were made does so, by reading the wrong column.
	SpeedAsPublished SpeedModel = "as-published"
	// SpeedCPU takes a million operations per second for each thousandth of a core.
	SpeedCPU SpeedModel = "cpu"
)

// SpeedModels are all models of speed.
var SpeedModels = []SpeedModel{SpeedAsPublished, SpeedCPU}

// Speeds gives the speed of every host, in operations per second, in the simulator's float32. It fails
// where a host does not declare what the model needs.
func Speeds(t *topology.Topology, model SpeedModel) (map[topology.ID]float32, error) {
	speeds := map[topology.ID]float32{}
	for _, id := range t.Hosts() {
		host := &t.Vertices[id]
		speed, needs := float32(host.Memory), "memory"
		if model == SpeedCPU {
			speed, needs = float32(float64(host.CPU)*1e6), "cpu"
		}
		if speed <= 0 {
			return nil, fmt.Errorf("host %s: the speed model %s needs its %s", host.Name, model, needs)
		}
		speeds[id] = speed
	}
	return speeds, nil
}

// DefaultGPU is the model of the hosts that have a GPU.
const DefaultGPU = "nvidia_jetson_tx2"

// DefaultClients are the models of the hosts that are clients in the study.
var defaultClients = []string{"rpi3b+", DefaultGPU}

// Clients lists the hosts of the given models (of the study's, where none is given), ordered by name.
func Clients(t *topology.Topology, models ...string) []topology.ID {
	if len(models) == 0 {
		models = defaultClients
	}
	var ids []topology.ID
	for _, id := range t.Hosts() {
		if slices.Contains(models, t.Vertices[id].Model) {
			ids = append(ids, id)
		}
	}
	return t.ByName(ids)
}
