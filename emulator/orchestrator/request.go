package orchestrator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
)

// Request is what Up makes a testbed from.
type Request struct {
	Testbed  string // name, see CheckName
	Scenario string // the scenario's name
	File     string // the scenario's file, absolute
	Resolved []byte // the scenario with all defaults resolved
	Topology *topology.Topology
	TCP      TCP
	IPv6     bool               // functions are called over IPv6
	ARP      bool               // see fabric.Network.ARP
	Routing  map[string]Routing // by the names of hosts that have more than their own address
	Seed     uint64
	Runtime  string  // auto or a runtime's name
	Fabric   string  // auto or a fabric's name
	Spread   *Spread // the machines that get it, and which what of it; nil: this one
	Version  string
	Run      string // identifies this bringing up; empty: one is made
	Password bool   // nodes find a password in their directories, the same in all, in a file called PasswordFile
	Node     func(s Station, control string) NodeConfig

	// Keep stores what the scenario reads in a testbed's directory, so that a testbed that is up is complete by
	// itself, and returns the scenario with all defaults resolved that reads it there; nil: Resolved is stored.
	Keep func(dir string) (resolved []byte, err error)

	Progress func(phase string) // told of each phase; may be nil

	// Prove is whether each node with an agent must have proved, before anything enters it, that its first process
	// is the one that answers at its control socket.
	Prove bool
	// Try tries what Up is going to do, before it makes anything; nil: nothing is tried.
	Try Trial
}

// Trial tries on a host, before anything is made, what a testbed of a runtime and a fabric is made by. The error says
// what fails and what mends it. Package doctor has one.
type Trial func(ctx context.Context, store Store, runtime, fabric string) error

// NodeConfig is what a node runs and what it may use.
type NodeConfig struct {
	Args  []string // that make the testbed's binary the node's agent; none: the node runs without one
	Image string   // container image of the user's own; empty: the node image
	// Without says that the image's own command is not started beside the agent.
	Without bool `json:",omitempty"`
	Limits  noderuntime.Limits
}

// digest tells configurations apart.
func (c NodeConfig) digest() string {
	text, _ := json.Marshal(c) // of strings and numbers only
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Check says why no runtime that a request names could start its nodes, as far as that is known beforehand; for
// auto, why none of the host's could.
func (h *Host) Check(r Request) error {
	stations, err := stationsIn(h.subnet(), r.Topology, nil)
	if err != nil {
		return err
	}
	b := &Bed{Journal: &Journal{Testbed: r.Testbed, Spread: r.Spread}, store: h.Store}
	specs := b.specs(stations, r.configs(h.Store, stations), h.Store.hostsPath(r.Testbed))
	var refused []error
	for _, o := range h.Runtimes {
		if r.Runtime != "auto" && r.Runtime != o.Name() {
			continue
		}
		c, ok := o.Runtime.(noderuntime.Checker)
		if !ok {
			return nil
		}
		err := c.Check(specs)
		if err == nil {
			return nil
		}
		refused = append(refused, fmt.Errorf("runtime %s: %w", o.Name(), err))
	}
	return errors.Join(refused...)
}

// configs are the stations' nodes, in their order.
func (r *Request) configs(store Store, stations []Station) []NodeConfig {
	all := make([]NodeConfig, len(stations))
	for i, s := range stations {
		if r.Node != nil {
			all[i] = r.Node(s, store.control(r.Testbed, s.Name))
		}
	}
	return all
}

// images says whether a node runs an image of the user's own.
func images(configs []NodeConfig) bool {
	for _, c := range configs {
		if c.Image != "" {
			return true
		}
	}
	return false
}

func (r *Request) progress(phase string) {
	if r.Progress != nil {
		r.Progress(phase)
	}
}
